package io.seccompwatch.cli;

import io.seccompwatch.record.SeccompAction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * How things are shown to a person.
 *
 * @param zone in which times are shown
 * @param colour whether actions are coloured
 */
record Terminal(ZoneId zone, boolean colour) {

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSS");
  private static final String RED = "\u001b[31m";
  private static final String YELLOW = "\u001b[33m";
  private static final String DIM = "\u001b[2m";
  private static final String RESET = "\u001b[0m";

  /**
   * Whether actions are coloured when nobody said so: on a terminal, unless NO_COLOR is set.
   *
   * @param noColor the variable's value; empty is as good as unset
   * @param stdout the link that says what standard output is: Java's console would want standard
   *     input to be a terminal too
   */
  static boolean wantsColour(@Nullable String noColor, Path stdout) {
    try {
      String out = Files.readSymbolicLink(stdout).toString();
      boolean terminal = out.startsWith("/dev/pts/") || out.startsWith("/dev/tty");
      return terminal && (noColor == null || noColor.isEmpty());
    } catch (IOException e) {
      return false;
    }
  }

  String time(@Nullable Instant time) {
    return time == null ? "-" : TIME.format(time.atZone(zone));
  }

  /** The text in the action's colour: red kills, yellow denies, dim was only logged. */
  String coloured(SeccompAction action, String text) {
    if (!colour) {
      return text;
    }
    String start =
        switch (action) {
          case KILL_PROCESS, KILL_THREAD, UNKNOWN -> RED;
          case LOG, ALLOW -> DIM;
          default -> YELLOW;
        };
    return start + text + RESET;
  }

  /**
   * Text of a log line made fit to be printed: what could move the cursor, change colours or turn
   * the writing direction is shown as an escape.
   */
  static String safe(@Nullable String text) {
    if (text == null) {
      return "-";
    }
    boolean plain = text.chars().allMatch(c -> c >= ' ' && c < 0x7f);
    if (plain) {
      return text.isEmpty() ? "\"\"" : text;
    }
    StringBuilder safe = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              if (isPrintable(c)) {
                safe.appendCodePoint(c);
              } else {
                safe.append(c < 0x100 ? "\\x%02x".formatted(c) : "\\u%04x".formatted(c));
              }
            });
    return safe.toString();
  }

  /** Returns the beginning of a text, of the given number of characters, made fit to be printed. */
  static String excerpt(String text, int most) {
    return text.length() <= most ? safe(text) : safe(text.substring(0, most)) + "...";
  }

  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.UNASSIGNED,
          Character.PRIVATE_USE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
