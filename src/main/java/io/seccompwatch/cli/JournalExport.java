package io.seccompwatch.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code journalctl -o export} (systemd.io/JOURNAL_EXPORT_FORMATS): fields {@code NAME=text},
 * one a line, with an empty line behind each entry. A text with a line end in it is given as {@code
 * NAME}, eight bytes of its length (little-endian), and the text: were that read by lines, a user's
 * message could pretend to be a field of journald's. Takes the stream in pieces of any size; holds
 * at most {@link #MAX_BYTES} of a line or a text, and drops fields that are longer. Not
 * thread-safe.
 */
final class JournalExport {

  /** With these bytes every export begins, and no other log. */
  static final byte[] START = "__CURSOR=".getBytes(StandardCharsets.US_ASCII);

  private static final int MAX_BYTES = 64 * 1024;

  private enum State {
    LINE,
    LENGTH,
    TEXT,
    /** The line end behind a text of given length. */
    TEXT_END
  }

  private final Consumer<JournalEntry> sink;
  private final ByteArrayOutputStream held = new ByteArrayOutputStream(512);
  private State state = State.LINE;
  private boolean tooLong;
  private String name = "";
  private long length;
  private int lengthBytes;
  private @Nullable JournalEntry entry;

  JournalExport(Consumer<JournalEntry> sink) {
    this.sink = sink;
  }

  /** Takes the next bytes; hands on every entry that ends in them. */
  void feed(byte[] buffer, int from, int to) {
    int at = from;
    while (at < to) {
      switch (state) {
        case LINE -> {
          int end = at;
          while (end < to && buffer[end] != '\n') {
            end++;
          }
          hold(buffer, at, end);
          at = end;
          if (end < to) {
            at++;
            line();
          }
        }
        case LENGTH -> {
          length |= (buffer[at++] & 0xffL) << (8 * lengthBytes++);
          if (lengthBytes == Long.BYTES) {
            state = length == 0 ? State.TEXT_END : State.TEXT;
          }
        }
        case TEXT -> {
          // Unsigned: a length beyond 2^63 is a damaged file, whose rest is one text
          int count = Long.compareUnsigned(length, to - at) < 0 ? (int) length : to - at;
          hold(buffer, at, at + count);
          at += count;
          length -= count;
          state = length == 0 ? State.TEXT_END : State.TEXT;
        }
        case TEXT_END -> {
          at++;
          field(name, taken());
          state = State.LINE;
        }
      }
    }
  }

  /** Hands on the last entry when the stream ends without an empty line behind it. */
  void finish() {
    if (state == State.LINE && held.size() > 0) {
      line();
    }
    end();
  }

  private void line() {
    boolean dropped = tooLong;
    String line = taken();
    if (dropped) {
      return;
    }
    if (line.isEmpty()) {
      end();
      return;
    }
    int equals = line.indexOf('=');
    if (equals >= 0) {
      field(line.substring(0, equals), line.substring(equals + 1));
      return;
    }
    name = line;
    length = 0;
    lengthBytes = 0;
    state = State.LENGTH;
  }

  private void field(String fieldName, String text) {
    if (entry == null) {
      entry = new JournalEntry();
    }
    entry.put(fieldName, text);
  }

  private void end() {
    if (entry != null) {
      sink.accept(entry);
      entry = null;
    }
  }

  private void hold(byte[] buffer, int from, int to) {
    tooLong |= held.size() + (to - from) > MAX_BYTES;
    if (!tooLong) {
      held.write(buffer, from, to - from);
    }
  }

  private String taken() {
    String text = tooLong ? "" : held.toString(StandardCharsets.ISO_8859_1);
    held.reset();
    tooLong = false;
    return text;
  }
}
