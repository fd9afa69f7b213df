package io.seccompwatch.cli;

import io.seccompwatch.source.LineSplitter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Turns a stream of UTF-16, as PowerShell's {@code >} writes it, into UTF-8. Known by its byte
 * order mark, or by the zero in each of the first two characters. What is no UTF-16 becomes U+FFFD.
 * Not thread-safe.
 */
final class Utf16 {

  private static final int CHARS = 16 * 1024;

  private final CharsetDecoder decoder;
  private final ByteBuffer bytes = ByteBuffer.allocate(2 * CHARS);
  private final CharBuffer chars = CharBuffer.allocate(CHARS);
  private boolean begun;

  private Utf16(ByteOrder order) {
    var charset =
        order == ByteOrder.LITTLE_ENDIAN ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_16BE;
    decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
  }

  /** Returns the converter for a stream with these first bytes; null when it is no UTF-16. */
  static @Nullable Utf16 of(byte[] first, int count) {
    if (count < 4) {
      return null;
    }
    int a = first[0] & 0xff;
    int b = first[1] & 0xff;
    if ((a == 0xff && b == 0xfe) || (isAscii(a) && b == 0 && isAscii(first[2]) && first[3] == 0)) {
      return new Utf16(ByteOrder.LITTLE_ENDIAN);
    }
    if ((a == 0xfe && b == 0xff) || (a == 0 && isAscii(b) && first[2] == 0 && isAscii(first[3]))) {
      return new Utf16(ByteOrder.BIG_ENDIAN);
    }
    return null;
  }

  private static boolean isAscii(int b) {
    return b >= ' ' && b < 0x7f;
  }

  /** Takes the next bytes of the stream; hands them on in UTF-8. */
  void feed(byte[] buffer, int count, LineSplitter sink) {
    for (int from = 0; from < count; ) {
      int some = Math.min(count - from, bytes.remaining());
      bytes.put(buffer, from, some).flip();
      from += some;
      decoder.decode(bytes, chars, false);
      bytes.compact();
      chars.flip();
      if (!begun && chars.hasRemaining()) {
        begun = true;
        if (chars.get(0) == '\ufeff') {
          chars.get();
        }
      }
      byte[] utf8 = chars.toString().getBytes(StandardCharsets.UTF_8);
      sink.feed(utf8, 0, utf8.length);
      chars.clear();
    }
  }
}
