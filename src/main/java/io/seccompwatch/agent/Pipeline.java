package io.seccompwatch.agent;

import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.SourceBook;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.DuplicateFilter;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineParser;
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
      KernelLosses kernelLosses,
      @Nullable String node,
      Clock clock) {}

  private final Shared shared;
  private final SourceBook book;
  private final LineParser parser;
  private final ThreadAttributor attributor;
  private final SourceLosses losses;

  /** Of a source that should have every event; null for others. */
  private final @Nullable SerialWatch serials;

  Pipeline(Shared shared, String source, Dialect dialect, ThreadAttributor attributor) {
    this.attributor = attributor;
    this.shared = shared;
    this.book = shared.books().open(source);
    this.parser = new LineParser(dialect);
    this.losses =
        new SourceLosses(
            shared.books(),
            book,
            shared.kernelLosses(),
            dialect == Dialect.SYSLOG,
            shared.delivery()::lost);
    this.serials =
        dialect == Dialect.AUDIT_LOG
            ? new SerialWatch(losses, shared.kernelLosses()::millis)
            : null;
  }

  @Override
  public void line(byte[] buffer, int from, int to) {
    book.line();
    if (serials != null) {
      serials.line(buffer, from, to);
    }
    switch (parser.parse(buffer, from, to)) {
      case Line.Recognised recognised -> record(recognised.record());
      case Line.Rejected rejected -> {
        shared.books().rejected(book, rejected.reason());
        shared.delivery().lost(); // it may have been a record
      }
      case Line.Loss loss -> losses.notice(loss.notice());
      case Line.Other other -> {}
    }
  }

  @Override
  public void lineTooLong(long bytes) {
    book.line();
    shared.books().rejected(book, RejectReason.LINE_TOO_LONG);
    if (serials != null) {
      serials.interrupted();
    }
  }

  @Override
  public void idle() {
    if (serials != null) {
      serials.idle();
    }
  }

  /** A message came that the kernel did not write: somebody pretended to be it. */
  void untrusted() {
    shared.books().rejected(book, RejectReason.UNTRUSTED_ORIGIN);
  }

  @Override
  public void lost(LossReason reason, long count) {
    losses.lost(reason, count);
    if (serials != null) {
      serials.interrupted();
    }
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
}
