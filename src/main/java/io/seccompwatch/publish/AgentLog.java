package io.seccompwatch.publish;

import io.seccompwatch.linux.IoReason;
import io.seccompwatch.violation.ViolationJson;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The agent's own log: few lines, {@code key=value}, one a minute of a kind. Thread-safe.
 *
 * <p>What a line says may come from a file name or a kernel message, so control characters are
 * replaced and quotes escaped.
 */
public final class AgentLog {

  private static final Duration REPEAT = Duration.ofMinutes(1);
  private static final int MAX_KINDS = 256;
  private static final int MAX_VALUE = 1_000;

  private static final class Kind {
    long lastMillis;
    long suppressed;
  }

  private final PrintStream out;
  private final Clock clock;
  private final Map<String, Kind> kinds = new HashMap<>();

  public AgentLog(PrintStream out, Clock clock) {
    this.out = out;
    this.clock = clock;
  }

  /** Says that something is as it should be. */
  public void info(String message, Object... keysAndValues) {
    write("info", message, keysAndValues);
  }

  /** Says that something is not as it should be, and what it means or wants. */
  public void warn(String message, Object... keysAndValues) {
    write("warn", message, keysAndValues);
  }

  private void write(String level, String message, Object... keysAndValues) {
    StringBuilder kind = new StringBuilder(message);
    if (keysAndValues.length > 1) {
      kind.append('=').append(keysAndValues[1]);
    }
    long suppressed = admit(kind.toString());
    if (suppressed < 0) {
      return;
    }
    StringBuilder line = new StringBuilder(160);
    line.append("time=")
        .append(ViolationJson.format(clock.instant()))
        .append(" level=")
        .append(level);
    append(line, "msg", message);
    for (int i = 0; i + 1 < keysAndValues.length; i += 2) {
      append(line, String.valueOf(keysAndValues[i]), inWords(keysAndValues[i + 1]));
    }
    if (suppressed > 0) {
      append(line, "suppressed", Long.toString(suppressed));
    }
    out.println(line);
  }

  /** Only a defect is told with its class: it is for the developers. */
  private static String inWords(Object value) {
    return value instanceof IOException failure ? IoReason.inWords(failure) : String.valueOf(value);
  }

  /** How many of the kind were left out since its last line; -1 when this one is to be, too. */
  private synchronized long admit(String name) {
    long now = clock.millis();
    Kind kind = kinds.get(name);
    if (kind == null) {
      if (kinds.size() >= MAX_KINDS) {
        kinds.clear();
      }
      kind = new Kind();
      kinds.put(name, kind);
    } else if (Math.abs(now - kind.lastMillis) < REPEAT.toMillis()) {
      kind.suppressed++;
      return -1;
    }
    long suppressed = kind.suppressed;
    kind.lastMillis = now;
    kind.suppressed = 0;
    return suppressed;
  }

  private static void append(StringBuilder line, String key, String value) {
    line.append(' ').append(key).append('=');
    String bounded = value.length() > MAX_VALUE ? value.substring(0, MAX_VALUE) + "…" : value;
    boolean bare =
        !bounded.isEmpty() && bounded.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '"');
    if (bare) {
      line.append(bounded);
      return;
    }
    line.append('"');
    bounded
        .codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                line.append('\\').append((char) c);
              } else {
                line.appendCodePoint(isPrintable(c) ? c : '?');
              }
            });
    line.append('"');
  }

  /** What neither ends the line nor moves the cursor nor turns the direction of the writing. */
  private static boolean isPrintable(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
