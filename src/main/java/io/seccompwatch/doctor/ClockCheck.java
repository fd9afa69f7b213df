package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether the wall clock can be the one that stamps records: {@code btime} of {@code <proc>/stat}
 * is when the machine booted, {@code <proc>/uptime} for how long it has run.
 */
record ClockCheck(NodeFiles node, InstantSource clock) implements Check {

  /** This program is younger. */
  private static final Instant OLDEST = Instant.parse("2025-01-01T00:00:00Z");

  private static final Duration TOLERANCE = Duration.ofSeconds(5);

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    Long booted = number("stat", "btime ");
    Long uptime = number("uptime", "");
    if (now.isBefore(OLDEST)) {
      findings.add(
          Finding.problem(
              Section.CLOCK, "time", "it is " + now + " here", "set the node's clock: run NTP"));
    }
    if (booted == null || uptime == null) {
      findings.add(
          Finding.unknown(
              Section.CLOCK, "boot", node.proc() + ": no stat or no uptime", "give --proc"));
      return findings;
    }
    Duration apart = Duration.between(Instant.ofEpochSecond(booted).plusSeconds(uptime), now).abs();
    findings.add(
        apart.compareTo(TOLERANCE) <= 0
            ? Finding.ok(
                Section.CLOCK, "boot", "booted " + Instant.ofEpochSecond(booted) + ", now " + now)
            : Finding.problem(
                Section.CLOCK,
                "boot",
                "the clocks since boot and of the wall are " + apart.toSeconds() + " s apart",
                "run in the node's time namespace, and give the node's procfs with --proc"));
    return findings;
  }

  /** The whole number after a prefix at the beginning of a line. */
  private @Nullable Long number(String file, String prefix) {
    for (String line : node.proc(file).lines()) {
      if (line.startsWith(prefix)) {
        int end = prefix.length();
        while (end < line.length() && Character.isDigit(line.charAt(end))) {
          end++;
        }
        try {
          return Long.valueOf(line.substring(prefix.length(), end));
        } catch (NumberFormatException e) {
          return null;
        }
      }
    }
    return null;
  }
}
