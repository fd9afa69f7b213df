package io.seccompwatch.attribution;

import io.seccompwatch.attribution.BootClock.Moment;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import org.jspecify.annotations.Nullable;

/**
 * A process that was seen in a container. Immutable.
 *
 * @param startTicks start since boot in ticks of 10 ms
 * @param comm the main thread's name when it was last read
 * @param owner its container
 * @param heldMicros time since boot, microseconds, at which it is known to have had the PID
 * @param mark a mark in the order of PIDs at which it is known to have had the PID; null when that
 *     order is not told
 * @param closedMicros when it was first seen gone; {@link #OPEN} while it is not
 * @param previous who had the PID before, null when that is unknown or long ago
 * @param firstHeldMicros the first time at which it is known to have had the PID, at the earliest
 */
record KnownProcess(
    long startTicks,
    String comm,
    InContainer owner,
    long heldMicros,
    PidTimeline.@Nullable Mark mark,
    long closedMicros,
    @Nullable KnownProcess previous,
    long firstHeldMicros) {

  static final long OPEN = Long.MAX_VALUE;

  /** The times at which processes are seen are cut to this. */
  private static final long UPTIME_PRECISION_MICROS = 10_000;

  boolean isOpen() {
    return closedMicros == OPEN;
  }

  /** Seen again, by the name that it has now: a container's first process comes by exec. */
  KnownProcess heldAt(long micros, PidTimeline.@Nullable Mark at, String now) {
    return new KnownProcess(startTicks, now, owner, micros, at, OPEN, previous, firstHeldMicros);
  }

  KnownProcess closedAt(long micros) {
    return isOpen()
        ? new KnownProcess(
            startTicks, comm, owner, heldMicros, mark, micros, previous, firstHeldMicros)
        : this;
  }

  /** As the one before another process of the same PID; of those only one is remembered. */
  KnownProcess predecessor(long micros) {
    long closed = Math.min(closedMicros, micros);
    return new KnownProcess(
        startTicks, comm, owner, heldMicros, mark, closed, null, firstHeldMicros);
  }

  /** Without a predecessor that was gone before the given time; null when it itself was. */
  @Nullable KnownProcess since(long micros) {
    if (closedMicros < micros) {
      return null;
    }
    return previous == null || previous.closedMicros >= micros
        ? this
        : new KnownProcess(
            startTicks, comm, owner, heldMicros, mark, closedMicros, null, firstHeldMicros);
  }

  /** Whether it was seen with the PID before the event, and so had begun for certain. */
  boolean heldBefore(Moment event) {
    return firstHeldMicros + UPTIME_PRECISION_MICROS <= event.earliest();
  }

  /** Whether it was seen with the PID after the event, having started before it. */
  boolean heldThrough(Moment event) {
    return event.latest() <= heldMicros;
  }
}
