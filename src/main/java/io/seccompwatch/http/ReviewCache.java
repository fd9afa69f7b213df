package io.seccompwatch.http;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
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
 * more often than it can bear: each token once at a time, and all of them within budgets, which a
 * flood of bad tokens cannot use up for the others. These have a budget of their own:
 *
 * <ul>
 *   <li>tokens that were good lately;
 *   <li>other tokens of a client that showed a good one lately, since a scraper's token is replaced
 *       every hour or so;
 *   <li>the first few tokens of each client, so that a new scraper is let in during a flood;
 *   <li>tokens that claim to be a service account's, so that a new scraper is let in when the flood
 *       comes from its own address, and does not make such claims;
 *   <li>the rest.
 * </ul>
 *
 * <p>No token is kept, but a hash of it, salted for each process. Thread-safe.
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

  /** How many clients' first tokens are counted. */
  static final int MAX_NEWCOMERS = 256;

  /** How many tokens of a client are its first ones. */
  static final int FIRST_TOKENS = 3;

  /** How long it takes until a client has one more of them. */
  static final long FIRST_TOKEN_MILLIS = 60_000;

  private static final long PATIENCE_MILLIS = 9_000;

  private record Key(String hash, String path) {}

  private record Kept(Verdict verdict, long at) {}

  /** What is known of a token that has to be asked about, each with a budget of its own. */
  private enum Standing {
    /** It was good lately. */
    GOOD,
    /** Another one of this client was. */
    OF_KNOWN_PEER,
    /** It is one of the first few of its client. */
    OF_NEW_PEER,
    /** It claims to be a service account's. */
    SERVICE_ACCOUNT,
    STRANGE
  }

  private record Flight(Standing standing, InetAddress peer, CompletableFuture<Verdict> verdict) {}

  /** A burst, and then one at intervals. Guarded by its owner. */
  private static final class Budget {
    private final int burst;
    private final double refillMillis;
    private double left;
    private long at;

    private Budget(int burst, double refillMillis, long at) {
      this.burst = burst;
      this.refillMillis = refillMillis;
      this.left = burst;
      this.at = at;
    }

    private boolean has(long now) {
      left = Math.min(burst, left + (now - at) / refillMillis);
      at = now;
      return left >= 1;
    }

    private boolean take(long now) {
      if (!has(now)) {
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

  /** The first tokens of each client that may still be asked about. */
  private final Map<InetAddress, Budget> newcomers = new Bounded<>(MAX_NEWCOMERS);

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
      budgets.put(standing, new Budget(BURST, 1_000.0 / PER_SECOND, millis.getAsLong()));
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
        Standing standing = standing(key, token, peer, now);
        if (standing == null) {
          return Verdict.BUSY;
        }
        own = true;
        flight = new Flight(standing, peer, new CompletableFuture<>());
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

  /** The standing whose budget has room for the token, which is taken; null when none has. */
  private @Nullable Standing standing(Key key, String token, InetAddress peer, long now) {
    if (allowed.containsKey(key)) {
      return admit(Standing.GOOD, now) ? Standing.GOOD : null;
    }
    Long good = peers.get(peer);
    boolean known = good != null && now - good < GOOD_MILLIS;
    if (known && admit(Standing.OF_KNOWN_PEER, now)) {
      return Standing.OF_KNOWN_PEER;
    }
    if (!known && isNew(peer, now)) {
      return Standing.OF_NEW_PEER;
    }
    if (claimsServiceAccount(token) && admit(Standing.SERVICE_ACCOUNT, now)) {
      return Standing.SERVICE_ACCOUNT;
    }
    return !known && admit(Standing.STRANGE, now) ? Standing.STRANGE : null;
  }

  private boolean admit(Standing standing, long now) {
    long flying = flights.values().stream().filter(each -> each.standing() == standing).count();
    return flying < MAX_FLIGHTS && Objects.requireNonNull(budgets.get(standing)).take(now);
  }

  /** Whether this is one of the client's first tokens; one of them is asked about at a time. */
  private boolean isNew(InetAddress peer, long now) {
    Budget first =
        newcomers.computeIfAbsent(peer, each -> new Budget(FIRST_TOKENS, FIRST_TOKEN_MILLIS, now));
    boolean flying =
        flights.values().stream()
            .anyMatch(each -> each.standing() == Standing.OF_NEW_PEER && each.peer().equals(peer));
    return !flying && first.has(now) && admit(Standing.OF_NEW_PEER, now) && first.take(now);
  }

  /**
   * Whether the token is a JSON Web Token (RFC 7519) whose claims name a service account. The
   * signature is the API server's to judge.
   */
  private static boolean claimsServiceAccount(String token) {
    int first = token.indexOf('.');
    int second = token.indexOf('.', first + 1);
    if (first < 1 || second < 0 || token.indexOf('.', second + 1) >= 0) {
      return false;
    }
    try {
      byte[] claims = Base64.getUrlDecoder().decode(token.substring(first + 1, second));
      return new String(claims, StandardCharsets.UTF_8).contains("\"system:serviceaccount:");
    } catch (IllegalArgumentException e) {
      return false; // no base64url
    }
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
