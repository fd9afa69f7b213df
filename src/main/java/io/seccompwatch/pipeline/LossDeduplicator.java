package io.seccompwatch.pipeline;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Counts once what several tell of the same losses: of all that is told with no pause longer than
 * {@link #PAUSE}, a storm, the sum of the one who tells most. That is exact where one of them knows
 * all, and never more than was lost where each knows a part. Not thread-safe.
 */
final class LossDeduplicator {

  /** Longer than those take who are asked by the clock. */
  static final Duration PAUSE = Duration.ofSeconds(60);

  private final Map<String, Long> told = new HashMap<>();
  private long counted;
  private long last;

  /**
   * Takes what somebody tells.
   *
   * @param count how many are lost, beyond what the same one told before
   * @return how many of them nobody told before
   */
  long beyond(String teller, long count, long nowMillis) {
    if (count <= 0) {
      return 0;
    }
    if (nowMillis - last > PAUSE.toMillis()) {
      told.clear();
      counted = 0;
    }
    last = nowMillis;
    long sum = told.merge(teller, count, Long::sum);
    long beyond = Math.max(0, sum - counted);
    counted += beyond;
    return beyond;
  }
}
