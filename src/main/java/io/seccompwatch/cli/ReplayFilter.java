package io.seccompwatch.cli;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which violations {@code replay} shows. An empty list of wanted values means any.
 *
 * @param since the first moment; null for any
 * @param until the first moment that is too late; null for none
 */
record ReplayFilter(
    @Nullable Instant since,
    @Nullable Instant until,
    List<String> syscalls,
    List<String> actions,
    List<String> archs,
    List<String> comms,
    List<String> exes,
    List<String> namespaces,
    List<String> pods)
    implements Predicate<Violation> {

  @Override
  public boolean test(Violation violation) {
    Workload workload = violation.attribution().workload();
    return inTime(violation.time())
        && (has(syscalls, violation.syscallName())
            || has(syscalls, violation.record().syscallText()))
        && has(actions, violation.record().action().label())
        && has(archs, violation.record().arch().label())
        && has(comms, violation.record().comm())
        && has(exes, violation.record().exe())
        && has(namespaces, workload == null ? null : workload.namespace())
        && has(pods, workload == null ? null : workload.pod());
  }

  /** Whether a sum of suppressed violations is shown; it has neither calls nor programs. */
  boolean test(Suppressed sum) {
    Attribution of = sum.attribution();
    Workload workload = of == null ? null : of.workload();
    return inTime(sum.time())
        && Stream.of(syscalls, actions, archs, comms, exes).allMatch(List::isEmpty)
        && has(namespaces, workload == null ? null : workload.namespace())
        && has(pods, workload == null ? null : workload.pod());
  }

  private boolean inTime(@Nullable Instant time) {
    if (since == null && until == null) {
      return true;
    }
    return time != null
        && (since == null || !time.isBefore(since))
        && (until == null || time.isBefore(until));
  }

  private static boolean has(List<String> wanted, @Nullable String value) {
    return wanted.isEmpty() || (value != null && wanted.contains(value));
  }

  /**
   * A moment as people write it: {@code 2026-11-22T10:20:00Z}, {@code 2026-11-22 10:20}, {@code
   * 2026-11-22}, or {@code 30m} for so long ago.
   *
   * @return the moment, or null when it is none of these
   */
  static @Nullable Instant moment(String text, ZoneId zone, Clock clock) {
    String iso = text.strip().replace(' ', 'T');
    try {
      if (iso.matches("\\d{1,6}[smhd]")) {
        String period = iso.endsWith("d") ? "P" + iso : "PT" + iso;
        return clock.instant().minus(Duration.parse(period.toUpperCase(Locale.ROOT)));
      }
      if (iso.length() == "2026-11-22".length()) {
        return LocalDate.parse(iso).atStartOfDay(zone).toInstant();
      }
      boolean zoned = iso.endsWith("Z") || iso.lastIndexOf('+') > 10 || iso.lastIndexOf('-') > 10;
      return zoned
          ? OffsetDateTime.parse(iso).toInstant()
          : LocalDateTime.parse(iso).atZone(zone).toInstant();
    } catch (DateTimeException e) {
      return null;
    }
  }
}
