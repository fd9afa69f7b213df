package io.seccompwatch.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Instant;

/**
 * The {@code audit(SECONDS.FRACTION:SERIAL)} of a record.
 *
 * @param seconds since the epoch; tiny on machines without a clock that runs on
 * @param fraction the digits after the point, as a number; the kernel prints three
 * @param fractionDigits how many digits there were, 1 to 3
 * @param serial the kernel's 32-bit event number; it starts anew at a reboot
 */
public record AuditStamp(long seconds, int fraction, int fractionDigits, long serial) {

  /** The stamp as a point in time, to the millisecond. */
  public Instant time() {
    return Instant.ofEpochSecond(seconds, millis() * 1_000_000L);
  }

  /** The stamp in milliseconds since the epoch. */
  public long epochMillis() {
    return seconds * 1_000L + millis();
  }

  /** The audit id as it stood in the record: {@code seconds.fraction:serial}. */
  public String id() {
    String digits = Integer.toString(fraction);
    return seconds + "." + "0".repeat(fractionDigits - digits.length()) + digits + ":" + serial;
  }

  private int millis() {
    int millis = fraction;
    for (int digits = fractionDigits; digits < 3; digits++) {
      millis *= 10;
    }
    return millis;
  }

  /**
   * Finds the kernel's serial in a line of auditd's log, whatever its type; far less than parsing
   * it, since every line there is comes by here. Stateless.
   */
  public static final class SerialScan {

    /** The line has no serial of this kernel's. */
    public static final long NONE = -1;

    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** The bytes {@code " msg=aud"}, of which {@code "it("} is the rest. */
    private static final long STAMP = 0x206d73673d617564L;

    private static final int STAMP_BYTES = 11;
    private static final int TYPE_BYTES = 5; // type=

    /** Length of {@code node=}. */
    public static final int NODE_BYTES = 5;

    private static final int SHORTEST_TYPE = 3; // AVC
    private static final int LONGEST_TYPE = 32;
    private static final int SECONDS = 10; // until the year 2286, and since 2001
    private static final int MOST_SECONDS = 12;
    private static final int FRACTION_AND_COLON = 5; // .836:
    private static final int MIN_BYTES = 40;
    private static final int MOST_DIGITS = 10;

    private SerialScan() {}

    /**
     * The serial of the line {@code buffer[from, to)}: {@code type=X
     * msg=audit(SECONDS.MMM:SERIAL)}.
     *
     * <p>{@link #NONE} where there is none, for auditd's own {@code DAEMON_} records, which it
     * numbers by itself ({@code auditd-event.c}), and for lines with {@code node=}, which may be
     * another host's: {@link #nodeEnd} tells where such a line goes on.
     */
    public static long serial(byte[] buffer, int from, int to) {
      if (to - from < MIN_BYTES || buffer[from] != 't' || isDaemons(buffer, from + TYPE_BYTES)) {
        return NONE;
      }
      int blank = from + TYPE_BYTES + SHORTEST_TYPE;
      int last = Math.min(to - STAMP_BYTES - MOST_SECONDS, blank + LONGEST_TYPE);
      while (blank < last && buffer[blank] != ' ') {
        blank++;
      }
      if ((long) LONG.get(buffer, blank) != STAMP || buffer[blank + STAMP_BYTES - 1] != '(') {
        return NONE;
      }
      int point = blank + STAMP_BYTES + SECONDS;
      return buffer[point] == '.'
          ? number(buffer, point + FRACTION_AND_COLON, to)
          : afterPoint(buffer, blank + STAMP_BYTES, to);
    }

    /**
     * Returns the index of the blank behind the name in {@code node=NAME type=…}; -1 when the line
     * has another form, or the name is longer than {@link LineOrigin#MAX_BYTES}.
     */
    public static int nodeEnd(byte[] buffer, int from, int to) {
      if (to - from < MIN_BYTES
          || buffer[from] != 'n'
          || buffer[from + 1] != 'o'
          || buffer[from + 2] != 'd'
          || buffer[from + 3] != 'e'
          || buffer[from + 4] != '=') {
        return -1;
      }
      int last = Math.min(to, from + NODE_BYTES + LineOrigin.MAX_BYTES + 1);
      for (int at = from + NODE_BYTES; at < last; at++) {
        if (buffer[at] == ' ') {
          return at;
        }
      }
      return -1;
    }

    /** Scans seconds of an unusual number of digits: no clock, or a hostile line. */
    private static long afterPoint(byte[] buffer, int from, int to) {
      int last = Math.min(to, from + MOST_SECONDS);
      int point = from;
      while (point < last && buffer[point] != '.') {
        point++;
      }
      return number(buffer, point + FRACTION_AND_COLON, to);
    }

    private static boolean isDaemons(byte[] buffer, int at) {
      return buffer[at] == 'D' && buffer[at + 1] == 'A' && buffer[at + 2] == 'E';
    }

    /** Digits with a colon before them and a closing bracket behind. */
    private static long number(byte[] buffer, int from, int to) {
      if (from >= to || buffer[from - 1] != ':') {
        return NONE;
      }
      long value = 0;
      int at = from;
      while (at < to && at - from < MOST_DIGITS && Cursor.isDigit(buffer[at])) {
        value = value * 10 + (buffer[at] - '0');
        at++;
      }
      return at > from && at < to && buffer[at] == ')' ? value : NONE;
    }
  }
}
