package io.seccompwatch.kubernetes;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before something is tried again: twice as long each time, spread at random so
 * that the nodes of a cluster do not come back all at once. For one thread.
 */
final class Backoff {

  private final Duration first;
  private final Duration longest;
  private final RandomGenerator random;
  private int failures;

  Backoff(Duration first, Duration longest, RandomGenerator random) {
    this.first = first;
    this.longest = longest;
    this.random = random;
  }

  /** The next wait: between half of and the whole of what it has grown to. */
  Duration next() {
    Duration grown = first;
    for (int i = 0; i < failures && grown.compareTo(longest) < 0; i++) {
      grown = grown.multipliedBy(2);
    }
    failures++;
    grown = grown.compareTo(longest) > 0 ? longest : grown;
    return between(grown.dividedBy(2), grown);
  }

  /** A wait that was asked for, and up to a fifth more. */
  Duration atLeast(Duration asked) {
    return between(asked, asked.plus(asked.dividedBy(5)));
  }

  /** How often in a row. */
  int failures() {
    return failures;
  }

  /** It works again. */
  void reset() {
    failures = 0;
  }

  private Duration between(Duration least, Duration most) {
    long spread = most.minus(least).toNanos();
    return least.plusNanos(spread <= 0 ? 0 : random.nextLong(spread + 1));
  }
}
