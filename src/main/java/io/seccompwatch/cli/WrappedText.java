package io.seccompwatch.cli;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * What stood within a wrapper, as a line that may itself be wrapped.
 *
 * @param text the line, with one character (0 to 255) for each of its bytes
 * @param trusted false when its wrapper says that the line is a user program's, so that a record in
 *     it is rejected as of untrusted origin
 * @param timeless whether the line begins with {@link #NO_TIME}, which stands for no time at all
 */
record WrappedText(String text, boolean trusted, boolean timeless) {

  /** The header's stamp where the line's own time is not known: the form needs one. */
  static final String NO_TIME = "Jan  1 00:00:00 ";

  private static final DateTimeFormatter RFC_3339 =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  /**
   * Returns the message with the header of a syslog line.
   *
   * @param time null when it is not known
   * @param host left out when it is null or no word
   */
  static WrappedText syslog(
      @Nullable Instant time, @Nullable String host, String tag, String message, boolean trusted) {
    String stamp = time == null ? NO_TIME : stamp(time);
    boolean word = host != null && host.matches("[!-~]{0,254}[!-9;-~]");
    return new WrappedText(
        stamp + (word ? host + " " : "") + tag + ": " + message, trusted, time == null);
  }

  /** Returns a time as the beginning of a syslog line, the blank behind it included. */
  static String stamp(Instant time) {
    return RFC_3339.format(time) + " ";
  }
}
