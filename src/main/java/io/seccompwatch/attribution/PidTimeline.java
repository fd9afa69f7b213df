package io.seccompwatch.attribution;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Follows the PID cursor and says whether a PID may have been given away between two marks. The
 * cursor is what counts, not the number of forks: {@code processes} of proc_stat(5) misses the PIDs
 * of clones that fail after {@code alloc_pid} (a full {@code pids.max}, no free descriptor for
 * CLONE_PIDFD), and a PID that is in use is skipped without a fork.
 *
 * <p>A cursor shows a whole lap as nothing. So a lap must be impossible between two samples: PIDs
 * are given at most at {@link #PER_CPU_MILLIS} (100 failing clones a millisecond were measured on
 * one CPU of a virtual machine). When samples are too far apart a new epoch begins, and nothing is
 * known across it. Not covered: processes restored to a chosen PID (CRIU, {@code set_tid}) or a
 * written {@code ns_last_pid}, for which root on the node is needed.
 *
 * <p>Safe for any number of threads.
 */
public final class PidTimeline {

  /** The most PIDs that a CPU gives away in a millisecond. */
  static final long PER_CPU_MILLIS = 250;

  /** The most PIDs that all CPUs together give away in a millisecond: one lock guards them. */
  static final long PER_MILLIS = 2_000;

  /** The lowest PID after the first lap: {@code RESERVED_PIDS}. */
  static final int LOWEST = 300;

  private final PidCursor cursor;
  private final LongSupplier nanoTime;
  private final long perMillis;

  private @Nullable Mark last;
  private long lastNanos;
  private long epoch;

  /**
   * A point in the order in which PIDs are given away.
   *
   * @param epoch marks of different epochs cannot be compared
   * @param lap how often the cursor has started again since the first mark
   * @param cursor the next PID, or one above it
   */
  public record Mark(long epoch, long lap, int cursor) {

    /** Whether the PID may have been given away after this mark and before the other. */
    boolean mayGiveAway(int pid, Mark until) {
      if (epoch != until.epoch || cursor < LOWEST) {
        return true;
      }
      if (pid < LOWEST) {
        return false;
      }
      if (lap == until.lap) {
        return pid >= cursor && pid < until.cursor;
      }
      return until.lap != lap + 1 || until.cursor > cursor || pid >= cursor || pid < until.cursor;
    }
  }

  /**
   * A timeline.
   *
   * @param cursor where PIDs are given away
   * @param cpus how many CPUs can do so
   * @param nanoTime a monotonic clock, {@code System::nanoTime}
   */
  public PidTimeline(PidCursor cursor, int cpus, LongSupplier nanoTime) {
    this.cursor = cursor;
    this.nanoTime = nanoTime;
    this.perMillis = Math.min(PER_CPU_MILLIS * Math.max(1, cpus), PER_MILLIS);
  }

  /** A mark that everything given away before this call lies behind; null when it is not told. */
  public synchronized @Nullable Mark sample() {
    long before = nanoTime.getAsLong();
    int next = cursor.next();
    int limit = cursor.limit();
    if (next < 0 || limit <= LOWEST) {
      last = null;
      return null;
    }
    Mark previous = last;
    long given = (nanoTime.getAsLong() - lastNanos) / 1_000_000 * perMillis + perMillis;
    boolean continuous = previous != null && given < limit - LOWEST;
    if (previous == null || !continuous) {
      epoch++;
    }
    long lap = previous == null ? 0 : previous.lap() + (next < previous.cursor() ? 1 : 0);
    Mark mark = new Mark(epoch, lap, next);
    last = mark;
    lastNanos = before;
    return mark;
  }

  /**
   * The longest time between two samples that keeps an epoch, in milliseconds; about 65 with {@code
   * pid_max} 32,768 on two CPUs, 2,000 and more with 4,194,304. Zero when it cannot be told.
   */
  public long longestGapMillis() {
    return Math.max(0, (cursor.limit() - LOWEST) / perMillis - 1);
  }
}
