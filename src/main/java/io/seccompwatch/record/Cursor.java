package io.seccompwatch.record;

import java.nio.charset.StandardCharsets;

/**
 * A position in a line's bytes, and the few steps that the parsers take with it. A step that fails
 * leaves the position where it was. Not thread-safe: each parser reuses its own.
 */
final class Cursor {

  /** Returned by the number steps when there is no number, or one beyond its limit. */
  static final long NONE = -1;

  private byte[] buffer = new byte[0];
  private int position;
  private int end;

  /** Turns to another line. */
  void reset(byte[] newBuffer, int from, int to) {
    buffer = newBuffer;
    position = from;
    end = to;
  }

  int position() {
    return position;
  }

  void moveTo(int newPosition) {
    position = newPosition;
  }

  int end() {
    return end;
  }

  boolean atEnd() {
    return position >= end;
  }

  /** Has the line end earlier. */
  void endAt(int newEnd) {
    end = newEnd;
  }

  /** The byte here as 0 to 255, or -1 at the end. */
  int peek() {
    return peek(0);
  }

  /** The byte {@code ahead} of here as 0 to 255, or -1 beyond the end. */
  int peek(int ahead) {
    return position + ahead < end ? buffer[position + ahead] & 0xff : -1;
  }

  boolean startsWith(byte[] literal) {
    return matches(literal, position);
  }

  /** Whether {@code literal} stands at {@code at}, which may be anywhere. */
  boolean matches(byte[] literal, int at) {
    if (at < 0 || end - at < literal.length) {
      return false;
    }
    for (int i = 0; i < literal.length; i++) {
      if (buffer[at + i] != literal[i]) {
        return false;
      }
    }
    return true;
  }

  /** Steps over {@code literal} if it stands here. */
  boolean skip(byte[] literal) {
    if (!startsWith(literal)) {
      return false;
    }
    position += literal.length;
    return true;
  }

  /** Steps over one byte if it is {@code expected}. */
  boolean skip(char expected) {
    if (peek() != expected) {
      return false;
    }
    position++;
    return true;
  }

  /** Steps over blanks and says how many there were. */
  int skipBlanks() {
    int start = position;
    while (position < end && buffer[position] == ' ') {
      position++;
    }
    return position - start;
  }

  /** Whether what is left of the line is a beginning of {@code literal} that the line's end cut. */
  boolean isCutWithin(byte[] literal) {
    int left = end - position;
    if (left >= literal.length) {
      return false;
    }
    for (int i = 0; i < left; i++) {
      if (buffer[position + i] != literal[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Steps over a decimal number without sign, at most 18 digits.
   *
   * @return the number, or {@link #NONE} when there is none or it is above {@code max}
   */
  long decimal(long max) {
    long value = 0;
    int at = position;
    while (at < end && isDigit(buffer[at]) && at - position < 18) {
      value = value * 10 + (buffer[at] - '0');
      at++;
    }
    if (at == position || value > max || (at < end && isDigit(buffer[at]))) {
      return NONE;
    }
    position = at;
    return value;
  }

  /** Steps over lowercase hex digits, as {@code %x} prints them; says how many, 0 when none. */
  int hexDigits(int max) {
    int at = position;
    while (at < end && lowerHex(buffer[at]) >= 0) {
      at++;
    }
    int digits = at - position;
    if (digits > max) {
      return 0;
    }
    position = at;
    return digits;
  }

  /** The number that the lowercase hex digits from {@code from} to here spell, modulo 2^64. */
  long hexValue(int from) {
    long value = 0;
    for (int i = from; i < position; i++) {
      value = value << 4 | lowerHex(buffer[i]);
    }
    return value;
  }

  /** Index of the next {@code wanted} byte from here, or -1. */
  int indexOf(char wanted) {
    for (int i = position; i < end; i++) {
      if (buffer[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  byte byteAt(int index) {
    return buffer[index];
  }

  /** Decodes bytes as UTF-8; what is not UTF-8 becomes U+FFFD. */
  String text(int from, int to) {
    return new String(buffer, from, to - from, StandardCharsets.UTF_8);
  }

  static boolean isDigit(int b) {
    return b >= '0' && b <= '9';
  }

  static byte[] ascii(String literal) {
    return literal.getBytes(StandardCharsets.US_ASCII);
  }

  private static int lowerHex(byte b) {
    if (b >= '0' && b <= '9') {
      return b - '0';
    }
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
  }
}
