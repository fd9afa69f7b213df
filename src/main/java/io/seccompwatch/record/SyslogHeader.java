package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Steps over a syslog line's header and says whose message follows. Knows the traditional form (RFC
 * 3164; the month may be localised, the host left out), the ISO form (RFC 3339 stamp), RFC 5424,
 * BusyBox syslogd's and logread's {@code kern.notice} before the tag, and what rsyslog writes of a
 * relayed RFC 5424 message, whose tag has no colon.
 */
final class SyslogHeader {

  /** Who wrote the message, as far as a syslog line can say. */
  enum Writer {
    /** Tag {@code kernel} without a PID. */
    KERNEL,
    /** journald's {@code audit[PID]}. */
    AUDIT,
    /** auditd's dispatcher or its syslog plugin. */
    AUDISP,
    /** auditd itself; it always gives its PID. */
    AUDITD,
    /** rsyslogd, of itself. */
    RSYSLOGD,
    /** systemd-journald, of itself; with its PID. */
    JOURNALD,
    /** Anybody else, or no syslog line at all. */
    NONE
  }

  /** What a line without {@code <N>} has for a facility. */
  static final int NO_FACILITY = -1;

  private static final byte[] VERSION_1 = ascii("1 ");
  private static final byte[] KERNEL = ascii("kernel");
  private static final byte[] AUDIT = ascii("audit");
  private static final byte[] AUDISPD = ascii("audispd");
  private static final byte[] AUDISP_SYSLOG = ascii("audisp-syslog");
  private static final byte[] AUDITD = ascii("auditd");
  private static final byte[] RSYSLOGD = ascii("rsyslogd");
  private static final byte[] JOURNALD = ascii("systemd-journald");
  private static final byte[] JOURNALD_SHORT = ascii("systemd-journal");
  private static final byte[] REPEATED = ascii("message repeated ");
  private static final byte[] TIMES = ascii(" times: [");
  private static final byte[] BOM = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  /** In the order of their numbers (sys/syslog.h); only kern and the rest have to be told apart. */
  private static final List<String> FACILITIES =
      List.of(
          "kern",
          "user",
          "mail",
          "daemon",
          "auth",
          "syslog",
          "lpr",
          "news",
          "uucp",
          "cron",
          "authpriv",
          "ftp",
          "ntp",
          "audit",
          "alert",
          "clock",
          "local0",
          "local1",
          "local2",
          "local3",
          "local4",
          "local5",
          "local6",
          "local7");

  private static final Set<String> SEVERITIES =
      Set.of(
          "emerg", "panic", "alert", "crit", "err", "error", "warning", "warn", "notice", "info",
          "debug");

  private static final int MAX_PRIORITY_NAMES = "authpriv.warning".length();
  private static final int MAX_WORD = 256;
  private static final int MAX_MONTH_BYTES = 20;

  private final Cursor in;
  private int stampFrom;
  private int stampTo;
  private int facility = NO_FACILITY;
  private int tagFrom;
  private long repeated;
  private boolean repetitionMayBeCut;
  private int hostFrom;
  private int hostTo;

  SyslogHeader(Cursor in) {
    this.in = in;
  }

  /** Who wrote the line; unless {@link Writer#NONE}, the cursor is at the message. */
  Writer skip() {
    stampTo = 0;
    hostTo = 0;
    facility = NO_FACILITY;
    repeated = 0;
    repetitionMayBeCut = false;
    Writer writer = header();
    return writer == Writer.NONE || repetition() ? writer : Writer.NONE;
  }

  private Writer header() {
    if (in.startsWith(VERSION_1) && isYear(VERSION_1.length)) {
      in.skip(VERSION_1);
      return structured();
    }
    boolean stamped = isYear(0) ? isoStamp() : traditionalStamp();
    return stamped ? hostAndTag() : Writer.NONE;
  }

  /** The facility that the header names in words, or {@link #NO_FACILITY}. */
  int facility() {
    return facility;
  }

  /**
   * How often the message came again since the line before; 0 where the line is the message itself.
   * Then what stands in the brackets is the line from here on.
   */
  long repeated() {
    return repeated;
  }

  /** Whether the line, from its tag on, is as long as one that its writer has cut. */
  boolean mayBeCut() {
    return repeated > 0
        ? repetitionMayBeCut
        : facility != NO_FACILITY && LengthLimits.isBusyBoxs(in.end() - tagFrom);
  }

  /** Steps over rsyslog's {@code message repeated N times: [} and leaves out its bracket's end. */
  private boolean repetition() {
    if (!in.skip(REPEATED)) {
      return true;
    }
    long times = in.decimal(SeccompRecord.UNSET);
    if (times < 1 || !in.skip(TIMES) || in.atEnd() || in.byteAt(in.end() - 1) != ']') {
      return false;
    }
    in.endAt(in.end() - 1);
    repeated = times;
    repetitionMayBeCut = LengthLimits.isRepetitions(in.end() - in.position());
    in.skip(' ');
    return true;
  }

  /**
   * The time of the header that was stepped over last; null when it is the traditional form, which
   * leaves out the year and the offset, or no time at all.
   */
  @Nullable Instant written() {
    if (stampTo == 0) {
      return null;
    }
    try {
      String stamp = in.text(stampFrom, stampTo);
      // journalctl's +0000 has no colon, which the parser wants
      boolean offset = "+-".indexOf(stamp.charAt(stamp.length() - 5)) >= 0;
      int minutes = stamp.length() - 2;
      return OffsetDateTime.parse(
              offset ? stamp.substring(0, minutes) + ":" + stamp.substring(minutes) : stamp)
          .toInstant();
    } catch (DateTimeParseException e) {
      return null; // the 31st of February, say
    }
  }

  /** Returns the host in the header that was stepped over last; null when it names none. */
  @Nullable String host() {
    int length = Math.min(hostTo - hostFrom, LineOrigin.MAX_BYTES);
    boolean nil = length == 1 && in.byteAt(hostFrom) == '-'; // RFC 5424, NILVALUE
    return hostTo == 0 || nil ? null : in.text(hostFrom, hostFrom + length);
  }

  /** RFC 5424: {@code TIMESTAMP HOST APP PROCID MSGID STRUCTURED-DATA MSG}. */
  private Writer structured() {
    int host = isoStamp() ? in.position() : -1;
    if (host < 0 || !word()) {
      return Writer.NONE;
    }
    hostFrom = host;
    hostTo = in.position() - 1;
    int from = in.position();
    if (!word()) {
      return Writer.NONE;
    }
    int to = in.position() - 1;
    boolean pid = !(in.peek() == '-' && in.peek(1) == ' ');
    if (!words(2) || !structuredData() || !in.skip(' ')) {
      return Writer.NONE;
    }
    in.skip(BOM);
    in.skip(' '); // of an RFC 3164 message that was relayed, rsyslog keeps the blank
    return writer(from, to, pid);
  }

  /** {@code -}, or elements such as syslog-ng's {@code [meta sequenceId="1"]}. */
  private boolean structuredData() {
    if (in.skip('-')) {
      return true;
    }
    boolean any = false;
    while (in.peek() == '[') {
      boolean quoted = false;
      while (quoted || in.peek() != ']') {
        if (in.atEnd()) {
          return false;
        }
        boolean escape = in.peek() == '\\';
        quoted ^= in.peek() == '"';
        in.moveTo(in.position() + (escape ? 2 : 1));
      }
      in.skip(']');
      any = true;
    }
    return any;
  }

  /** {@code [HOST] [FACILITY.SEVERITY] TAG:}, or {@code HOST [FACILITY.SEVERITY] TAG}. */
  private Writer hostAndTag() {
    boolean host = false;
    int from;
    int to;
    while (true) {
      from = in.position();
      if (!word()) {
        return Writer.NONE;
      }
      to = in.position() - 1;
      if (in.byteAt(to - 1) == ':') {
        to--;
        break;
      }
      int named = facility == NO_FACILITY ? facility(from, to) : NO_FACILITY;
      if (named != NO_FACILITY) {
        facility = named;
      } else if (host) {
        break; // without its colon
      } else {
        host = true;
        hostFrom = from;
        hostTo = to;
      }
    }
    tagFrom = from;
    boolean pid = to > from && in.byteAt(to - 1) == ']';
    if (pid) {
      int open = to - 2;
      while (open > from && Cursor.isDigit(in.byteAt(open))) {
        open--;
      }
      if (open == to - 2 || in.byteAt(open) != '[') {
        return Writer.NONE;
      }
      to = open;
    }
    return writer(from, to, pid);
  }

  /** The number of {@code kern.notice}'s facility; {@link #NO_FACILITY} for any other word. */
  private int facility(int from, int to) {
    int point = from;
    while (point < to && in.byteAt(point) != '.') {
      point++;
    }
    boolean named =
        point < to
            && to - from <= MAX_PRIORITY_NAMES
            && SEVERITIES.contains(in.text(point + 1, to));
    return named ? FACILITIES.indexOf(in.text(from, point)) : NO_FACILITY;
  }

  private Writer writer(int from, int to, boolean pid) {
    if (is(KERNEL, from, to)) {
      return pid ? Writer.NONE : Writer.KERNEL;
    }
    if (is(AUDIT, from, to)) {
      return pid ? Writer.AUDIT : Writer.NONE;
    }
    if (is(AUDISPD, from, to) || is(AUDISP_SYSLOG, from, to)) {
      return Writer.AUDISP;
    }
    if (is(AUDITD, from, to)) {
      return pid ? Writer.AUDITD : Writer.NONE;
    }
    if (is(JOURNALD, from, to) || is(JOURNALD_SHORT, from, to)) {
      return pid ? Writer.JOURNALD : Writer.NONE;
    }
    return isRsyslogd(from, to) ? Writer.RSYSLOGD : Writer.NONE;
  }

  /** {@code rsyslogd}, in some versions with the number of its message, {@code rsyslogd-2177}. */
  private boolean isRsyslogd(int from, int to) {
    if (!in.matches(RSYSLOGD, from)) {
      return false;
    }
    int at = from + RSYSLOGD.length;
    if (at < to && in.byteAt(at) == '-') {
      at++;
    }
    while (at < to && Cursor.isDigit(in.byteAt(at))) {
      at++;
    }
    return at == to;
  }

  private boolean is(byte[] name, int from, int to) {
    return to - from == name.length && in.matches(name, from);
  }

  /** Steps over one word and the one blank behind it. */
  private boolean word() {
    int blank = in.indexOf(' ');
    if (blank <= in.position() || blank - in.position() > MAX_WORD) {
      return false;
    }
    in.moveTo(blank + 1);
    return true;
  }

  private boolean words(int count) {
    for (int i = 0; i < count; i++) {
      if (!word()) {
        return false;
      }
    }
    return true;
  }

  private boolean isYear(int ahead) {
    for (int i = 0; i < 4; i++) {
      if (!Cursor.isDigit(in.peek(ahead + i))) {
        return false;
      }
    }
    return in.peek(ahead + 4) == '-';
  }

  /** {@code 2026-11-22T10:20:14.833580+00:00 }, the offset with or without its colon, or Z. */
  private boolean isoStamp() {
    int from = in.position();
    if (!isoTime()) {
      return false;
    }
    stampFrom = from;
    stampTo = in.position();
    return in.skip(' ');
  }

  private boolean isoTime() {
    boolean date =
        digits(4) && in.skip('-') && digits(2) && in.skip('-') && digits(2) && in.skip('T');
    if (!date || !clock()) {
      return false;
    }
    if (in.skip('Z')) {
      return true;
    }
    boolean offset = (in.skip('+') || in.skip('-')) && digits(2);
    in.skip(':');
    return offset && digits(2);
  }

  /** {@code Feb 9 17:53:54 }. */
  private boolean traditionalStamp() {
    int blank = in.indexOf(' ');
    if (blank <= in.position() || blank - in.position() > MAX_MONTH_BYTES) {
      return false;
    }
    in.moveTo(blank);
    in.skipBlanks();
    if (in.decimal(31) < 0) {
      return false;
    }
    in.skip('.');
    return in.skipBlanks() > 0 && clock() && in.skip(' ');
  }

  private boolean clock() {
    if (!(digits(2) && in.skip(':') && digits(2) && in.skip(':') && digits(2))) {
      return false;
    }
    return !in.skip('.') || in.decimal(Long.MAX_VALUE) >= 0;
  }

  private boolean digits(int count) {
    for (int i = 0; i < count; i++) {
      if (!Cursor.isDigit(in.peek(i))) {
        return false;
      }
    }
    in.moveTo(in.position() + count);
    return true;
  }

  /**
   * Steps over what printk, or dmesg in its place, puts before the kernel's own text: {@code [
   * 12.345678] }, {@code [ 12.345678][ T55] }, {@code 000: } on PREEMPT_RT, or dmesg -T's date in
   * any language, {@code [Fri Feb 9 17:53:54 2024] }.
   */
  static final class KernelPrefix {

    private static final byte[] REALTIME_CPU = ascii("000: ");
    private static final int MAX_DATE_BYTES = 80;

    private final Cursor in;

    KernelPrefix(Cursor in) {
      this.in = in;
    }

    /** Skips such a prefix at the cursor; returns false where there is none. */
    boolean skip() {
      int start = in.position();
      if (in.skip('[') && (monotonic() || date(start + 1))) {
        if (in.skip(' ')) {
          in.skip(REALTIME_CPU);
          return true;
        }
      }
      in.moveTo(start);
      return false;
    }

    private boolean monotonic() {
      int start = in.position();
      in.skipBlanks();
      if (in.decimal(Long.MAX_VALUE) >= 0
          && in.skip('.')
          && in.decimal(999_999) >= 0
          && in.skip(']')) {
        return caller();
      }
      in.moveTo(start);
      return false;
    }

    /** CONFIG_PRINTK_CALLER's {@code [ T55]} or {@code [ C3]}, if it is there. */
    private boolean caller() {
      if (!in.skip('[')) {
        return true;
      }
      in.skipBlanks();
      return (in.skip('T') || in.skip('C')) && in.decimal(Integer.MAX_VALUE) >= 0 && in.skip(']');
    }

    /** A date that ends with the year; month and day names are those of the reader's language. */
    private boolean date(int from) {
      in.moveTo(from);
      int close = in.indexOf(']');
      if (close < from + 4 || close - from > MAX_DATE_BYTES) {
        return false;
      }
      for (int i = close - 4; i < close; i++) {
        if (!Cursor.isDigit(in.byteAt(i))) {
          return false;
        }
      }
      in.moveTo(close + 1);
      return in.byteAt(close - 5) == ' ';
    }
  }
}
