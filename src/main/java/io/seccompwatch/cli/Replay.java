package io.seccompwatch.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.pipeline.Deduplicator;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.LineOrigin;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.LossNotice;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import io.seccompwatch.violation.ViolationReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decodes lines of any form, and the agent's own JSON lines, and keeps count of what became of
 * each. A line that the strict parser does not know is unwrapped, see {@link LineUnwrapper}. Not
 * thread-safe. What the output throws comes out as {@link UncheckedIOException}.
 */
final class Replay implements ReplayInput.Sink {

  /** How many calls one line may stand for; more is not believed, and counted as a loss notice. */
  private static final long MOST_REPEATED = 1_000;

  private static final byte[] OWN_START =
      ("{\"schema\":\"" + ViolationJson.SCHEMA).getBytes(ISO_8859_1);

  private static final byte[] SUM_START =
      ("{\"schema\":\"" + Suppressed.SCHEMA).getBytes(ISO_8859_1);

  /** A record within a line that is not known: its beginning, and two fields of its end. */
  private static final Pattern HIDDEN =
      Pattern.compile("(?:type=1326 audit\\(|SECCOMP msg=audit\\(|SECCOMP auid=)");

  /** The journal gives a message with auditd's separator byte in it as an array of its bytes. */
  private static final String BYTES = "\"MESSAGE\":[";

  private static final int EXCERPT = 60;
  private static final int HEAD_BYTES = 48;

  /** A line of dmesg, or one with a time of the day: a message may go on in the next one. */
  private static final Pattern MAY_GO_ON =
      Pattern.compile("[\\[<\u001b]|kern|.{0,40}?\\d\\d:\\d\\d:\\d\\d|\\d{9,11}\\.\\d{6} ");

  private final LineParser parser = new LineParser(Dialect.ANY);
  private final SyscallTables tables = new SyscallTables();
  private final Deduplicator duplicates = Deduplicator.ofManyNodes();
  private final LineUnwrapper unwrapper;
  private final SpreadEntries spread = new SpreadEntries(this::object, this::message);
  private final SigsysDeaths deaths = new SigsysDeaths();
  private final TwinQueue queue = new TwinQueue(this::show);
  private final ZoneId zone;
  private final boolean keepDuplicates;
  private final ReplayFilter filter;
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

  private String file = "";
  private Instant reference = Instant.EPOCH;
  private long linesBefore;

  /** The beginning of the last line that was not indented; nothing for auditd's own lines. */
  private final byte[] head = new byte[HEAD_BYTES];

  private int headLength;

  private long hidden;
  private String firstHidden = "";
  private long guessedTimes;
  private boolean names;

  /**
   * A replay of nothing so far.
   *
   * @param zone the one of times that do not name theirs
   */
  Replay(boolean keepDuplicates, ReplayFilter filter, ReplayOutput output, ZoneId zone) {
    this.keepDuplicates = keepDuplicates;
    this.filter = filter;
    this.output = output;
    this.zone = zone;
    this.unwrapper = new LineUnwrapper(parser, zone);
  }

  @Override
  public void begin(String name, Instant written) {
    file = name;
    reference = written;
    linesBefore = lines;
    headLength = 0;
  }

  @Override
  public void end() {
    spread.finish();
  }

  @Override
  public void line(byte[] buffer, int from, int to) {
    lines++;
    if (spread.take(buffer, from, to) || from == to) {
      return;
    }
    byte first = buffer[from];
    boolean indented = first == ' ' || first == '\t';
    if (!indented) {
      headLength = first == 't' ? 0 : Math.min(to - from, HEAD_BYTES);
      System.arraycopy(buffer, from, head, 0, headLength);
    }
    if (first == '{' && isOurs(buffer, from, to)) {
      ownLine(buffer, from, to);
      return;
    }
    Line line = first == '{' ? Line.OTHER : parser.parse(buffer, from, to);
    if (line instanceof Line.Other) {
      if (mayBeWrapped(buffer, from, to)) {
        content(unwrapper.unwrap(buffer, from, to), indented);
      }
      return;
    }
    boolean stampless =
        (line instanceof Line.Recognised known && known.record().stamp() == null)
            || line instanceof Line.Repeated;
    take(line, stampless ? text(buffer, from, to) : "");
  }

  @Override
  public void entry(JournalEntry entry) {
    lines++;
    message(entry);
  }

  private void message(JournalEntry entry) {
    if (LineSearch.mayHoldRecord(entry.message())) {
      content(unwrapper.unwrap(entry.toLine()), false);
    }
  }

  private void object(String text) {
    if (LineSearch.mayHoldRecord(text)) {
      content(unwrapper.unwrap(new WrappedText(text, true, false)), false);
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

  /** Shows what was kept back; nothing comes after. */
  void finish() {
    queue.finish();
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

  /** Returns what the balance does not say and a reader should know, a line each. */
  List<String> notes(boolean byName) {
    List<String> notes = new ArrayList<>();
    if (hidden > 0) {
      notes.add(
          (hidden == 1 ? "1 line holds a record" : hidden + " lines hold a record")
              + " behind text that replay does not know, and is not counted as one: "
              + firstHidden);
    }
    if (guessedTimes > 0) {
      notes.add(
          (guessedTimes == 1 ? "1 record has" : guessedTimes + " records have")
              + " only the time of a syslog line, without year and zone: taken as the year nearest"
              + " to the file's date, zone "
              + zone.getId());
    }
    String died = deaths.note();
    if (died != null) {
      notes.add(died);
    }
    if (byName && records > 0 && !names) {
      notes.add(
          "--namespace and --pod match nothing here: no record of this log names a pod; only the"
              + " agent's own JSON lines do");
    }
    return notes;
  }

  private void ownLine(byte[] buffer, int from, int to) {
    if (reader == null) {
      reader = new ViolationReader();
    }
    try {
      ViolationReader.Entry entry = reader.readEntry(buffer, from, to);
      Suppressed sum = entry == null ? reader.readSuppressed(buffer, from, to) : null;
      if (entry != null) {
        own(entry);
      } else if (sum != null) {
        own(sum);
      }
    } catch (IOException e) {
      rejected.merge(RejectReason.MALFORMED, 1L, Long::sum);
    }
  }

  /** Only ours can be broken ones of ours. */
  private static boolean isOurs(byte[] buffer, int from, int to) {
    return startsWith(OWN_START, buffer, from, to) || startsWith(SUM_START, buffer, from, to);
  }

  private static boolean startsWith(byte[] start, byte[] buffer, int from, int to) {
    int length = start.length;
    return to - from >= length && Arrays.equals(buffer, from, from + length, start, 0, length);
  }

  /** Sums come behind the lines of their time, whose order does not depend on them. */
  private void own(Suppressed sum) {
    records += sum.count();
    Attribution of = sum.attribution();
    names |= of != null && of.workload() != null;
    if (!filter.test(sum)) {
      filtered += sum.count();
      return;
    }
    shown += sum.count();
    try {
      output.add(sum);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void own(ViolationReader.Entry entry) {
    SeccompRecord record = entry.violation().record();
    // The agent has paired what has no stamp with what has one; here all times are one
    LineOrigin origin = new LineOrigin(entry.violation().node(), null);
    boolean duplicate = record.stamp() != null && duplicates.isDuplicate(record, 0, null, origin);
    count(entry.violation(), entry.suppressed(), duplicate, false);
  }

  /**
   * Whether a line may be wrapped. Nearly all lines of an audit log are auditd's own of other
   * types, which hold nothing else; of these only the end of a process is of interest.
   */
  private static boolean mayBeWrapped(byte[] buffer, int from, int to) {
    if (to - from > 6 && buffer[from] == 't' && buffer[from + 4] == '=') {
      return (buffer[from + 5] == 'A' && buffer[from + 6] == 'N') // type=ANOM_ABEND
          || (buffer[from + 5] == '1' && buffer[from + 6] == '7'); // type=1701
    }
    return LineSearch.mayHoldRecord(buffer, from, to)
        || (buffer[from] == '{' && text(buffer, from, to).contains(BYTES));
  }

  private static String text(byte[] buffer, int from, int to) {
    return new String(buffer, from, to - from, ISO_8859_1);
  }

  /**
   * Whether an indented line behind the last one that was not may be the rest of the same message:
   * dmesg and journalctl indent what follows a line end within a message, and its author chooses
   * that text.
   */
  private boolean mayGoOn() {
    return MAY_GO_ON.matcher(new String(head, 0, headLength, ISO_8859_1)).lookingAt();
  }

  /** The kernel's text without a time: indented, it is nothing but the rest of a message. */
  private static boolean isKernelText(LineUnwrapper.Content content) {
    return content instanceof LineUnwrapper.Content.Parsed parsed
        && (parsed.text().startsWith("audit: ") || parsed.text().startsWith("type=1326 "));
  }

  private void content(LineUnwrapper.Content content, boolean indented) {
    boolean goesOn = indented && (isKernelText(content) || mayGoOn());
    switch (content) {
      case LineUnwrapper.Content.Own own when !goesOn -> own(own.entry());
      case LineUnwrapper.Content.Own _ -> untrusted();
      case LineUnwrapper.Content.Summed summed when !goesOn -> own(summed.sum());
      case LineUnwrapper.Content.Summed _ -> untrusted();
      case LineUnwrapper.Content.OwnDamaged _ ->
          rejected.merge(RejectReason.MALFORMED, 1L, Long::sum);
      case LineUnwrapper.Content.Parsed parsed when !goesOn ->
          take(parsed.line(), parsed.timeless() ? "" : parsed.text());
      case LineUnwrapper.Content.Parsed parsed -> {
        if (parsed.line() instanceof Line.Recognised) {
          untrusted();
        }
      }
      case LineUnwrapper.Content.Unknown unknown -> unknown(unknown.text());
    }
  }

  private void untrusted() {
    rejected.merge(RejectReason.UNTRUSTED_ORIGIN, 1L, Long::sum);
  }

  private void unknown(String text) {
    deaths.other(text);
    Matcher begin = HIDDEN.matcher(text);
    boolean auditds = text.startsWith("type=") || text.startsWith("node=");
    if (!auditds
        && begin.find()
        && text.indexOf(" syscall=", begin.end()) > 0
        && text.indexOf(" code=0x", begin.end()) > 0) {
      if (hidden++ == 0) {
        firstHidden =
            file + " line " + (lines - linesBefore) + ": " + Terminal.excerpt(text, EXCERPT);
      }
    }
  }

  /**
   * Takes a line that the parser knows.
   *
   * @param text the line, where its time may be read from it; else empty
   */
  private void take(Line line, String text) {
    switch (line) {
      case Line.Recognised recognised -> recognised(recognised, text);
      case Line.Repeated repeated -> {
        for (long i = Math.min(repeated.times(), MOST_REPEATED); i > 0; i--) {
          recognised(repeated.line(), text);
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

  private void recognised(Line.Recognised recognised, String text) {
    SeccompRecord record = recognised.record();
    AuditStamp stamp = record.stamp();
    Instant written = recognised.written();
    Instant time = stamp == null ? written : stamp.time();
    if (time == null && !text.isEmpty()) {
      time = LineTimes.rfc3164(text, reference, zone);
      guessedTimes += time == null ? 0 : 1;
    }
    switch (record.action()) {
      case KILL_PROCESS, KILL_THREAD, TRAP, UNKNOWN ->
          deaths.killed(record.pid(), stamp == null ? SigsysDeaths.UNKNOWN : stamp.seconds());
      default -> {}
    }
    boolean duplicate = duplicates.isDuplicate(record, 0, written, recognised.origin());
    count(violation(recognised, time), 0, duplicate, true);
  }

  private void count(Violation violation, long suppressed, boolean duplicate, boolean mayHaveTwin) {
    records += 1 + suppressed;
    names |= violation.attribution().workload() != null;
    if (keepDuplicates) {
      show(violation, suppressed);
    } else if (duplicate) {
      repeated += 1 + suppressed;
      queue.duplicate(violation);
    } else {
      queue.add(violation, suppressed, mayHaveTwin);
    }
  }

  private void show(Violation violation, long suppressed) {
    if (!filter.test(violation)) {
      filtered += 1 + suppressed;
      return;
    }
    shown += 1 + suppressed;
    try {
      output.add(violation, suppressed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Violation violation(Line.Recognised recognised, @Nullable Instant time) {
    SeccompRecord record = recognised.record();
    return new Violation(
        record,
        time,
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
