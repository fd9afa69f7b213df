package io.seccompwatch.pipeline;

import io.seccompwatch.publish.SourceBook;
import io.seccompwatch.record.LineForm;
import io.seccompwatch.violation.Violation;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A record of syslog's that waits for a source that cannot be forged to bring it, too. Whose it is
 * was looked up when it was read.
 *
 * @param book who brought it
 * @param mayImprove whether its process may become known yet
 * @param written the time that its line bears; null for none
 * @param line the line's beginning, hostile
 * @param arrived when it was read, by a clock that only runs forward, in milliseconds
 * @param arrivedWall the same by the wall clock
 */
record Held(
    SourceBook book,
    LineForm form,
    Violation violation,
    boolean mayImprove,
    @Nullable Instant written,
    String line,
    long arrived,
    long arrivedWall) {

  /** How many characters of hostile strings it keeps. */
  int textLength() {
    return line.length() + violation.record().textLength();
  }
}
