package io.seccompwatch.pipeline;

import io.seccompwatch.config.CanaryName;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.publish.Books;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.syscall.SyscallTables;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Proves that a denial would be seen: fires a harmless record of the agent's own and notes through
 * which sources it comes back. It is known by its name, {@code swc} with the state directory's key
 * and a counter, by its call and by its action: whoever learns the name could hide no more than
 * that one harmless call, logged. Thread-safe.
 *
 * <p>Each {@link Firing} is judged by its own counter, so that a record which takes longer than the
 * time between two of them still proves what it proves. Whatever bears the key is owned, of this
 * run or not: {@code doctor} fires with the same key beside a running agent. Other agents' canaries
 * are not: any process may take such a name, and to hide what it then does is not ours.
 */
public final class Canary {

  /** Letters of the key. */
  public static final int KEY_LENGTH = CanaryName.KEY_LENGTH;

  /** The one call that its filter logs; {@link SeccompCanary} says why. */
  private static final String CALL = "sched_rr_get_interval";

  private static final long COUNTERS = CanaryName.COUNTERS;

  /** Time after its firing in which a record may prove more than that it came. */
  private static final long EVIDENCE_NANOS = Duration.ofMinutes(1).toNanos();

  /** Firings whose records are still waited for; later ones are owned and prove nothing. */
  private static final int MOST_REMEMBERED = 64;

  /** One firing, and who has brought its record so far. Thread-safe. */
  public static final class Firing {
    private final long firedNanos = System.nanoTime();
    private final Map<String, Duration> seen = new LinkedHashMap<>();
    private @Nullable String unavailable;

    private Firing() {}

    /** The sources that have brought it and how long after the firing, the first one first. */
    public synchronized Map<String, Duration> seen() {
      return new LinkedHashMap<>(seen);
    }

    /** Why it could not be fired, with a remedy; null when it was. */
    public synchronized @Nullable String unavailable() {
      return unavailable;
    }

    private synchronized void failed(String why) {
      unavailable = why;
    }

    /** How long it took to come through this source; null when that is known already. */
    private synchronized @Nullable Duration see(String source) {
      if (seen.containsKey(source)) {
        return null;
      }
      Duration delay = Duration.ofNanos(System.nanoTime() - firedNanos);
      seen.put(source, delay);
      return delay;
    }

    private synchronized boolean isFirst(String source) {
      return seen.keySet().iterator().next().equals(source);
    }
  }

  private final CanaryName name;
  private final Function<String, SeccompCanary.Result> fire;
  private final SyscallTables tables;
  private final Books books;
  private final InstantSource clock;

  // Guarded by this.
  private final Map<String, Firing> firings =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Firing> eldest) {
          return size() > MOST_REMEMBERED;
        }
      };
  private @Nullable Firing last;
  private long counter;

  /**
   * A canary that has not been fired.
   *
   * @param key the state directory's secret, {@link #KEY_LENGTH} letters
   * @param fire makes the record with the given comm
   * @param tables names the record's call
   * @param books is told of every firing and success
   */
  public Canary(
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

  /** Fires, and returns when the kernel has been told; the record may have come by then. */
  public Firing fire() {
    Firing firing = new Firing();
    String comm;
    synchronized (this) {
      counter = (counter + 1) % COUNTERS;
      comm = name.comm(counter);
      firings.put(comm, firing);
      last = firing;
    }
    books.canaryFired();
    try {
      if (fire.apply(comm) instanceof SeccompCanary.Result.Unavailable failed) {
        firing.failed(failed.what() + ": " + failed.errno() + ": " + failed.remedy());
      }
    } catch (IllegalStateException | OutOfMemoryError e) {
      firing.failed(e + ": the canary's thread cannot run: raise the limit of processes");
    }
    return firing;
  }

  /**
   * Whether a record is a canary's of this key, this run's or another's; notes that it came.
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
    Firing firing;
    synchronized (this) {
      firing = firings.get(comm);
    }
    Duration delay = firing == null ? null : firing.see(source);
    if (firing != null && delay != null) {
      books.canarySeen(source, clock.instant(), delay, firing.isFirst(source));
    }
    return true;
  }

  /** Returns whether this run has fired a canary of this name within the last minute. */
  boolean hasJustFired(String comm) {
    Firing firing;
    synchronized (this) {
      firing = firings.get(comm);
    }
    return firing != null && System.nanoTime() - firing.firedNanos < EVIDENCE_NANOS;
  }

  /** The last firing; null before the first. */
  public synchronized @Nullable Firing last() {
    return last;
  }
}
