package io.seccompwatch.attribution;

import io.seccompwatch.attribution.PidTimeline.PidCursor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
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

  /**
   * Position of the kernel in handing out PIDs. {@code kernel/pid.c}, {@code alloc_pid}, takes the
   * lowest free number at or above a cursor that only goes up, and at {@code pid_max} starts again
   * at 300 ({@code RESERVED_PIDS}). Safe for any number of threads.
   */
  public interface PidCursor {

    /** Result of {@link #next} where the position cannot be read. */
    int UNKNOWN = -1;

    /**
     * A number that every allocation before the call lies below and every one after it not, laps
     * apart; {@link #UNKNOWN} when it cannot be told.
     */
    int next();

    /** A number that {@code pid_max} is not less than; {@link #UNKNOWN} when it cannot be told. */
    int limit();
  }

  /**
   * The cursor of the PID namespace that a procfs shows. In that namespace itself ({@code hostPID})
   * {@code <proc>/loadavg} ends with the last PID given; elsewhere that file tells of the reader's
   * own namespace, and a thread is made instead, whose number {@code <proc>/thread-self} names in
   * the namespace of the mount ({@code fs/proc/thread_self.c}). About 6 and 100 µs. Safe for any
   * number of threads.
   */
  public static final class ProcfsPidCursor implements PidCursor {

    /** {@code PID_MAX_DEFAULT}: an administrator may set less, nobody does. */
    private static final int LEAST_LIMIT = 32_768;

    private final Path loadavg;
    private final Path threadSelf;
    private final Path pidMax;
    private final boolean sharesNamespace;
    private final AtomicInteger highest = new AtomicInteger();

    /**
     * A cursor over a procfs.
     *
     * @param proc the procfs; when it lacks the files, every answer is {@link #UNKNOWN}
     */
    public ProcfsPidCursor(Path proc) {
      this(proc, sharesNamespace(proc.resolve("self").resolve("status")));
    }

    ProcfsPidCursor(Path proc, boolean sharesNamespace) {
      this.loadavg = proc.resolve("loadavg");
      this.threadSelf = proc.resolve("thread-self");
      this.pidMax = proc.resolve("sys").resolve("kernel").resolve("pid_max");
      this.sharesNamespace = sharesNamespace;
    }

    @Override
    public int next() {
      int last = sharesNamespace ? lastWord(text(loadavg), ' ') : ownNewThread();
      if (last < 0) {
        return UNKNOWN;
      }
      highest.accumulateAndGet(last, Math::max);
      return last + 1;
    }

    /**
     * Since Linux 6.14 {@code pid_max} belongs to the reader's namespace, not to that of the
     * procfs; from another namespace only what was seen is certain.
     */
    @Override
    public int limit() {
      int limit = lastWord(text(pidMax), ' ');
      int certain = Math.max(LEAST_LIMIT, highest.get() + 1);
      return sharesNamespace || limit < 0 ? limit : Math.min(limit, certain);
    }

    private int ownNewThread() {
      AtomicInteger tid = new AtomicInteger(UNKNOWN);
      Thread thread =
          Thread.ofPlatform()
              .name("pid-cursor")
              .daemon()
              .unstarted(() -> tid.set(readThreadSelf()));
      try {
        thread.start();
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return UNKNOWN;
      } catch (OutOfMemoryError e) {
        // What the JVM throws at a limit of threads; the agent goes on without history.
        return UNKNOWN;
      }
      return tid.get();
    }

    /** {@code <tgid>/task/<tid>}. */
    private int readThreadSelf() {
      try {
        return lastWord(Files.readSymbolicLink(threadSelf).toString(), '/');
      } catch (IOException | UnsupportedOperationException e) {
        return UNKNOWN;
      }
    }

    /**
     * {@code NSpid:} of proc_pid_status(5) has one number when reader and mount share a namespace.
     */
    static boolean sharesNamespace(Path status) {
      String text = text(status);
      int at = text == null ? -1 : text.indexOf("\nNSpid:");
      if (text == null || at < 0) {
        return false;
      }
      int from = at + "\nNSpid:".length();
      int end = text.indexOf('\n', from);
      String numbers = text.substring(from, end < 0 ? text.length() : end).strip();
      return !numbers.isEmpty() && CgroupNames.isDigits(numbers, 0);
    }

    private static int lastWord(@Nullable String text, char separator) {
      if (text == null) {
        return UNKNOWN;
      }
      String line = text.strip();
      String word = line.substring(line.lastIndexOf(separator) + 1);
      return word.length() <= 9 && CgroupNames.isDigits(word, 0) ? Integer.parseInt(word) : UNKNOWN;
    }

    /**
     * Sysctl files give everything to the first read and nothing to a second ({@code
     * kernel/sysctl.c}), and {@code Files.readAllBytes} begins with one byte.
     */
    private static @Nullable String text(Path file) {
      byte[] text = new byte[4_096];
      try (InputStream in = Files.newInputStream(file)) {
        return new String(
            text, 0, in.readNBytes(text, 0, text.length), StandardCharsets.ISO_8859_1);
      } catch (IOException e) {
        return null;
      }
    }
  }
}
