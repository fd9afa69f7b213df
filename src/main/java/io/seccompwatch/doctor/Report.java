package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/**
 * All that was found.
 *
 * @param time when
 * @param node the node's name, or {@code unknown}
 * @param kernel the kernel's release, or {@code unknown}
 * @param version this program's version
 * @param findings in the order of {@link Section}, within one as they were found
 * @param canary the sources that were listened to, and how the canary fared there
 * @param verdict whether denials are seen
 */
public record Report(
    Instant time,
    String node,
    String kernel,
    String version,
    List<Finding> findings,
    List<CanaryResult> canary,
    Verdict verdict) {

  /** Orders the findings. */
  public Report {
    findings = findings.stream().sorted(Comparator.comparing(Finding::section)).toList();
    canary = List.copyOf(canary);
  }
}
