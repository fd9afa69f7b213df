package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

/**
 * Steps over what printk, or dmesg in its place, puts before the kernel's own text: {@code [
 * 12.345678] }, {@code [ 12.345678][ T55] }, {@code 000: } on PREEMPT_RT, or dmesg -T's date in any
 * language, {@code [Fri Feb 9 17:53:54 2024] }.
 */
final class KernelPrefix {

  private static final byte[] REALTIME_CPU = ascii("000: ");
  private static final int MAX_DATE_BYTES = 80;

  private final Cursor in;

  KernelPrefix(Cursor in) {
    this.in = in;
  }

  /** Whether such a prefix stands at the cursor, which is then behind it. */
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
