package io.seccompwatch.linux;

import io.seccompwatch.linux.Errno.ErrnoException;

/**
 * How far CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC: the time for which the machine was suspended
 * since boot (clock_gettime(2)). Two clocks cannot be read at once, and a thread may be held up for
 * long between two readings: the narrowest of some is taken, and a narrower one later corrects it.
 * Owned by one thread.
 */
final class SuspendedTime {

  /** A reading is good when so little time passed meanwhile. */
  private static final long NARROW_NANOS = 100_000;

  private static final int TRIES = 8;

  /** What changes by more than this, and more than it may be off, was no matter of reading. */
  private static final long STEP_NANOS = 1_000_000;

  /** One of {@link BootTime}'s clocks. */
  interface Clocks {
    long read(int clock) throws ErrnoException;
  }

  private final Clocks clocks;
  private long nanos;
  private long width = Long.MAX_VALUE;

  SuspendedTime(Clocks clocks) {
    this.clocks = clocks;
  }

  /** As last read; 0 before. */
  long nanos() {
    return nanos;
  }

  /**
   * Reads it anew.
   *
   * @return by how much times until now were told wrongly: 0 but after a suspend, or when all
   *     earlier readings had been held up
   */
  long read() throws ErrnoException {
    long narrowest = Long.MAX_VALUE;
    long distance = 0;
    for (int i = 0; i < TRIES && narrowest > NARROW_NANOS; i++) {
      long before = clocks.read(BootTime.CLOCK_BOOTTIME);
      long monotonic = clocks.read(BootTime.CLOCK_MONOTONIC);
      long passed = clocks.read(BootTime.CLOCK_BOOTTIME) - before;
      if (passed < narrowest) {
        narrowest = passed;
        distance = before + passed / 2 - monotonic;
      }
    }
    long change = distance - nanos;
    boolean first = width == Long.MAX_VALUE;
    boolean stepped = !first && Math.abs(change) > STEP_NANOS + narrowest / 2;
    if (first || stepped || narrowest < width) {
      nanos = distance;
      width = narrowest;
    }
    return stepped ? change : 0;
  }
}
