package io.seccompwatch.node;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for conditions, never for times: each wait ends when it may, or fails at its deadline. */
final class Await {

  /** Long enough for a machine that is busy with other things. */
  static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final long GLANCE_NANOS = 10_000_000;

  private Await() {}

  /** Waits until the condition holds. */
  static void until(String what, Callable<Boolean> condition) {
    until(what, PATIENCE, condition, () -> "");
  }

  /**
   * Waits until the condition holds.
   *
   * @param what is awaited, for the failure
   * @param hints what else the failure is to show
   */
  static void until(
      String what, Duration patience, Callable<Boolean> condition, Supplier<String> hints) {
    value(what, patience, () -> condition.call() ? Optional.of(true) : Optional.empty(), hints);
  }

  /** Waits until there is a value. */
  static <T> T value(
      String what, Duration patience, Callable<Optional<T>> source, Supplier<String> hints) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      Optional<T> value;
      try {
        value = source.call();
      } catch (Exception e) {
        throw new AssertionError("cannot look for " + what + "\n" + hints.get(), e);
      }
      if (value.isPresent()) {
        return value.get();
      }
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError(
            "not within " + patience.toSeconds() + " s: " + what + "\n" + hints.get());
      }
      LockSupport.parkNanos(GLANCE_NANOS);
    }
  }
}
