package io.seccompwatch.http;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the canary fares.
 *
 * @param seenBy the source that brought the last firing first; null when none has
 * @param delay how long that took
 * @param problem why none has; null when there is nothing wrong
 * @param fired how often it was fired since the start
 * @param missed how often no source brought it in time
 * @param sources how it fares through each; empty while it is off
 */
public record CanaryStatus(
    @Nullable String seenBy,
    @Nullable Duration delay,
    @Nullable String problem,
    long fired,
    long missed,
    List<Source> sources) {

  /**
   * How it fares through one source.
   *
   * @param seen whether the source brought the last firing
   * @param lastSuccess when it last brought one; null for never
   * @param delaySeconds how long that took; NaN for never
   */
  public record Source(
      String name, boolean seen, @Nullable Instant lastSuccess, double delaySeconds) {}
}
