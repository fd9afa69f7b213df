package io.seccompwatch.source;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Cuts a stream of bytes into lines. A line ends at {@code \n}; that byte and one {@code \r} before
 * it are not part of the line. NUL bytes at the start of a line are dropped: a file truncated under
 * a writer that does not append starts with a hole, and so do lines after a power cut.
 *
 * <p>Lines that lie whole in the bytes fed are handed on in place; only a line that spans two feeds
 * is copied, into a buffer that grows up to the bound. A longer line is passed over and told with
 * its length. Not thread-safe; the sink is called on the caller's thread.
 */
public final class LineSplitter {

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long NEWLINES = 0x0a0a0a0a0a0a0a0aL;
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  private final int maxLineBytes;
  private final LineSink sink;

  private byte[] held = {};
  private int heldLength;

  /** How long the present line is already, when it is too long to be held; else 0. */
  private long passedOver;

  /** Bytes of the present line, dropped NUL bytes included. */
  private long pending;

  private long accepted;

  /**
   * A splitter at the start of a line.
   *
   * @param maxLineBytes the longest line that is delivered, without its line end
   * @param sink takes the lines
   */
  public LineSplitter(int maxLineBytes, LineSink sink) {
    this.maxLineBytes = maxLineBytes;
    this.sink = sink;
  }

  /** Takes the next bytes of the stream; delivers every line that ends in them. */
  public void feed(byte[] buffer, int from, int to) {
    int start = from;
    if (pending > 0) {
      int end = newline(buffer, start, to);
      if (end < 0) {
        hold(buffer, start, to);
        return;
      }
      hold(buffer, start, end);
      deliverHeld();
      accepted++;
      start = end + 1;
    }
    for (int end = newline(buffer, start, to); end >= 0; end = newline(buffer, start, to)) {
      deliver(buffer, start, end);
      accepted += end + 1L - start;
      start = end + 1;
    }
    if (start < to) {
      hold(buffer, start, to);
    }
  }

  /** Delivers what is left when the stream ends without a newline; the next feed starts a line. */
  public void finish() {
    if (pending > 0) {
      boolean onlyNuls = heldLength == 0 && passedOver == 0;
      if (onlyNuls) {
        accepted += pending;
        pending = 0;
      } else {
        deliverHeld();
      }
    }
  }

  /** How many bytes the sink has dealt with, line ends included: the end of the last line. */
  public long accepted() {
    return accepted;
  }

  /**
   * The first newline of a range.
   *
   * @return its index, or -1
   */
  static int newline(byte[] buffer, int from, int to) {
    int i = from;
    // Four words a round: most rounds hold no newline, and their flags need only one look.
    for (int last = to - 4 * Long.BYTES; i <= last; i += 4 * Long.BYTES) {
      long any =
          flags(buffer, i)
              | flags(buffer, i + Long.BYTES)
              | flags(buffer, i + 2 * Long.BYTES)
              | flags(buffer, i + 3 * Long.BYTES);
      if (any != 0) {
        break;
      }
    }
    for (int last = to - Long.BYTES; i <= last; i += Long.BYTES) {
      long flags = flags(buffer, i);
      if (flags != 0) {
        return i + (Long.numberOfTrailingZeros(flags) >>> 3);
      }
    }
    for (; i < to; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  /** A word whose lowest set bit tells the first newline of eight bytes; 0 where there is none. */
  private static long flags(byte[] buffer, int at) {
    long x = (long) LONG.get(buffer, at) ^ NEWLINES;
    return (x - ONES) & ~x & HIGH_BITS;
  }

  private void deliver(byte[] buffer, int from, int to) {
    int start = from;
    while (start < to && buffer[start] == 0) {
      start++;
    }
    int end = to > start && buffer[to - 1] == '\r' ? to - 1 : to;
    if (end - start > maxLineBytes) {
      sink.lineTooLong(to - start);
    } else {
      sink.line(buffer, start, end);
    }
  }

  private void hold(byte[] buffer, int from, int to) {
    pending += to - from;
    int start = from;
    if (heldLength == 0 && passedOver == 0) {
      while (start < to && buffer[start] == 0) {
        start++;
      }
    }
    int length = to - start;
    if (passedOver > 0) {
      passedOver += length;
    } else if (length > maxLineBytes + 1L - heldLength) { // one more: the last byte may be a \r
      passedOver = (long) heldLength + length;
      heldLength = 0;
    } else {
      ensureRoom(heldLength + length);
      System.arraycopy(buffer, start, held, heldLength, length);
      heldLength += length;
    }
  }

  private void deliverHeld() {
    if (passedOver > 0) {
      sink.lineTooLong(passedOver);
    } else {
      deliver(held, 0, heldLength);
    }
    accepted += pending;
    pending = 0;
    passedOver = 0;
    heldLength = 0;
  }

  private void ensureRoom(int length) {
    if (held.length < length) {
      long doubled = Math.max(512L, 2L * held.length);
      long enough = Math.max(doubled, length);
      held = Arrays.copyOf(held, (int) Math.min(enough, maxLineBytes + 1L));
    }
  }
}
