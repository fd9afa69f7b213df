package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;

/**
 * A histogram of delays in seconds with fixed buckets. What seems to be late by more than an hour
 * says that a clock was set, or that an old log was read: it is in the last bucket and the count,
 * and not in the sum, which it would spoil for good. Not thread-safe.
 */
final class DelayHistogram {

  private static final double[] UPPER_BOUNDS = {
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    Double.POSITIVE_INFINITY
  };

  /** The longest delay that is added to the sum. */
  static final double LONGEST_SUMMED = 3_600;

  private final long[] counts = new long[UPPER_BOUNDS.length];
  private double sum;

  void observe(double seconds) {
    int bucket = 0;
    while (seconds > UPPER_BOUNDS[bucket]) {
      bucket++;
    }
    counts[bucket]++;
    if (seconds <= LONGEST_SUMMED) {
      sum += seconds;
    }
  }

  double sum() {
    return sum;
  }

  ClassicHistogramBuckets buckets() {
    return ClassicHistogramBuckets.of(UPPER_BOUNDS.clone(), counts.clone());
  }
}
