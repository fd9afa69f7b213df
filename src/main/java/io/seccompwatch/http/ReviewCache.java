package io.seccompwatch.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Remembers for a while which token may read what, so that the API server is asked seldom and never
 * more often than it can bear: each token once at a time, and all of them within a budget. Tokens
 * that were good lately have a budget of their own, which a flood of bad ones cannot use up. No
 * token is kept, but a hash of it, salted anew for each process. Thread-safe.
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

  /** How many are asked about at once, of either sort. */
  static final int MAX_FLIGHTS = 4;

  /** How many may be asked about at once and by the second, of either sort. */
  static final int BURST = 20;

  static final int PER_SECOND = 2;

  private static final long PATIENCE_MILLIS = 9_000;

  private record Key(String hash, String path) {}

  private record Kept(Verdict verdict, long at) {}

  private record Flight(boolean good, CompletableFuture<Verdict> verdict) {}

  /** So many at once, and a few each second. Guarded by its owner. */
  private static final class Budget {
    private double left = BURST;
    private long at;

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
  private final Map<Key, Kept> allowed = new Bounded(MAX_ALLOWED);
  private final Map<Key, Kept> denied = new Bounded(MAX_DENIED);
  private final Map<Key, Flight> flights = new HashMap<>();
  private final Budget forGood = new Budget();
  private final Budget forOthers = new Budget();

  /**
   * An empty cache.
   *
   * @param millis a clock that only runs forward
   */
  public ReviewCache(Reviewer reviewer, LongSupplier millis) {
    this.reviewer = reviewer;
    this.millis = millis;
    new SecureRandom().nextBytes(salt);
    forGood.at = millis.getAsLong();
    forOthers.at = forGood.at;
  }

  /** Whether the token may get the path, as it is known or as the API server says now. */
  Verdict verdict(String token, String path) {
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
        boolean good = allowed.containsKey(key);
        if (!admit(good, now)) {
          return Verdict.BUSY;
        }
        own = true;
        flight = new Flight(good, new CompletableFuture<>());
        flights.put(key, flight);
      }
    }
    return own ? ask(key, flight, token) : await(flight);
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

  private boolean admit(boolean good, long now) {
    long flying = flights.values().stream().filter(flight -> flight.good() == good).count();
    return flying < MAX_FLIGHTS && (good ? forGood : forOthers).take(now);
  }

  private Verdict ask(Key key, Flight flight, String token) {
    Verdict verdict = Verdict.UNAVAILABLE;
    try {
      verdict = reviewer.review(token, key.path());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the agent is being closed
    } catch (RuntimeException e) {
      verdict = Verdict.UNAVAILABLE; // a defect, which must not let anybody in
    } finally {
      keep(key, verdict);
      flight.verdict().complete(verdict);
    }
    return verdict;
  }

  /** No answer is not kept, and does not make a good token a bad one. */
  private synchronized void keep(Key key, Verdict verdict) {
    flights.remove(key);
    Kept kept = new Kept(verdict, millis.getAsLong());
    switch (verdict) {
      case ALLOWED -> {
        denied.remove(key);
        allowed.put(key, kept);
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
  private static final class Bounded extends LinkedHashMap<Key, Kept> {
    private static final long serialVersionUID = 1L;
    private final int most;

    private Bounded(int most) {
      super(16, 0.75f, true);
      this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Key, Kept> eldest) {
      return size() > most;
    }
  }
}
