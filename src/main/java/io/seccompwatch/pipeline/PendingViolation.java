package io.seccompwatch.pipeline;

import io.seccompwatch.publish.SourceBook;
import io.seccompwatch.violation.Violation;
import org.jspecify.annotations.Nullable;

/** A violation that waits. Changed only by whoever holds the lock of its {@link WaitingLine}. */
final class PendingViolation {

  /**
   * What a look at an entry has found.
   *
   * @param lagging whether the process events are still awaited
   * @param mayImprove whether it is worth to wait for more
   */
  record Finding(
      PendingViolation entry, Violation violation, boolean lagging, boolean mayImprove) {}

  private static final long NEVER = -1;

  private final SourceBook book;
  private final @Nullable String key;
  private final long processDeadline;
  private final long namesDeadline;
  private volatile Violation violation;
  private volatile boolean lagging;
  private long lookedAt = NEVER;

  /**
   * An entry.
   *
   * @param key what is published in order; null when there is no order to keep
   * @param lagging whether it waits for process events first
   * @param processDeadline how long it does, by the delivery's clock
   * @param namesDeadline when its wait is over, by the same
   */
  PendingViolation(
      SourceBook book,
      @Nullable String key,
      Violation violation,
      boolean lagging,
      long processDeadline,
      long namesDeadline) {
    this.book = book;
    this.key = key;
    this.violation = violation;
    this.lagging = lagging;
    this.processDeadline = processDeadline;
    this.namesDeadline = namesDeadline;
  }

  SourceBook book() {
    return book;
  }

  @Nullable String key() {
    return key;
  }

  Violation violation() {
    return violation;
  }

  boolean lagging() {
    return lagging;
  }

  long processDeadline() {
    return processDeadline;
  }

  long namesDeadline() {
    return namesDeadline;
  }

  /** Whether there is a reason to look at it, other than process events. */
  boolean isDue(long version, long now) {
    return lookedAt != version || now >= namesDeadline;
  }

  void found(Violation known, long version) {
    violation = known;
    lookedAt = version;
  }

  void lookAgain() {
    lookedAt = NEVER;
  }

  void settled() {
    lagging = false;
  }
}
