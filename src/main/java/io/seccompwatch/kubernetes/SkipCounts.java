package io.seccompwatch.kubernetes;

import java.util.EnumMap;
import java.util.Map;

/** Counts what was not used, by reason. Thread-safe. */
final class SkipCounts {

  private final Map<SkipReason, Long> counts = new EnumMap<>(SkipReason.class);

  SkipCounts() {
    for (SkipReason reason : SkipReason.values()) {
      counts.put(reason, 0L);
    }
  }

  synchronized void count(SkipReason reason) {
    counts.merge(reason, 1L, Long::sum);
  }

  /** Every reason, those that never occurred with 0. */
  synchronized Map<SkipReason, Long> counts() {
    return Map.copyOf(counts);
  }
}
