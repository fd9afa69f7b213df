package io.seccompwatch.cli;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.format.TextStyle;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the times that log lines bear. A time that cannot be told for certain is null, but for RFC
 * 3164's, which leaves out year and zone: there the year is chosen that brings the line nearest to
 * a moment of reference, and the zone is given.
 */
final class LineTimes {

  private static final List<String> MONTHS =
      List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
  private static final Pattern RFC_3164 =
      Pattern.compile(
          "(?:<\\d{1,3}>)?([A-Za-z]{3})[a-z]{0,6}\\.? {1,2}(\\d{1,2}) (\\d\\d:\\d\\d:\\d\\d)"
              + "(?:\\.(\\d{1,9}))?(?: |$)");
  private static final Pattern OFFSET = Pattern.compile("([+-])(\\d\\d):?(\\d\\d)?");
  private static final Set<String> UTC = Set.of("UTC", "GMT", "Z");

  private LineTimes() {}

  /**
   * Returns the time of a traditional syslog line.
   *
   * @param reference a moment near which the line was written
   * @return null when the line does not begin so, or its month has no English name
   */
  static @Nullable Instant rfc3164(String line, Instant reference, ZoneId zone) {
    Matcher stamp = RFC_3164.matcher(line);
    if (!stamp.lookingAt()) {
      return null;
    }
    int month = MONTHS.indexOf(stamp.group(1).toLowerCase(Locale.ROOT)) + 1;
    if (month == 0) {
      return null;
    }
    int thisYear = reference.atZone(zone).getYear();
    Instant nearest = null;
    for (int year = thisYear - 1; year <= thisYear + 1; year++) {
      Instant there;
      try {
        LocalDate date = LocalDate.of(year, month, Integer.parseInt(stamp.group(2)));
        LocalTime time = LocalTime.parse(stamp.group(3)).plusNanos(nanos(stamp.group(4)));
        there = date.atTime(time).atZone(zone).toInstant();
      } catch (DateTimeException e) {
        continue; // the 29th of February in most years, for one
      }
      if (nearest == null || distance(there, reference) < distance(nearest, reference)) {
        nearest = there;
      }
    }
    return nearest;
  }

  private static long distance(Instant a, Instant b) {
    return Math.abs(a.getEpochSecond() - b.getEpochSecond());
  }

  /**
   * Returns the time that journalctl's {@code short-full} prints.
   *
   * @param zoneName {@code UTC}, an offset, or an abbreviation, which says something only where it
   *     is the one of the given zone at that time
   */
  static @Nullable Instant dated(String date, String clock, String zoneName, ZoneId zone) {
    try {
      LocalDateTime local = LocalDate.parse(date).atTime(LocalTime.parse(clock));
      if (UTC.contains(zoneName)) {
        return local.toInstant(ZoneOffset.UTC);
      }
      Matcher offset = OFFSET.matcher(zoneName);
      if (offset.matches()) {
        String minutes = offset.group(3) == null ? "00" : offset.group(3);
        return local.toInstant(ZoneOffset.of(offset.group(1) + offset.group(2) + ":" + minutes));
      }
      ZonedDateTime here = local.atZone(zone);
      String name = DateTimeFormatter.ofPattern("zzz", Locale.US).format(here);
      return name.equals(zoneName) || shortName(zone).equals(zoneName) ? here.toInstant() : null;
    } catch (DateTimeException e) {
      return null;
    }
  }

  private static String shortName(ZoneId zone) {
    return zone.getDisplayName(TextStyle.SHORT, Locale.US);
  }

  /** Returns the time of seconds since the epoch with their fraction, both in digits. */
  static @Nullable Instant epoch(String seconds, String fraction) {
    try {
      return Instant.ofEpochSecond(Long.parseLong(seconds), nanos(fraction));
    } catch (DateTimeException | NumberFormatException e) {
      return null;
    }
  }

  /** Returns the time of microseconds since the epoch, as the journal counts it. */
  static @Nullable Instant micros(@Nullable String text, int radix) {
    try {
      long micros = text == null ? -1 : Long.parseLong(text, radix);
      return micros <= 0
          ? null
          : Instant.ofEpochSecond(micros / 1_000_000, micros % 1_000_000 * 1_000);
    } catch (DateTimeException | NumberFormatException e) {
      return null;
    }
  }

  /** Returns the time of an RFC 3339 text; null for any other. */
  static @Nullable Instant iso(@Nullable String text) {
    try {
      return text == null ? null : ZonedDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  private static long nanos(@Nullable String digits) {
    if (digits == null || digits.isEmpty()) {
      return 0;
    }
    return Long.parseLong((digits + "000000000").substring(0, 9));
  }
}
