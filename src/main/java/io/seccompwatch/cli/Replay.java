package io.seccompwatch.cli;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.AttributionReason;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.DuplicateFilter;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineForm;
import io.seccompwatch.record.LineOrigin;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.LossNotice;
import io.seccompwatch.record.LossReason;
import io.seccompwatch.record.RejectReason;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.source.LineSink;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import io.seccompwatch.violation.ViolationReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Decodes lines of any form, and the agent's own JSON lines, and keeps count of what became of
 * each. Not thread-safe. What the output throws comes out as {@link UncheckedIOException}.
 */
final class Replay implements LineSink {

  /** How many calls one line may stand for; more is not believed, and counted as a loss notice. */
  private static final long MOST_REPEATED = 1_000;

  private static final byte[] OWN_START =
      ("{\"schema\":\"" + ViolationJson.SCHEMA).getBytes(StandardCharsets.US_ASCII);

  private final LineParser parser = new LineParser(Dialect.ANY);
  private final SyscallTables tables = new SyscallTables();
  private final DuplicateFilter duplicates = DuplicateFilter.ofManyNodes();
  private final boolean keepDuplicates;
  private final Predicate<Violation> filter;
  private final ReplayOutput output;

  /** Made at the first JSON line: what it needs of Jackson costs a tenth of a second to load. */
  private @Nullable ViolationReader reader;

  private final Map<RejectReason, Long> rejected = new EnumMap<>(RejectReason.class);
  private long lines;
  private long records;
  private long repeated;
  private long filtered;
  private long shown;
  private long lossNotices;

  Replay(boolean keepDuplicates, Predicate<Violation> filter, ReplayOutput output) {
    this.keepDuplicates = keepDuplicates;
    this.filter = filter;
    this.output = output;
  }

  @Override
  public void line(byte[] buffer, int from, int to) {
    lines++;
    if (from < to && buffer[from] == '{') {
      ownLine(buffer, from, to);
      return;
    }
    switch (parser.parse(buffer, from, to)) {
      case Line.Recognised recognised -> {
        Violation violation = violation(recognised);
        show(violation, duplicates.isDuplicate(violation.record(), 0, null, recognised.origin()));
      }
      case Line.Repeated repeated -> {
        Violation violation = violation(repeated.line());
        for (long i = Math.min(repeated.times(), MOST_REPEATED); i > 0; i--) {
          show(
              violation,
              duplicates.isDuplicate(violation.record(), 0, null, repeated.line().origin()));
        }
        lossNotices += repeated.times() > MOST_REPEATED ? 1 : 0;
      }
      case Line.Rejected refused -> rejected.merge(refused.reason(), 1L, Long::sum);
      case Line.Loss(
              LossNotice.KernelReason reason,
              LineOrigin _) -> {} // the total before it is the notice
      case Line.Loss loss -> lossNotices++;
      case Line.Other other -> {}
    }
  }

  @Override
  public void lineTooLong(long bytes) {
    lines++;
    rejected.merge(RejectReason.LINE_TOO_LONG, 1L, Long::sum);
  }

  @Override
  public void lost(LossReason reason, long count) {
    lossNotices++;
  }

  @Override
  public void rotated() {
    // Files are read once, as they are
  }

  /** Lines, records and what became of them, in one line. */
  String balance() {
    StringJoiner reasons = new StringJoiner(", ", " (", ")").setEmptyValue("");
    long refused = 0;
    for (Map.Entry<RejectReason, Long> entry : rejected.entrySet()) {
      reasons.add(entry.getKey().label() + " " + entry.getValue());
      refused += entry.getValue();
    }
    return "lines %d, records %d, shown %d, filtered %d, duplicates %d, rejected %d%s, lost notices %d"
        .formatted(lines, records, shown, filtered, repeated, refused, reasons, lossNotices);
  }

  private void ownLine(byte[] buffer, int from, int to) {
    if (reader == null) {
      reader = new ViolationReader();
    }
    Violation violation;
    try {
      violation = reader.read(buffer, from, to);
    } catch (IOException e) {
      if (isOurs(buffer, from, to)) {
        rejected.merge(RejectReason.MALFORMED, 1L, Long::sum);
      }
      return;
    }
    if (violation != null) {
      SeccompRecord record = violation.record();
      // The agent has paired what has no stamp with what has one; here all times are one
      LineOrigin origin = new LineOrigin(violation.node(), null);
      show(violation, record.stamp() != null && duplicates.isDuplicate(record, 0, null, origin));
    }
  }

  /** Any log may hold lines that start with a brace; only ours can be broken ones of ours. */
  private static boolean isOurs(byte[] buffer, int from, int to) {
    int length = OWN_START.length;
    return to - from >= length && Arrays.equals(buffer, from, from + length, OWN_START, 0, length);
  }

  private void show(Violation violation, boolean duplicate) {
    records++;
    if (!keepDuplicates && duplicate) {
      repeated++;
    } else if (!filter.test(violation)) {
      filtered++;
    } else {
      shown++;
      try {
        output.add(violation);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private Violation violation(Line.Recognised recognised) {
    SeccompRecord record = recognised.record();
    return new Violation(
        record,
        record.stamp() == null ? null : record.stamp().time(),
        source(recognised.form()),
        recognised.origin().name(),
        name(record),
        Attribution.unknown(AttributionReason.NOT_ATTEMPTED));
  }

  private @Nullable String name(SeccompRecord record) {
    return tables.name(record.arch(), record.syscall());
  }

  private static String source(LineForm form) {
    return switch (form) {
      case AUDITD -> "audit-log";
      case KMSG, KERNEL_TEXT -> "kmsg";
      case NETLINK -> throw new IllegalStateException("in no file");
      case SYSLOG_KERNEL, JOURNALD, AUDISP -> "syslog";
    };
  }
}
