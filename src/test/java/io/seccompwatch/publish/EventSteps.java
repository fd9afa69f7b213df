package io.seccompwatch.publish;

import io.seccompwatch.testing.TestClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** Drives the writer of Events by a clock that moves only when it is told to. */
final class EventSteps {

  private EventSteps() {}

  /** Lets time pass and the writer wake as it asks for. */
  static void pass(KubernetesEvents events, TestClock clock, Duration time)
      throws InterruptedException {
    Instant end = clock.instant().plus(time);
    Duration wait = work(events);
    while (!clock.instant().plus(wait).isAfter(end)) {
      clock.advance(wait);
      wait = work(events);
    }
    clock.advance(Duration.between(clock.instant(), end));
    work(events);
  }

  /** Lets the writer do all that it can do now; returns for how long there is nothing then. */
  static Duration work(KubernetesEvents events) throws InterruptedException {
    Duration wait = events.runOnce();
    while (wait.isZero()) {
      wait = events.runOnce();
    }
    return wait;
  }

  /** What is to have become of the violations. */
  static Map<String, Long> results(long published, long aggregated, long suppressed, long failed) {
    return Map.of(
        "published", published,
        "aggregated", aggregated,
        "suppressed", suppressed,
        "failed", failed);
  }
}
