package io.seccompwatch.source;

import java.nio.ByteBuffer;

/** Finds the serial of an audit message, {@code audit(SECONDS.MILLIS:SERIAL): …}. */
final class AuditSerial {

  static final long NONE = -1;

  private static final int BEGIN = "audit(".length();

  /** Of {@code SECONDS.MILLIS}. */
  private static final int MOST_TIME = 24;

  private static final int MOST_DIGITS = 10;
  private static final long MOST = 0xffff_ffffL;

  private AuditSerial() {}

  /** The serial in {@code [from, to)}, or {@link #NONE} where it should be and is not. */
  static long of(ByteBuffer text, int from, int to) {
    int at = from + BEGIN;
    int last = Math.min(to, at + MOST_TIME);
    while (at < last && text.get(at) != ':') {
      at++;
    }
    int first = at + 1;
    long serial = 0;
    for (at = first; at < to && at - first < MOST_DIGITS; at++) {
      int digit = text.get(at) - '0';
      if (digit < 0 || digit > 9) {
        break;
      }
      serial = 10 * serial + digit;
    }
    boolean found = at > first && at < to && text.get(at) == ')' && serial <= MOST;
    return found ? serial : NONE;
  }
}
