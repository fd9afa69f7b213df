package io.seccompwatch.publish;

import io.seccompwatch.publish.Books.PodName;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Takes the series of deleted pods out of the books when their grace is over. A pod is deleted from
 * when it was first found gone on; one that comes back under its name begins anew. Not thread-safe.
 */
public final class SeriesRetirement {

  private final Books books;
  private final Duration grace;
  private final Clock clock;
  private final Map<PodName, Instant> goneSince = new HashMap<>();

  /** A retirement after {@code grace}. */
  public SeriesRetirement(Books books, Duration grace, Clock clock) {
    this.books = books;
    this.grace = grace;
    this.clock = clock;
  }

  /**
   * Looks at every pod that has series.
   *
   * @param gone whether the pod is gone for certain
   */
  public void round(Predicate<PodName> gone) {
    Instant now = clock.instant();
    Set<PodName> pods = books.pods();
    goneSince.keySet().retainAll(pods);
    Set<PodName> retired = new HashSet<>();
    for (PodName pod : pods) {
      if (!gone.test(pod)) {
        goneSince.remove(pod);
      } else if (!goneSince.computeIfAbsent(pod, p -> now).plus(grace).isAfter(now)) {
        retired.add(pod);
      }
    }
    if (!retired.isEmpty()) {
      books.retire(retired);
      goneSince.keySet().removeAll(retired);
    }
  }
}
