package io.seccompwatch.kubernetes;

import io.seccompwatch.kubernetes.PodWatchStatus.State;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a watch has to say of itself. Thread-safe. */
final class WatchStats {

  private final Clock clock;
  private State state = State.CONNECTING;
  private Instant since;
  private @Nullable String lastError;
  private @Nullable Instant lastErrorAt;
  private long lists;
  private long watches;
  private long events;
  private long failures;

  WatchStats(Clock clock) {
    this.clock = clock;
    this.since = clock.instant();
  }

  /** Notes the state; whether it is another than before. */
  synchronized boolean state(State now) {
    if (now == state) {
      return false;
    }
    state = now;
    since = clock.instant();
    return true;
  }

  synchronized void failed(String error) {
    failures++;
    lastError = error;
    lastErrorAt = clock.instant();
  }

  synchronized void listed() {
    lists++;
  }

  synchronized void watching() {
    watches++;
  }

  synchronized void told() {
    events++;
  }

  synchronized PodWatchStatus status(String server, Map<SkipReason, Long> skipped) {
    return new PodWatchStatus(
        state, since, server, lastError, lastErrorAt, lists, watches, events, failures, skipped);
  }

  /** Why what was sent could not be read; null when nothing was wrong with it but its end. */
  static @Nullable SkipReason reasonOf(Exception failure) {
    return switch (failure) {
      case ResponseBody.TooLargeException _ -> SkipReason.OBJECT_TOO_LARGE;
      case PodStream.MalformedException _ -> SkipReason.MALFORMED;
      default -> null;
    };
  }
}
