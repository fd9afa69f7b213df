package io.seccompwatch.agent;

import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.publish.Books;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.syscall.SyscallTables;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Proves that a denial would be seen: fires a harmless record of the agent's own and waits for it
 * to come back through a source. It is known by its name, {@code swc} with the state directory's
 * key and a counter, by its call and by its action: whoever learns the name could hide no more than
 * that one harmless call, logged. Thread-safe.
 */
final class Canary {

  /** Letters of the key. */
  static final int KEY_LENGTH = CanaryName.KEY_LENGTH;

  /** The one call that its filter logs; {@link SeccompCanary} says why. */
  private static final String CALL = "sched_rr_get_interval";

  private static final long COUNTERS = CanaryName.COUNTERS;

  /** How the last firing stands. */
  record Status(
      long counter,
      @Nullable String unavailable,
      long firedNanos,
      @Nullable String seenBy,
      @Nullable Duration delay) {

    boolean isWaiting() {
      return unavailable == null && seenBy == null;
    }
  }

  private final CanaryName name;
  private final Function<String, SeccompCanary.Result> fire;
  private final SyscallTables tables;
  private final Books books;
  private final InstantSource clock;
  private final AtomicReference<@Nullable Status> status = new AtomicReference<>();
  private long counter;

  /**
   * A canary that has not been fired.
   *
   * @param key the state directory's secret, {@link #KEY_LENGTH} letters
   * @param fire makes the record with the given comm
   * @param tables names the record's call
   */
  Canary(
      String key,
      Function<String, SeccompCanary.Result> fire,
      SyscallTables tables,
      Books books,
      InstantSource clock) {
    this.name = new CanaryName(key, true);
    this.fire = fire;
    this.tables = tables;
    this.books = books;
    this.clock = clock;
    books.canaryAwaited();
    this.counter = Math.floorMod(clock.millis(), COUNTERS);
  }

  /** Fires; one thread does. */
  void fire() {
    counter = (counter + 1) % COUNTERS;
    // Before the call: the record may come back sooner than the call returns
    status.set(new Status(counter, null, System.nanoTime(), null, null));
    String why = null;
    try {
      if (fire.apply(name.comm(counter)) instanceof SeccompCanary.Result.Unavailable failed) {
        why = failed.what() + ": " + failed.errno() + ": " + failed.remedy();
      }
    } catch (IllegalStateException | OutOfMemoryError e) {
      why = e + ": the canary's thread cannot run: raise the limit of processes";
    }
    if (why != null) {
      status.set(new Status(counter, why, System.nanoTime(), null, null));
    }
  }

  /**
   * Whether a record is the canary's own, this run's or an earlier one's; notes that it came.
   *
   * @param source who brought it
   */
  boolean owns(SeccompRecord record, String source) {
    String comm = record.comm();
    if (!name.owns(comm)
        || record.action() != SeccompAction.LOG
        || !CALL.equals(tables.name(record.arch(), record.syscall()))) {
      return false;
    }
    Status last = status.get();
    if (last != null && last.seenBy() == null && name.comm(last.counter()).equals(comm)) {
      Duration delay = Duration.ofNanos(System.nanoTime() - last.firedNanos());
      if (status.compareAndSet(
          last, new Status(last.counter(), null, last.firedNanos(), source, delay))) {
        books.canarySeen(clock.instant(), delay);
      }
    }
    return true;
  }

  /** How the last firing stands; null before the first. */
  @Nullable Status status() {
    return status.get();
  }
}
