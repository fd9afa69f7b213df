package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

/**
 * Finds the kernel's serial in a line of auditd's log, whatever its type; far less than parsing it,
 * since every line there is comes by here. Stateless.
 */
public final class SerialScan {

  /** The line has no serial of this kernel's. */
  public static final long NONE = -1;

  private static final byte[] STAMP = ascii(" msg=audit(");
  private static final int TYPE_BYTES = 5; // type=
  private static final int FRACTION_AND_COLON = 5; // .836:
  private static final int MIN_BYTES = 40;
  private static final int MAX_TYPE_BYTES = 32;
  private static final int MAX_STAMP_BYTES = 12;
  private static final int MAX_DIGITS = 10;

  private SerialScan() {}

  /**
   * The serial of the line {@code buffer[from, to)}: {@code type=X msg=audit(SECONDS.MMM:SERIAL)}.
   *
   * <p>{@link #NONE} where there is none, for auditd's own {@code DAEMON_} records, which it
   * numbers by itself ({@code auditd-event.c}), and for lines with {@code node=}, which may be
   * another host's.
   */
  public static long serial(byte[] buffer, int from, int to) {
    if (to - from < MIN_BYTES || buffer[from] != 't' || isDaemons(buffer, from + TYPE_BYTES)) {
      return NONE;
    }
    int blank = from + TYPE_BYTES;
    int last = Math.min(to - STAMP.length - MAX_STAMP_BYTES, blank + MAX_TYPE_BYTES);
    while (blank < last && buffer[blank] != ' ') {
      blank++;
    }
    for (int i = 0; i < STAMP.length; i++) {
      if (buffer[blank + i] != STAMP[i]) {
        return NONE;
      }
    }
    int at = blank + STAMP.length;
    int point = at;
    while (point < to && point - at < MAX_STAMP_BYTES && buffer[point] != '.') {
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
    while (at < to && at - from < MAX_DIGITS && Cursor.isDigit(buffer[at])) {
      value = value * 10 + (buffer[at] - '0');
      at++;
    }
    return at > from && at < to && buffer[at] == ')' ? value : NONE;
  }
}
