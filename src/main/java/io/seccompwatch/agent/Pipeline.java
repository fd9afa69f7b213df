package io.seccompwatch.agent;

import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.SourceBook;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.DuplicateFilter;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.LossNotice;
import io.seccompwatch.record.LossReason;
import io.seccompwatch.record.RejectReason;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.source.LineSink;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The whole way of a line, from its bytes to the publishers, on the thread of the source that it
 * belongs to. Not thread-safe: each source has its own; what they share is.
 */
final class Pipeline implements LineSink {

  /** What all sources' pipelines share. */
  record Shared(
      DuplicateFilter duplicates,
      @Nullable Canary canary,
      SyscallTables tables,
      Books books,
      Delivery delivery,
      @Nullable String node,
      Clock clock) {}

  private final Shared shared;
  private final SourceBook book;
  private final LineParser parser;
  private final ThreadAttributor attributor;
  private long lastLostTotal = -1;

  Pipeline(Shared shared, String source, Dialect dialect, ThreadAttributor attributor) {
    this.attributor = attributor;
    this.shared = shared;
    this.book = shared.books().open(source);
    this.parser = new LineParser(dialect);
  }

  @Override
  public void line(byte[] buffer, int from, int to) {
    book.line();
    switch (parser.parse(buffer, from, to)) {
      case Line.Recognised recognised -> record(recognised.record());
      case Line.Rejected rejected -> {
        shared.books().rejected(book, rejected.reason());
        shared.delivery().lost(); // it may have been a record
      }
      case Line.Loss loss -> notice(loss.notice());
      case Line.Other other -> {}
    }
  }

  @Override
  public void lineTooLong(long bytes) {
    book.line();
    shared.books().rejected(book, RejectReason.LINE_TOO_LONG);
  }

  /** A message came that the kernel did not write: somebody pretended to be it. */
  void untrusted() {
    shared.books().rejected(book, RejectReason.UNTRUSTED_ORIGIN);
  }

  @Override
  public void lost(LossReason reason, long count) {
    shared.books().lost(book, reason, count);
    shared.delivery().lost();
  }

  @Override
  public void rotated() {
    // The source's own state counts them
  }

  private void record(SeccompRecord record) {
    long now = shared.clock().millis();
    Canary canary = shared.canary();
    boolean own = canary != null && canary.owns(record, book.source());
    if (shared.duplicates().isDuplicate(record, now)) {
      shared.books().duplicate(book);
    } else if (own) {
      shared.books().canary(book);
    } else {
      publish(record, now);
    }
  }

  private void publish(SeccompRecord record, long now) {
    Violation violation =
        new Violation(
            record,
            record.stamp() == null ? Instant.ofEpochMilli(now) : record.stamp().time(),
            book.source(),
            shared.node(),
            shared.tables().name(record.arch(), record.syscall()),
            attributor.attribute(record));
    shared.delivery().deliver(book, violation, attributor.mayImprove(record));
  }

  /** {@code audit_lost=} is a total since boot: only what is new in it counts. */
  private void notice(LossNotice notice) {
    long count = notice.count();
    if (notice.cumulative()) {
      count = lastLostTotal < 0 || count < lastLostTotal ? 1 : count - lastLostTotal;
      lastLostTotal = notice.count();
    }
    if (count > 0) {
      shared.books().lost(book, notice.reason(), count);
      shared.delivery().lost();
    }
  }
}
