package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;

/** A histogram of delays in seconds with fixed buckets. Not thread-safe. */
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

  private final long[] counts = new long[UPPER_BOUNDS.length];
  private double sum;

  void observe(double seconds) {
    int bucket = 0;
    while (seconds > UPPER_BOUNDS[bucket]) {
      bucket++;
    }
    counts[bucket]++;
    sum += seconds;
  }

  double sum() {
    return sum;
  }

  ClassicHistogramBuckets buckets() {
    return ClassicHistogramBuckets.of(UPPER_BOUNDS.clone(), counts.clone());
  }
}
