package io.seccompwatch.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Reads the values of options; each names its option when it cannot. */
public final class ConfigValues {

  private static final Duration MAX_DURATION = Duration.ofDays(365);

  private ConfigValues() {}

  /**
   * A path.
   *
   * @throws ConfigException when it is empty or none
   */
  public static Path path(String option, String text) {
    try {
      if (text.isEmpty()) {
        throw new ConfigException(option, "no path", "give a path");
      }
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new ConfigException(option, "'" + text + "' is no path", "give a path");
    }
  }

  /**
   * {@code 250ms}, {@code 30s}, {@code 5m}, {@code 1h}, {@code 1d}.
   *
   * @throws ConfigException when it is none of these, or more than a year
   */
  public static Duration duration(String option, String text) {
    int digits = 0;
    while (digits < text.length() && Character.isDigit(text.charAt(digits))) {
      digits++;
    }
    long unitMillis =
        switch (text.substring(digits)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          case "h" -> 3_600_000;
          case "d" -> 86_400_000;
          default -> 0;
        };
    if (digits == 0 || digits > 9 || unitMillis == 0) {
      throw new ConfigException(
          option, "'" + text + "' is no duration", "give a number and a unit, 30s, 5m or 1h say");
    }
    Duration duration = Duration.ofMillis(Long.parseLong(text.substring(0, digits)) * unitMillis);
    if (duration.isZero() || duration.compareTo(MAX_DURATION) > 0) {
      throw new ConfigException(option, "'" + text + "' is out of range", "give 1ms to 365d");
    }
    return duration;
  }

  static int number(String option, String text, int min, int max) {
    try {
      int number = Integer.parseInt(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, as for a number out of range
    }
    throw new ConfigException(
        option, "'" + text + "'", "give a whole number from " + min + " to " + max);
  }

  /** One of an enum's constants, spelled in lower case with {@code -} for {@code _}. */
  static <E extends Enum<E>> E choice(String option, String text, List<E> choices) {
    for (E choice : choices) {
      if (spelled(choice).equals(text)) {
        return choice;
      }
    }
    String known = String.join(", ", choices.stream().map(ConfigValues::spelled).toList());
    throw new ConfigException(option, "unknown value '" + text + "'", "give one of " + known);
  }

  static <E extends Enum<E>> E choice(String option, String text, E[] choices) {
    return choice(option, text, Arrays.asList(choices));
  }

  private static String spelled(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
