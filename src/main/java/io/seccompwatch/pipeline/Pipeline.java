package io.seccompwatch.pipeline;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.pipeline.Vouching.Held;
import io.seccompwatch.pipeline.WorkloadResolver.ThreadAttributor;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.source.LineSink;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.violation.Violation;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The whole way of a line, from its bytes to the publishers, on the thread of the source that it
 * belongs to. Not thread-safe: each source has its own; what they share is.
 */
public final class Pipeline implements LineSink {

  /**
   * What all sources' pipelines share.
   *
   * @param vouching doubts what syslog alone has brought; null where no other source is or no
   *     syslog
   * @param onDefect is told of what should not have been thrown
   * @param node the names of this node, by which its own lines are told from another's
   */
  public record Shared(
      Deduplicator duplicates,
      @Nullable Canary canary,
      SyscallTables tables,
      Books books,
      PendingViolations delivery,
      @Nullable Vouching vouching,
      KernelLosses kernelLosses,
      Consumer<RuntimeException> onDefect,
      NodeNames node,
      Clock clock) {}

  /** How much of a line that syslog alone has brought is kept for the log. */
  private static final int MOST_OF_LINE = 600;

  /**
   * Calls that one line of a repeated record may stand for. Any process that may write to syslog
   * chooses the number.
   */
  static final int MOST_REPEATED = 1_000;

  /** Calls beyond that which one such line may add to the losses. */
  private static final long MOST_LOST = 1_000_000;

  private final Shared shared;
  private final SourceBook book;
  private final Dialect dialect;
  private final LineParser parser;
  private final ThreadAttributor attributor;
  private final SourceLosses losses;

  /** Of a source that should have every event; null for others. */
  private final @Nullable SerialWatch serials;

  /** Whether the source may still read what was written before the start. */
  private boolean readsOn;

  public Pipeline(Shared shared, String source, Dialect dialect, ThreadAttributor attributor) {
    this.attributor = attributor;
    this.shared = shared;
    this.book = shared.books().open(source);
    this.dialect = dialect;
    this.readsOn = dialect != Dialect.AUDIT_NETLINK;
    this.parser = new LineParser(dialect);
    this.losses =
        new SourceLosses(
            shared.books(), book, shared.kernelLosses(), dialect == Dialect.SYSLOG, this::doubt);
    this.serials =
        dialect == Dialect.AUDIT_LOG
            ? new SerialWatch(
                losses,
                shared.kernelLosses()::millis,
                this::hole,
                origin -> shared.node().isOwn(source, origin))
            : null;
  }

  @Override
  public void line(byte[] buffer, int from, int to) {
    book.line();
    try {
      if (serials != null) {
        serials.line(buffer, from, to);
      }
      switch (parser.parse(buffer, from, to)) {
        case Line.Recognised recognised -> record(recognised, buffer, from, to);
        case Line.Repeated repeated -> repeated(repeated, buffer, from, to);
        case Line.Rejected rejected -> refused(rejected.reason());
        case Line.Loss loss -> {
          if (shared.node().isOwn(book.source(), loss.origin())) {
            losses.notice(loss.notice());
          }
        }
        case Line.Other other -> {}
      }
    } catch (RuntimeException e) {
      // The source must go on: the next line is another one
      refused(RejectReason.DEFECT);
      shared.onDefect().accept(e);
    }
  }

  @Override
  public void lineTooLong(long bytes) {
    book.line();
    refused(RejectReason.LINE_TOO_LONG);
    if (serials != null) {
      serials.interrupted();
    }
  }

  @Override
  public void idle() {
    readsOn = false;
    if (serials != null) {
      serials.idle();
    }
  }

  /** A line that may have been a record. */
  private void refused(RejectReason reason) {
    shared.books().rejected(book, reason);
    doubt(null);
  }

  /** A message came that the kernel did not write: somebody pretended to be it. */
  public void untrusted() {
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

  /** Counts each repetition as if syslog had written it out, and what is too many as lost there. */
  private void repeated(Line.Repeated line, byte[] buffer, int from, int to) {
    long counted = Math.min(line.times(), MOST_REPEATED);
    for (long i = 0; i < counted; i++) {
      record(line.line(), buffer, from, to);
    }
    // A loss is believed where this node's line is, and no better source has the records anyway
    if (line.times() > counted
        && shared.vouching() == null
        && shared.node().isOwn(book.source(), line.line().origin())) {
      lost(LossReason.SYSLOG_RATE_LIMIT, Math.min(line.times() - counted, MOST_LOST));
    }
  }

  private void record(Line.Recognised line, byte[] buffer, int from, int to) {
    SeccompRecord record = line.record();
    long now = shared.clock().millis();
    boolean own = isCanary(line);
    if (!own && !shared.node().isOwn(book.source(), line.origin())) {
      foreign(line, now);
      return;
    }
    Vouching vouching = shared.vouching();
    if (vouching != null && record.stamp() != null) {
      vouching.vouchers().brought(book.source(), record.stamp(), vouching.now());
    }
    boolean held = vouching != null && dialect == Dialect.SYSLOG && vouching.doubts(line);
    Vouching doubting = held ? vouching : null;
    // What is doubted must not take the place of a record with the stamp that a forger gave it
    boolean longKnown = readsOn && shared.duplicates().isLongKnown(record);
    boolean before =
        doubting != null
            ? longKnown || shared.duplicates().isKnown(record, now, line.written())
            : shared.duplicates().isDuplicate(record, now, line.written(), longKnown);
    if (before) {
      shared.books().duplicate(book);
    } else if (own) {
      shared.books().canary(book);
    } else if (doubting != null) {
      hold(doubting, line, text(buffer, from, to), now);
    } else {
      Violation violation = violation(line, now);
      shared.delivery().deliver(book, violation, attributor.mayImprove(record));
    }
  }

  /** Whether it is the canary's; then it teaches the node's names and tries the numbering. */
  private boolean isCanary(Line.Recognised line) {
    Canary canary = shared.canary();
    SeccompRecord record = line.record();
    String comm = record.comm();
    if (canary == null || comm == null || !canary.owns(record, book.source())) {
      return false;
    }
    if (canary.hasJustFired(comm)) {
      shared.node().learn(book.source(), comm, line.origin());
      // In syslog a forger may be first; a source that cannot be forged judges where there is one
      if (dialect != Dialect.SYSLOG || shared.vouching() == null) {
        attributor.judgeByCanary(comm, record);
      }
    }
    return true;
  }

  /**
   * A record of another node: its PID means nothing here, and no source of this node can vouch for
   * it. It counts, of an unknown workload.
   */
  private void foreign(Line.Recognised line, long now) {
    if (shared.duplicates().isDuplicate(line.record(), now, line.written(), line.origin())) {
      shared.books().duplicate(book);
    } else {
      Attribution unknown = Attribution.unknown(AttributionReason.FOREIGN_NODE);
      Violation violation = violation(line, now, line.origin().name(), unknown);
      shared.delivery().deliver(book, violation, false);
    }
  }

  /** Whose it is is looked up at once: later the process may be gone. */
  private void hold(Vouching vouching, Line.Recognised line, String text, long now) {
    Violation violation = violation(line, now);
    boolean mayImprove = attributor.mayImprove(line.record());
    vouching.hold(
        new Held(
            book, line.form(), violation, mayImprove, line.written(), text, vouching.now(), now));
  }

  private Violation violation(Line.Recognised line, long now) {
    String node = shared.node().name();
    String name = node == null ? line.origin().name() : node;
    return violation(line, now, name, attributor.attribute(line.record(), written(line, now)));
  }

  private Violation violation(
      Line.Recognised line, long now, @Nullable String node, Attribution attribution) {
    SeccompRecord record = line.record();
    return new Violation(
        record,
        record.stamp() == null ? written(line, now) : record.stamp().time(),
        book.source(),
        node,
        shared.tables().name(record.arch(), record.syscall()),
        attribution);
  }

  private static Instant written(Line.Recognised line, long now) {
    return line.written() == null ? Instant.ofEpochMilli(now) : line.written();
  }

  private static String text(byte[] buffer, int from, int to) {
    int length = Math.min(to - from, MOST_OF_LINE);
    return new String(buffer, from, length, StandardCharsets.UTF_8);
  }

  /** Serials are missing here, and may yet come. */
  private void hole(boolean open) {
    Vouching vouching = shared.vouching();
    if (vouching != null) {
      vouching.vouchers().lacks(book.source(), open);
    }
  }

  /** Something was lost here: nothing may be concluded from what is not there. */
  private void doubt(@Nullable LossReason reason) {
    shared.delivery().lost();
    Vouching vouching = shared.vouching();
    if (vouching != null) {
      vouching.vouchers().lost(book.source(), reason, vouching.now());
    }
  }
}
