package io.seccompwatch.publish;

import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Says which violations are written out as lines: a burst for each container and call, then one at
 * intervals, so that a storm from one pod neither fills the node's log nor drives out its
 * neighbours. Not thread-safe.
 */
final class LineBudget {

  /** Answer of {@link #take} when the violation is not to be written. */
  static final long SUPPRESSED = -1;

  /** How many lines of a kind may come at once. */
  static final int BURST = 20;

  /** How long it takes until one more may come. */
  static final long REFILL_MILLIS = 1_000;

  /** How many kinds are remembered; the one unused longest is forgotten first. */
  static final int MAX_KINDS = 4_096;

  /**
   * Beside the container, from closed sets only: a process chooses the number it calls and the data
   * of the filter that it loads, and with those in the key it would have a burst for each.
   */
  private record Kind(
      @Nullable String containerId,
      @Nullable String podUid,
      String outcome,
      String arch,
      String syscall,
      String action) {}

  private static final class Bucket {
    double tokens = BURST;
    long refilledAt;
    long suppressed;

    Bucket(long now) {
      refilledAt = now;
    }
  }

  private final Clock clock;
  private final Map<Kind, Bucket> buckets =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Kind, Bucket> eldest) {
          return size() > MAX_KINDS;
        }
      };

  LineBudget(Clock clock) {
    this.clock = clock;
  }

  /**
   * Asks for a line.
   *
   * @return how many of the same kind were suppressed since the last line, or {@link #SUPPRESSED}
   */
  long take(Violation violation) {
    long now = clock.millis();
    Bucket bucket = buckets.computeIfAbsent(kind(violation), kind -> new Bucket(now));
    long elapsed = Math.max(0, now - bucket.refilledAt);
    bucket.tokens = Math.min(BURST, bucket.tokens + (double) elapsed / REFILL_MILLIS);
    bucket.refilledAt = now;
    if (bucket.tokens < 1) {
      bucket.suppressed++;
      return SUPPRESSED;
    }
    bucket.tokens--;
    long suppressed = bucket.suppressed;
    bucket.suppressed = 0;
    return suppressed;
  }

  /** Takes back a line that was allowed and could not be written: the next one tells of it. */
  void refused(Violation violation, long suppressedBefore) {
    Bucket bucket = buckets.get(kind(violation));
    if (bucket != null) {
      bucket.suppressed += suppressedBefore;
    }
  }

  private static Kind kind(Violation violation) {
    return new Kind(
        violation.attribution().containerId(),
        violation.attribution().podUid(),
        violation.attribution().outcome().label(),
        violation.record().arch().label(),
        violation.syscallLabel(),
        violation.record().action().label());
  }
}
