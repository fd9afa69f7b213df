package io.seccompwatch.violation;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.record.SeccompRecord;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A syscall outside what a profile simply allows, with all that is known of it: the one value that
 * publishers take.
 *
 * @param record what the kernel wrote
 * @param time the record's stamp; for the form that has none, when it was read, or null when that
 *     says nothing of when it was written
 * @param source where it was read, {@code audit-log} say
 * @param node name of the node; null where nobody gave one
 * @param syscallName name of the call; null when the ABI's table has none
 * @param attribution whose it is
 */
public record Violation(
    SeccompRecord record,
    @Nullable Instant time,
    String source,
    @Nullable String node,
    @Nullable String syscallName,
    Attribution attribution) {

  /** Whether the call was blocked; false when it was only logged. */
  public boolean denied() {
    return record.action().denies();
  }

  /** The same, of whom more is known now. */
  public Violation with(Attribution better) {
    return new Violation(record, time, source, node, syscallName, better);
  }

  /** {@code denied} or {@code logged}. */
  public String verdict() {
    return denied() ? "denied" : "logged";
  }

  /** The call's name, or {@code unknown}: from a closed set, fit for a metric's label. */
  public String syscallLabel() {
    return syscallName == null ? "unknown" : syscallName;
  }
}
