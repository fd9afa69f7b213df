package io.seccompwatch.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for a condition, for a minute at most where nothing else is said: so much longer than it
 * takes that a busy machine does not fail a test, since only a test that fails waits to the end.
 */
public final class Await {

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration GLANCE = Duration.ofMillis(2);

  private Await() {}

  /** Returns when the condition holds; fails with its name when it does not in time. */
  public static void until(String what, Callable<Boolean> condition) throws Exception {
    until(what, PATIENCE, condition);
  }

  /** The same with another patience. */
  public static void until(String what, Duration patience, Callable<Boolean> condition)
      throws Exception {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + patience.toSeconds() + " s: " + what);
      }
      LockSupport.parkNanos(GLANCE.toNanos());
    }
  }
}
