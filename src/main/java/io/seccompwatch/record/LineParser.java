package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.SyslogHeader.KernelPrefix;
import org.jspecify.annotations.Nullable;

/**
 * Tells what a line of bytes is: a seccomp record, a line that only looks like one, a notice of
 * loss, or something else. Every form is anchored at column 0, so that text which a process or a
 * user placed in the middle of somebody else's line is never taken for a record. Answers on any
 * input without an exception and in time linear to its length.
 *
 * <p>Not thread-safe: each reading thread owns one.
 */
public final class LineParser {

  private static final byte[] TYPE = ascii("type=");
  private static final byte[] NODE = ascii("node=");
  private static final byte[] TYPE_SPACED = ascii(" type=");
  private static final byte[] AUDITD_SECCOMP = ascii("SECCOMP msg=");
  private static final byte[] AUDITD_NUMBER = ascii("UNKNOWN[1326] msg=");
  private static final byte[] KERNEL_SECCOMP = ascii("type=1326 ");
  private static final byte[] AUDIT_PREFIX = ascii("audit: ");
  private static final byte[] KERNEL_TAG = ascii("kernel: ");
  private static final byte[] JOURNAL_SECCOMP = ascii("SECCOMP ");
  private static final byte[] STAMP = ascii("audit(");
  private static final byte[] STAMP_END = ascii("):");
  private static final int MAX_DATE_BYTES = 64;
  private static final int SHORTCUT_BYTES = 24;
  private static final long MAX_SECONDS = 99_999_999_999L;

  private final Dialect dialect;
  private final Cursor in = new Cursor();
  private final BodyParser body = new BodyParser(in);
  private final KernelPrefix kernelPrefix = new KernelPrefix(in);
  private final SyslogHeader syslogHeader = new SyslogHeader(in);
  private final LossMessages lossMessages = new LossMessages(in);
  private RejectReason stampFailure = RejectReason.MALFORMED;

  /**
   * Whether the line has a syslog header, and where its {@code node=} has its name, if anywhere.
   */
  private boolean headed;

  private int nodeFrom;
  private int nodeTo;

  /** A parser for the lines of one source; forms that do not belong there are not looked at. */
  public LineParser(Dialect dialect) {
    this.dialect = dialect;
  }

  /** What {@code buffer[from, to)} is: one line without its line end. */
  public Line parse(byte[] buffer, int from, int to) {
    headed = false;
    nodeTo = 0;
    if (dialect == Dialect.AUDIT_NETLINK) {
      in.reset(buffer, from, to);
      return stampAndBody(LineForm.NETLINK, BodyParser.Tail.NONE, false);
    }
    if (isAnotherAuditdType(buffer, from, to)) {
      return Line.OTHER;
    }
    in.reset(buffer, from, to);
    return switch (in.peek()) {
      case 't', 'n' -> typed();
      case '[' -> dialect.has(LineForm.KERNEL_TEXT) ? kernelText() : Line.OTHER;
      case '<' -> withPriority();
      case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> kmsgOrSyslog();
      case -1, ' ', '\t' -> Line.OTHER;
      default -> named();
    };
  }

  /**
   * Whether the line is one of auditd's that can be nothing for us, which nearly all lines of an
   * audit log are: {@code type=} with a type that does not begin as ours do, and no {@code
   * msg=lost}. Only a shortcut: without it such a line is found to be nothing just the same.
   */
  private static boolean isAnotherAuditdType(byte[] buffer, int from, int to) {
    if (to - from < SHORTCUT_BYTES
        || buffer[from] != 't'
        || buffer[from + 1] != 'y'
        || buffer[from + 2] != 'p'
        || buffer[from + 3] != 'e'
        || buffer[from + 4] != '=') {
      return false;
    }
    int begin = buffer[from + 5] << 8 | buffer[from + 6];
    if (begin == ('S' << 8 | 'E') // SECCOMP
        || begin == ('1' << 8 | '3') // 1326
        || begin == ('U' << 8 | 'N') // UNKNOWN[1326]
        || begin == ('D' << 8 | 'A')) { // DAEMON_ERR
      return false;
    }
    for (int at = from + 7; at < to - 5; at++) {
      if (buffer[at] == ' ') {
        return buffer[at + 5] != 'l'; // " msg=lost"
      }
    }
    return false;
  }

  /** Lines that start with {@code type=} or {@code node=}, or by chance with these letters. */
  private Line typed() {
    if (in.startsWith(KERNEL_SECCOMP)) {
      return dialect.has(LineForm.KERNEL_TEXT) ? kernelMessage(LineForm.KERNEL_TEXT) : Line.OTHER;
    }
    if (dialect.has(LineForm.AUDITD) && (in.startsWith(TYPE) || in.startsWith(NODE))) {
      return auditd(LineForm.AUDITD);
    }
    return named();
  }

  private Line auditd(LineForm form) {
    if (in.skip(NODE)) {
      int from = in.position();
      int blank = in.indexOf(' ');
      if (blank < 0) {
        return Line.OTHER;
      }
      in.moveTo(blank);
      if (!in.skip(TYPE_SPACED)) {
        return Line.OTHER;
      }
      nodeFrom = from;
      nodeTo = blank;
    } else if (!in.skip(TYPE)) {
      return Line.OTHER;
    }
    if (in.skip(AUDITD_SECCOMP) || in.skip(AUDITD_NUMBER)) {
      return stampAndBody(form, BodyParser.Tail.ENRICHED, false);
    }
    return loss(lossMessages.auditd());
  }

  private Line kernelText() {
    return kernelPrefix.skip() ? kernelMessage(LineForm.KERNEL_TEXT) : Line.OTHER;
  }

  /** The cursor is where the kernel's own text begins, its time stamp already passed. */
  private Line kernelMessage(LineForm form) {
    int from = in.position();
    boolean prefixed = in.skip(AUDIT_PREFIX);
    if (in.skip(KERNEL_SECCOMP)) {
      return stampAndBody(form, BodyParser.Tail.NONE, mayBeCut(form, from));
    }
    return loss(prefixed ? lossMessages.kernelAudit() : lossMessages.kernel());
  }

  /**
   * Whether a text of the kernel's may end before the record does. Not so in what was printed: a
   * terminal, a serial console or a person may have cut that anywhere.
   */
  private boolean mayBeCut(LineForm form, int from) {
    return switch (form) {
      case KMSG -> LengthLimits.isPrintks(in.end() - from);
      case SYSLOG_KERNEL -> LengthLimits.isPrintks(in.end() - from) || syslogHeader.mayBeCut();
      default -> false;
    };
  }

  /** {@code <N>} before klog's or syslog's own header; facility 0 is the kernel's. */
  private Line withPriority() {
    int facility = priority();
    if (facility < 0) {
      return Line.OTHER;
    }
    if (in.peek() == '[' || in.startsWith(AUDIT_PREFIX) || in.startsWith(KERNEL_SECCOMP)) {
      if (!dialect.has(LineForm.KERNEL_TEXT) || (in.peek() == '[' && !kernelPrefix.skip())) {
        return Line.OTHER;
      }
      return ofFacility(facility, kernelMessage(LineForm.KERNEL_TEXT));
    }
    return dialect.has(LineForm.SYSLOG_KERNEL) ? syslog(facility) : Line.OTHER;
  }

  private int priority() {
    in.skip('<');
    long priority = in.decimal(191);
    return priority >= 0 && in.skip('>') ? (int) priority >> 3 : -1;
  }

  private Line kmsgOrSyslog() {
    int start = in.position();
    if (in.decimal(Integer.MAX_VALUE) >= 0 && in.peek() == ',') {
      in.moveTo(start);
      return dialect.has(LineForm.KMSG) ? kmsg() : Line.OTHER;
    }
    in.moveTo(start);
    return dialect.has(LineForm.SYSLOG_KERNEL) ? syslog(SyslogHeader.NO_FACILITY) : Line.OTHER;
  }

  /** {@code pri,seq,usec,flags[,more];text} (Documentation/ABI/testing/dev-kmsg). */
  private Line kmsg() {
    long priority = in.decimal(Integer.MAX_VALUE);
    boolean header =
        in.skip(',')
            && in.decimal(Long.MAX_VALUE) >= 0
            && in.skip(',')
            && in.decimal(Long.MAX_VALUE) >= 0
            && in.skip(',');
    int semicolon = header ? in.indexOf(';') : -1;
    if (semicolon < 0) {
      return Line.OTHER;
    }
    in.moveTo(semicolon + 1);
    return ofFacility((int) (priority >> 3), kernelMessage(LineForm.KMSG));
  }

  /** Lines that start with a word: RFC 3164's month, or the kernel's tag in {@code -o cat}. */
  private Line named() {
    if (dialect.has(LineForm.KERNEL_TEXT)) {
      int start = in.position();
      boolean tagged = in.skip(KERNEL_TAG);
      if (tagged && in.peek() == '[' && !kernelPrefix.skip()) {
        return Line.OTHER;
      }
      if (tagged || in.startsWith(AUDIT_PREFIX)) {
        return kernelMessage(LineForm.KERNEL_TEXT);
      }
      Line message = loss(lossMessages.kernel());
      if (!(message instanceof Line.Other)) {
        return message;
      }
      in.moveTo(start);
    }
    return dialect.has(LineForm.SYSLOG_KERNEL) ? syslog(SyslogHeader.NO_FACILITY) : Line.OTHER;
  }

  private Line syslog(int facility) {
    headed = true;
    Line line = syslogMessage(facility);
    return line instanceof Line.Recognised recognised && syslogHeader.repeated() > 0
        ? repeated(recognised, syslogHeader.repeated())
        : line;
  }

  /** A stamp is one event's: what was repeated with it was the line, and not the call. */
  private static Line repeated(Line.Recognised line, long times) {
    return line.record().stamp() == null ? new Line.Repeated(line, times) : line;
  }

  private Line syslogMessage(int facility) {
    return switch (syslogHeader.skip()) {
      case KERNEL -> {
        if (in.peek() == '[' && !kernelPrefix.skip()) {
          yield Line.OTHER;
        }
        int named = facility < 0 ? syslogHeader.facility() : facility;
        yield ofFacility(named, kernelMessage(LineForm.SYSLOG_KERNEL));
      }
      case AUDIT -> {
        if (!in.skip(JOURNAL_SECCOMP)) {
          yield Line.OTHER;
        }
        yield recognise(
            LineForm.JOURNALD,
            null,
            BodyParser.Tail.NONE,
            syslogHeader.repeated() > 0 && syslogHeader.mayBeCut());
      }
      case AUDISP -> {
        Line line = auditd(LineForm.AUDISP);
        yield line instanceof Line.Other ? loss(lossMessages.auditdSaying()) : line;
      }
      case AUDITD -> loss(lossMessages.auditdSaying());
      case RSYSLOGD -> loss(lossMessages.rsyslogd());
      case JOURNALD -> loss(lossMessages.journald());
      case NONE -> Line.OTHER;
    };
  }

  /** Only the kernel writes with facility 0; it forces another one on what user space writes. */
  private static Line ofFacility(int facility, Line line) {
    if (facility <= 0 || line instanceof Line.Other) {
      return line;
    }
    return line instanceof Line.Recognised recognised
        ? new Line.Rejected(RejectReason.UNTRUSTED_ORIGIN, recognised.form())
        : Line.OTHER;
  }

  private Line stampAndBody(LineForm form, BodyParser.Tail tail, boolean mayBeCut) {
    AuditStamp stamp = stamp();
    return stamp == null
        ? new Line.Rejected(stampFailure, form)
        : recognise(form, stamp, tail, mayBeCut);
  }

  private Line recognise(
      LineForm form, @Nullable AuditStamp stamp, BodyParser.Tail tail, boolean mayBeCut) {
    SeccompRecord record = body.parse(stamp, tail, mayBeCut);
    return record == null
        ? new Line.Rejected(body.failure(), form)
        : new Line.Recognised(
            record, form, form == LineForm.JOURNALD ? syslogHeader.written() : null, origin());
  }

  private @Nullable AuditStamp stamp() {
    stampFailure = RejectReason.MALFORMED;
    if (!in.skip(STAMP)) {
      return failStamp(in.isCutWithin(STAMP));
    }
    if (isInterpreted()) {
      stampFailure = RejectReason.INTERPRETED;
      return null;
    }
    long seconds = in.decimal(MAX_SECONDS);
    if (seconds < 0 || !in.skip('.')) {
      return failStamp(in.atEnd());
    }
    int fractionFrom = in.position();
    long fraction = in.decimal(999);
    int fractionDigits = in.position() - fractionFrom;
    if (fraction < 0 || fractionDigits > 3 || !in.skip(':')) {
      return failStamp(in.atEnd());
    }
    long serial = in.decimal(SeccompRecord.UNSET);
    if (serial < 0 || !in.skip(STAMP_END)) {
      return failStamp(in.atEnd() || in.isCutWithin(STAMP_END));
    }
    return new AuditStamp(seconds, (int) fraction, fractionDigits, serial);
  }

  /**
   * Whether the stamp is {@code ausearch -i}'s: a date as the locale has it, then {@code
   * HH:MM:SS.mmm:SERIAL}. Only after a blank or a slash among its first bytes is it looked for.
   */
  private boolean isInterpreted() {
    int most = Math.min(in.end(), in.position() + MAX_DATE_BYTES);
    int blank = -1;
    for (int at = in.position(); at < most && in.byteAt(at) != ')'; at++) {
      if (in.byteAt(at) == '/') {
        return true;
      }
      blank = in.byteAt(at) == ' ' ? at : blank;
    }
    return blank > in.position()
        && Cursor.isDigit(in.peek(blank + 1 - in.position()))
        && Cursor.isDigit(in.peek(blank + 2 - in.position()))
        && in.peek(blank + 3 - in.position()) == ':';
  }

  private @Nullable AuditStamp failStamp(boolean cut) {
    stampFailure = cut ? RejectReason.TRUNCATED : RejectReason.MALFORMED;
    return null;
  }

  private Line loss(@Nullable LossNotice notice) {
    return notice == null ? Line.OTHER : new Line.Loss(notice, origin());
  }

  private LineOrigin origin() {
    String host = headed ? syslogHeader.host() : null;
    if (host == null && nodeTo == 0) {
      return LineOrigin.NONE;
    }
    int length = Math.min(nodeTo - nodeFrom, LineOrigin.MAX_BYTES);
    return new LineOrigin(nodeTo == 0 ? null : in.text(nodeFrom, nodeFrom + length), host);
  }
}
