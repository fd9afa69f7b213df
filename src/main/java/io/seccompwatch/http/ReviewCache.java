package io.seccompwatch.http;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Remembers for a while which token may read what, so that the API server is asked seldom and never
 * more often than it can bear: each token once at a time, and all of them within a budget. Tokens
 * that were good lately have a budget of their own, which a flood of bad ones cannot use up; so
 * have the others of a client that showed a good one lately, since a scraper's token is replaced
 * every hour or so. No token is kept, but a hash of it, salted anew for each process. Thread-safe.
 */
public final class ReviewCache {

  /** What is known of a token and a page. */
  public enum Verdict {
    /** It may read it. */
    ALLOWED,
    /** Nobody is known by this token. */
    UNKNOWN_TOKEN,
    /** Its account may not read it. */
    FORBIDDEN,
    /** There was no answer. */
    UNAVAILABLE,
    /** It was not asked: the budget is used up. */
    BUSY
  }

  /** Asks the API server. */
  @FunctionalInterface
  public interface Reviewer {
    /** Gives any verdict but {@link Verdict#BUSY}, within ten seconds. */
    Verdict review(String token, String path) throws InterruptedException;
  }

  /** Some scrapes long; a token that was revoked is good for so long at most. */
  static final long ALLOWED_MILLIS = 60_000;

  static final long DENIED_MILLIS = 10_000;

  /** How long a token that was good counts as such when it has to be asked about again. */
  static final long GOOD_MILLIS = 600_000;

  static final int MAX_ALLOWED = 64;
  static final int MAX_DENIED = 256;

  static final int MAX_PEERS = 64;

  /** How many are asked about at once, of each standing. */
  static final int MAX_FLIGHTS = 4;

  /** How many may be asked about at once and by the second, of each standing. */
  static final int BURST = 20;

  static final int PER_SECOND = 2;

  private static final long PATIENCE_MILLIS = 9_000;

  private record Key(String hash, String path) {}

  private record Kept(Verdict verdict, long at) {}

  /** What is known of a token that has to be asked about, each with a budget of its own. */
  private enum Standing {
    /** It was good lately. */
    GOOD,
    /** Another one of this client was. */
    OF_KNOWN_PEER,
    STRANGE
  }

  private record Flight(Standing standing, CompletableFuture<Verdict> verdict) {}

  /** So many at once, and a few each second. Guarded by its owner. */
  private static final class Budget {
    private double left = BURST;
    private long at;

    private Budget(long at) {
      this.at = at;
    }

    private boolean take(long now) {
      left = Math.min(BURST, left + (now - at) * PER_SECOND / 1_000.0);
      at = now;
      if (left < 1) {
        return false;
      }
      left--;
      return true;
    }
  }

  private final Reviewer reviewer;
  private final LongSupplier millis;
  private final byte[] salt = new byte[32];
  private final Map<Key, Kept> allowed = new Bounded<>(MAX_ALLOWED);
  private final Map<Key, Kept> denied = new Bounded<>(MAX_DENIED);

  /** When a client last showed a good token. */
  private final Map<InetAddress, Long> peers = new Bounded<>(MAX_PEERS);

  private final Map<Key, Flight> flights = new HashMap<>();
  private final Map<Standing, Budget> budgets = new EnumMap<>(Standing.class);

  /**
   * An empty cache.
   *
   * @param millis a clock that only runs forward
   */
  public ReviewCache(Reviewer reviewer, LongSupplier millis) {
    this.reviewer = reviewer;
    this.millis = millis;
    new SecureRandom().nextBytes(salt);
    for (Standing standing : Standing.values()) {
      budgets.put(standing, new Budget(millis.getAsLong()));
    }
  }

  /**
   * Whether the token may get the path, as it is known or as the API server says now.
   *
   * @param peer who shows it
   */
  Verdict verdict(String token, String path, InetAddress peer) {
    Key key = new Key(hash(token), path);
    Flight flight;
    boolean own = false;
    synchronized (this) {
      long now = millis.getAsLong();
      Kept kept = kept(key, now);
      if (kept != null) {
        return kept.verdict();
      }
      flight = flights.get(key);
      if (flight == null) {
        Standing standing = standing(key, peer, now);
        if (!admit(standing, now)) {
          return Verdict.BUSY;
        }
        own = true;
        flight = new Flight(standing, new CompletableFuture<>());
        flights.put(key, flight);
      }
    }
    return own ? ask(key, flight, token, peer) : await(flight);
  }

  /** What is known and still holds; forgets what is too old to be of any use. */
  private @Nullable Kept kept(Key key, long now) {
    Kept good = allowed.get(key);
    if (good != null && now - good.at() < ALLOWED_MILLIS) {
      return good;
    }
    if (good != null && now - good.at() >= GOOD_MILLIS) {
      allowed.remove(key);
    }
    Kept bad = denied.get(key);
    if (bad != null && now - bad.at() >= DENIED_MILLIS) {
      denied.remove(key);
      return null;
    }
    return bad;
  }

  private Standing standing(Key key, InetAddress peer, long now) {
    if (allowed.containsKey(key)) {
      return Standing.GOOD;
    }
    Long good = peers.get(peer);
    return good != null && now - good < GOOD_MILLIS ? Standing.OF_KNOWN_PEER : Standing.STRANGE;
  }

  private boolean admit(Standing standing, long now) {
    long flying = flights.values().stream().filter(each -> each.standing() == standing).count();
    return flying < MAX_FLIGHTS && Objects.requireNonNull(budgets.get(standing)).take(now);
  }

  private Verdict ask(Key key, Flight flight, String token, InetAddress peer) {
    Verdict verdict = Verdict.UNAVAILABLE;
    try {
      verdict = reviewer.review(token, key.path());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the agent is being closed
    } catch (RuntimeException e) {
      verdict = Verdict.UNAVAILABLE; // a defect, which must not let anybody in
    } finally {
      keep(key, verdict, peer);
      flight.verdict().complete(verdict);
    }
    return verdict;
  }

  /** No answer is not kept, and does not make a good token a bad one. */
  private synchronized void keep(Key key, Verdict verdict, InetAddress peer) {
    flights.remove(key);
    Kept kept = new Kept(verdict, millis.getAsLong());
    switch (verdict) {
      case ALLOWED -> {
        denied.remove(key);
        allowed.put(key, kept);
        peers.put(peer, kept.at());
      }
      case UNKNOWN_TOKEN, FORBIDDEN -> {
        allowed.remove(key);
        denied.put(key, kept);
      }
      case UNAVAILABLE, BUSY -> {
        // The next one asks again
      }
    }
  }

  private static Verdict await(Flight flight) {
    try {
      return flight.verdict().get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the agent is being closed
      return Verdict.UNAVAILABLE;
    } catch (ExecutionException | TimeoutException e) {
      return Verdict.UNAVAILABLE;
    }
  }

  private String hash(String token) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(salt);
      return HexFormat.of().formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The entries used last. */
  private static final class Bounded<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;
    private final int most;

    private Bounded(int most) {
      super(16, 0.75f, true);
      this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
      return size() > most;
    }
  }
}
