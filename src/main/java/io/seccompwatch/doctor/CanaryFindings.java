package io.seccompwatch.doctor;

import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.doctor.CanaryTrial.Outcome;
import io.seccompwatch.doctor.CanaryTrial.SourceOutcome;
import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.record.AuditStamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Puts what came of the canary in words. */
record CanaryFindings(Outcome outcome, boolean ownKey, boolean agentRuns) {

  private static final Duration CLOCKS_APART = Duration.ofSeconds(2);

  /** How it fared at each source. */
  List<CanaryResult> heard(Function<SourceOutcome, CanaryDiagnosis.Reason> silence) {
    return outcome.sources().stream().map(source -> heard(source, silence)).toList();
  }

  private CanaryResult heard(
      SourceOutcome source, Function<SourceOutcome, CanaryDiagnosis.Reason> silence) {
    CanaryListener.Note note = source.note();
    boolean open = source.problem() == null;
    Long delay = note == null ? null : note.delayNanos() / 1_000_000;
    String why = null;
    if (note == null) {
      why =
          !open
              ? source.problem()
              : outcome.unavailable() != null ? "not fired" : silence.apply(source).text();
    }
    return new CanaryResult(
        source.chosen().kind().label(), source.chosen().path().toString(), open, delay, why);
  }

  /** Whether any source brought it. */
  boolean anyHeard() {
    return outcome.sources().stream().anyMatch(source -> source.note() != null);
  }

  /** Whether a source of this kind brought it. */
  boolean heardBy(Kind kind) {
    return outcome.sources().stream()
        .anyMatch(source -> source.note() != null && source.chosen().kind() == kind);
  }

  /** In words, source by source. */
  List<Finding> findings(Function<SourceOutcome, CanaryDiagnosis.Reason> silence) {
    List<Finding> findings = new ArrayList<>();
    if (outcome.unavailable() != null) {
      findings.add(
          Finding.problem(
              Section.CANARY,
              "fire",
              "nothing could be tried: " + outcome.unavailable(),
              "run under the profile RuntimeDefault"));
    } else if (!ownKey && agentRuns) {
      findings.add(
          Finding.note(
              Section.CANARY,
              "key",
              "the running agent's key cannot be read: it counts this canary as a logged call",
              null));
    }
    for (SourceOutcome source : outcome.sources()) {
      findings.add(finding(source, silence));
    }
    Finding clocks = clocks();
    if (clocks != null) {
      findings.add(clocks);
    }
    return findings;
  }

  private Finding finding(
      SourceOutcome source, Function<SourceOutcome, CanaryDiagnosis.Reason> silence) {
    String name = source.chosen().kind().label();
    CanaryListener.Note note = source.note();
    if (note != null) {
      return Finding.ok(
          Section.CANARY, name, "seen after " + note.delayNanos() / 1_000_000 + " ms");
    }
    if (source.problem() != null) {
      return Finding.problem(
          Section.CANARY, name, "not open: " + source.problem(), "see this source above");
    }
    if (outcome.unavailable() != null) {
      return Finding.unknown(Section.CANARY, name, "not tried", null);
    }
    CanaryDiagnosis.Reason reason = silence.apply(source);
    String remedy = reason.remedy();
    return remedy == null
        ? Finding.ok(Section.CANARY, name, "not seen; " + reason.text())
        : Finding.problem(Section.CANARY, name, "not seen: " + reason.text(), remedy);
  }

  /** Whether the kernel stamps by the clock that this process reads. */
  private @Nullable Finding clocks() {
    for (SourceOutcome source : outcome.sources()) {
      CanaryListener.Note note = source.note();
      AuditStamp stamp = note == null ? null : note.stamp();
      if (note != null && stamp != null) {
        Duration apart = Duration.between(note.fired(), stamp.time()).abs();
        return apart.compareTo(CLOCKS_APART) <= 0
            ? Finding.ok(Section.CLOCK, "stamps", "the kernel's agree with this clock")
            : Finding.problem(
                Section.CLOCK,
                "stamps",
                "the kernel's are " + apart.toSeconds() + " s away from this clock",
                "run in the node's time namespace, with the node's clock");
      }
    }
    return null;
  }
}
