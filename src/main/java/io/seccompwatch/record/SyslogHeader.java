package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;

/**
 * Steps over a syslog line's header and says whose message follows. Knows the traditional form (RFC
 * 3164; the month may be localised, the host left out), the ISO form (RFC 3339 stamp) and RFC 5424.
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
  private static final int MAX_WORD = 256;
  private static final int MAX_MONTH_BYTES = 20;

  private final Cursor in;
  private int stampFrom;
  private int stampTo;

  SyslogHeader(Cursor in) {
    this.in = in;
  }

  /** Who wrote the line; unless {@link Writer#NONE}, the cursor is at the message. */
  Writer skip() {
    stampTo = 0;
    if (in.startsWith(VERSION_1) && isYear(VERSION_1.length)) {
      in.skip(VERSION_1);
      return structured();
    }
    boolean stamped = isYear(0) ? isoStamp() : traditionalStamp();
    return stamped ? hostAndTag() : Writer.NONE;
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

  /** RFC 5424: {@code TIMESTAMP HOST APP PROCID MSGID STRUCTURED-DATA MSG}. */
  private Writer structured() {
    if (!isoStamp() || !word()) {
      return Writer.NONE;
    }
    int from = in.position();
    if (!word()) {
      return Writer.NONE;
    }
    int to = in.position() - 1;
    boolean pid = !(in.peek() == '-' && in.peek(1) == ' ');
    if (!words(2) || !in.skip('-') || !in.skip(' ')) {
      return Writer.NONE;
    }
    return writer(from, to, pid);
  }

  private Writer hostAndTag() {
    int from = in.position();
    if (!word()) {
      return Writer.NONE;
    }
    if (in.byteAt(in.position() - 2) != ':') {
      from = in.position();
      if (!word() || in.byteAt(in.position() - 2) != ':') {
        return Writer.NONE;
      }
    }
    int to = in.position() - 2;
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
}
