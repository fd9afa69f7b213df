package io.seccompwatch.cli;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The cheap question before a line is unwrapped: can it hold a record, a JSON line of the agent's,
 * a notice of loss, or the end of a process by SIGSYS? Each of these contains one of the words
 * {@code seccomp} (in any case), {@code 1326}, {@code 1701}, {@code ANOM_ABEND}, {@code audit_} and
 * {@code printk}. Two adjacent bytes of each are looked for in eight places at a time, and only
 * where they stand is the word compared.
 */
final class LineSearch {

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;
  private static final long LOWER_CASE = 0x20 * ONES;

  private LineSearch() {}

  /** Returns false when nothing in the line can be of interest to replay. */
  static boolean mayHoldRecord(byte[] buffer, int from, int to) {
    int at = from;
    for (int last = to - Long.BYTES - 1; at <= last; at += Long.BYTES) {
      long here = (long) LONG.get(buffer, at);
      long next = (long) LONG.get(buffer, at + 1);
      long cc = ((here | LOWER_CASE) ^ 'c' * ONES) | ((next | LOWER_CASE) ^ 'c' * ONES);
      long seccomp = (here ^ '3' * ONES) | (next ^ '2' * ONES);
      long death = (here ^ '7' * ONES) | (next ^ '0' * ONES);
      long abend = (here ^ '_' * ONES) | (next ^ 'A' * ONES);
      long audit = (here ^ 't' * ONES) | (next ^ '_' * ONES);
      long printk = (here ^ 't' * ONES) | (next ^ 'k' * ONES);
      long any =
          (((cc - ONES) & ~cc)
                  | ((seccomp - ONES) & ~seccomp)
                  | ((death - ONES) & ~death)
                  | ((abend - ONES) & ~abend)
                  | ((audit - ONES) & ~audit)
                  | ((printk - ONES) & ~printk))
              & HIGH_BITS; // set where one of them has a byte of zero
      if (any != 0 && hasWord(buffer, at, at + Long.BYTES, from, to)) {
        return true;
      }
    }
    return hasWord(buffer, at, to, from, to);
  }

  /** The same of a text with one character for each byte. */
  static boolean mayHoldRecord(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return mayHoldRecord(bytes, 0, bytes.length);
  }

  private static boolean hasWord(byte[] buffer, int first, int last, int from, int to) {
    for (int at = first; at < last; at++) {
      boolean found =
          switch (buffer[at]) {
            case 'c', 'C' -> isWord("seccomp", buffer, at - 2, from, to);
            case '3' -> isWord("1326", buffer, at - 1, from, to);
            case '7' -> isWord("1701", buffer, at - 1, from, to);
            case '_' -> isWord("anom_abend", buffer, at - 4, from, to);
            case 't' ->
                isWord("audit_", buffer, at - 4, from, to)
                    || isWord("printk", buffer, at - 4, from, to);
            default -> false;
          };
      if (found) {
        return true;
      }
    }
    return false;
  }

  private static boolean isWord(String lower, byte[] buffer, int at, int from, int to) {
    if (at < from || to - at < lower.length()) {
      return false;
    }
    for (int i = 0; i < lower.length(); i++) {
      byte b = buffer[at + i];
      if ((b >= 'A' && b <= 'Z' ? b | 0x20 : b) != lower.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
