package io.seccompwatch.cli;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Puts together what a tool spreads over several lines: JSON that is indented ({@code journalctl -o
 * json-pretty}, {@code dmesg -J}, {@code jq}) and the entries of {@code journalctl -o verbose}. A
 * line that does not go on with what was begun ends it and is read as any other, so that a brace
 * that stands alone hides nothing. Holds at most {@link #MAX_CHARS} of an object. Not thread-safe.
 */
final class SpreadEntries {

  private static final int MAX_CHARS = 64 * 1024;
  private static final String FIELD_INDENT = "    ";
  private static final String DMESG = "{\"dmesg\": [";

  private final Consumer<String> objects;
  private final Consumer<JournalEntry> entries;

  private final StringBuilder object = new StringBuilder();
  private int depth;

  /** Whether objects are taken one by one from a list that is not itself of interest. */
  private boolean inList;

  private @Nullable JournalEntry entry;

  /**
   * A collector of nothing so far.
   *
   * @param objects takes each JSON object, in one line
   * @param entries takes each entry of the journal
   */
  SpreadEntries(Consumer<String> objects, Consumer<JournalEntry> entries) {
    this.objects = objects;
    this.entries = entries;
  }

  /** Returns whether the line belongs to something of several lines, and is dealt with. */
  boolean take(byte[] buffer, int from, int to) {
    if (depth == 0 && !inList && entry == null) {
      return mayBegin(buffer, from, to) && begin(text(buffer, from, to));
    }
    String line = text(buffer, from, to);
    if (entry != null) {
      if (line.startsWith(FIELD_INDENT) || line.isBlank()) {
        field(line);
        return true;
      }
      finish();
      return mayBegin(buffer, from, to) && begin(line);
    }
    return goOn(line.strip());
  }

  /** Hands on an entry that the input's end completes, and forgets an object that is not whole. */
  void finish() {
    JournalEntry last = entry;
    entry = null;
    forgetObject();
    if (last != null) {
      entries.accept(last);
    }
  }

  private static String text(byte[] buffer, int from, int to) {
    return new String(buffer, from, to - from, StandardCharsets.ISO_8859_1);
  }

  /** Cheap, for it is asked of every line. */
  private static boolean mayBegin(byte[] buffer, int from, int to) {
    if (to - from == 1 || (to - from == 2 && buffer[from + 1] == '{')) {
      return buffer[from] == '{' || buffer[from] == '[';
    }
    return to > from && buffer[to - 1] == ']' && buffer[from] != '[';
  }

  private boolean begin(String line) {
    if (line.equals("{") || line.equals("[") || line.equals("[{")) {
      inList = line.startsWith("[");
      if (line.endsWith("{")) {
        depth = 1;
        object.append('{');
      }
      return true;
    }
    int cursor = line.indexOf(" [s=");
    if (cursor < 0 || line.indexOf(";i=", cursor) < 0) {
      return false;
    }
    entry = new JournalEntry();
    int time = line.indexOf(";t=", cursor);
    if (time >= 0) {
      int end = line.indexOf(';', time + 1);
      String hex = line.substring(time + 3, end < 0 ? line.length() - 1 : end);
      if (hex.matches("[0-9a-f]{1,15}")) {
        entry.put("__REALTIME_TIMESTAMP", Long.toString(Long.parseLong(hex, 16)));
      }
    }
    return true;
  }

  /** A field stands behind four blanks; with more, a line goes on with the text of one. */
  private void field(String line) {
    int equals = line.indexOf('=');
    if (entry != null && equals > FIELD_INDENT.length() && line.charAt(4) != ' ') {
      entry.put(line.substring(FIELD_INDENT.length(), equals), line.substring(equals + 1));
    }
  }

  private boolean goOn(String line) {
    if (!isJson(line) || object.length() + line.length() > MAX_CHARS) {
      forgetObject();
      return false;
    }
    boolean inText = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (inText) {
        i += c == '\\' ? 1 : 0;
        inText = c != '"';
        object.append(c);
        if (c == '\\' && i < line.length()) {
          object.append(line.charAt(i));
        }
        continue;
      }
      inText = c == '"';
      if (depth > 0 || c == '{') {
        object.append(c);
      }
      if (c == '{' || c == '[') {
        depth += depth > 0 || c == '{' ? 1 : 0;
        restartWithinDmesg();
      } else if ((c == '}' || c == ']') && depth > 0 && --depth == 0) {
        String whole = object.toString();
        object.setLength(0);
        objects.accept(whole);
      } else if (c == ']' && depth == 0) {
        inList = false;
      }
    }
    return true;
  }

  /** The kernel's log is one object; what is in its list is taken one by one. */
  private void restartWithinDmesg() {
    if (depth == 2 && object.length() == DMESG.length() && object.indexOf(DMESG) == 0) {
      depth = 0;
      inList = true;
      object.setLength(0);
    }
  }

  private void forgetObject() {
    depth = 0;
    inList = false;
    object.setLength(0);
  }

  /** Whether a line can be one of indented JSON; none of the forms of a log begins so. */
  private static boolean isJson(String line) {
    if (line.isEmpty() || line.equals("{") || line.equals("[") || line.charAt(0) == '"') {
      return true;
    }
    char first = line.charAt(0);
    if (first == '}' || first == ']') {
      return true;
    }
    return line.chars().allMatch(c -> (c >= '0' && c <= '9') || c == ',' || c == '.' || c == '-');
  }
}
