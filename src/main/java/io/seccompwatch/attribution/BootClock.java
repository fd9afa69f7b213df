package io.seccompwatch.attribution;

/**
 * Places wall-clock times on the kernel's clock since boot (CLOCK_BOOTTIME), in which process start
 * times are given. Implementations notice when the wall clock is stepped. Safe for any number of
 * threads.
 */
public interface BootClock {

  /** When the machine booted, as far as it is known now. */
  BootTime bootTime();

  /** The time now, since boot, at the earliest; microseconds. */
  long nowAtLeastMicros();

  /**
   * The wall-clock time of boot, between two bounds.
   *
   * @param earliestMicros microseconds since the epoch
   * @param latestMicros microseconds since the epoch, not less
   */
  record BootTime(long earliestMicros, long latestMicros) {

    /** The event of these wall-clock bounds (microseconds since the epoch), since boot. */
    Moment moment(long fromMicros, long toMicros) {
      return new Moment(fromMicros - latestMicros, toMicros - earliestMicros);
    }
  }

  /**
   * An event's time since boot, between two bounds; microseconds.
   *
   * @param earliest the first microsecond in which it may have happened
   * @param latest the last
   */
  record Moment(long earliest, long latest) {
    private static final long TICK_MICROS =
        10_000; // USER_HZ is 100 on every architecture but alpha

    /**
     * Whether a process of this start time (field 22 of proc_pid_stat(5)) began after the event.
     */
    boolean isBeforeStart(long startTicks) {
      return startTicks * TICK_MICROS > latest;
    }

    /** Whether a process of this start time had begun for certain when the event happened. */
    boolean isAfterStart(long startTicks) {
      return (startTicks + 1) * TICK_MICROS <= earliest;
    }
  }
}
