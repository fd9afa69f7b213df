package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts in words how a running agent is doing, by its own metrics.
 *
 * @param samples the metrics
 * @param asked when they were asked for, by this machine's clock
 */
record AgentFindings(AgentSamples samples, Instant asked) {

  /** An agent judges a firing after ten seconds; some more for a node that is busy. */
  private static final double LATE = 15;

  static final String CANARY = "canary";
  private static final String LOOK =
      "run seccomp-watch doctor in the agent's pod: it says what stands in the way";

  /** In the order of a record's way. */
  List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    samples.series(AgentSamples.UP).forEach((source, up) -> findings.add(source(source, up)));
    findings.add(canary());
    samples
        .series(AgentSamples.SOURCE_CANARY)
        .forEach((source, at) -> findings.add(canary(source, at)));
    containers().ifPresent(findings::add);
    findings.add(lost());
    findings.add(series());
    return findings;
  }

  /** Whether the first canary is still on its way. */
  boolean isPending() {
    Double last = samples.value(AgentSamples.CANARY);
    return last != null && last == 0 && samples.count(AgentSamples.MISSED) == 0;
  }

  private static Finding source(String source, double up) {
    return up == 1
        ? Finding.ok(Section.AGENT, "source " + source, "up")
        : Finding.blind(
            Section.AGENT, "source " + source, "cannot be read", "see its reason at /readyz");
  }

  private Finding canary() {
    Double last = samples.value(AgentSamples.CANARY);
    String firings =
        "missed %.0f of %.0f"
            .formatted(samples.count(AgentSamples.MISSED), samples.count(AgentSamples.FIRED));
    if (last == null) {
      return Finding.note(
          Section.AGENT,
          CANARY,
          "switched off: nothing proves that a denial would be seen",
          "start the agent with --canary 5m");
    }
    if (last == 0) {
      String what = isPending() ? "not seen yet" : "never seen";
      return Finding.blind(Section.AGENT, CANARY, what + ", " + firings, LOOK);
    }
    String seen = "seen " + ago(last) + " ago, " + firings;
    return isLate(last)
        ? Finding.blind(Section.AGENT, CANARY, "last " + seen, LOOK)
        : Finding.ok(Section.AGENT, CANARY, seen);
  }

  /** One that is not seen there is no fault by itself: auditd silences the kernel's log. */
  private Finding canary(String source, double last) {
    String subject = CANARY + " " + source;
    if (last == 0) {
      return Finding.note(Section.AGENT, subject, "never seen", null);
    }
    String seen = "seen " + ago(last) + " ago";
    return isLate(last)
        ? Finding.note(Section.AGENT, subject, "last " + seen, null)
        : Finding.ok(Section.AGENT, subject, seen);
  }

  /** Whether two firings have passed since; how often it is fired shows from how often it was. */
  private boolean isLate(double last) {
    double uptime = samples.count(AgentSamples.UPTIME);
    double fired = samples.count(AgentSamples.FIRED);
    return fired >= 2 && now() - last > 2 * uptime / (fired - 1) + LATE;
  }

  /** Containers whose posture the agent knows. */
  int known() {
    return samples.series(AgentSamples.VISIBLE).size();
  }

  /** Containers of these whose denials are not certainly written down. */
  int silent() {
    return known() - (int) samples.sum(AgentSamples.VISIBLE);
  }

  private Optional<Finding> containers() {
    if (known() == 0) {
      return Optional.empty();
    }
    String what = Verdict.unseen(silent(), known());
    return Optional.of(
        silent() == 0
            ? Finding.ok(Section.AGENT, "containers", what)
            : Finding.problem(
                Section.AGENT,
                "containers",
                what,
                "/api/v1/status of the agent names each and says why"));
  }

  private Finding lost() {
    double lost = samples.sum(AgentSamples.LOST);
    if (lost == 0) {
      return Finding.ok(Section.AGENT, "lost", "no record is known to be lost");
    }
    List<String> by = new ArrayList<>();
    for (Map.Entry<String, Double> series : samples.series(AgentSamples.LOST).entrySet()) {
      if (series.getValue() > 0) {
        by.add("%s %.0f".formatted(series.getKey(), series.getValue()));
      }
    }
    return Finding.problem(
        Section.AGENT,
        "lost",
        "%.0f records since its start: %s".formatted(lost, String.join(", ", by)),
        "see src/docs/visibility.md for what loses records");
  }

  private Finding series() {
    double beyond = samples.sum(AgentSamples.OVERFLOW);
    return beyond == 0
        ? Finding.ok(Section.AGENT, "series", "below the cap")
        : Finding.problem(
            Section.AGENT,
            "series",
            "%.0f increments beyond the cap are counted as other".formatted(beyond),
            "raise --series-limit, or mend what is denied that often");
  }

  private String ago(double seconds) {
    long ago = Math.max(0, Math.round(now() - seconds));
    Duration duration = Duration.ofSeconds(ago);
    return ago < 120
        ? ago + " s"
        : ago < 7_200 ? duration.toMinutes() + " min" : duration.toHours() + " h";
  }

  /** By the agent's clock, when it can be told: that of this machine may be another one. */
  private double now() {
    @Nullable Double started = samples.value(AgentSamples.STARTED);
    @Nullable Double uptime = samples.value(AgentSamples.UPTIME);
    return started == null || uptime == null ? asked.getEpochSecond() : started + uptime;
  }
}
