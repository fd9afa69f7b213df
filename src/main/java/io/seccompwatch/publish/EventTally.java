package io.seccompwatch.publish;

import java.util.LinkedHashMap;
import java.util.Map;

/** The account of {@link EventCorrelator}. Not thread-safe. */
final class EventTally {

  /** All that were taken: the sum of the five that follow. */
  long accepted;

  long published;
  long aggregated;
  long suppressed;
  long failed;

  /** Violations that wait for their Event to be created. */
  long waiting;

  /** Events that wait to be created; part of no sum. */
  int toCreate;

  /** What became of the violations. */
  Map<String, Long> results() {
    Map<String, Long> results = new LinkedHashMap<>();
    results.put("published", published);
    results.put("aggregated", aggregated);
    results.put("suppressed", suppressed);
    results.put("failed", failed);
    return results;
  }
}
