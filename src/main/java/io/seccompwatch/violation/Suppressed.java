package io.seccompwatch.violation;

import io.seccompwatch.attribution.Attribution;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How many violations of one container, or of several, the violations log left out without counting
 * them in the field {@code suppressed} of a line. In a log of the agent the number of violations is
 * the number of their lines, plus the sum of {@code suppressed} on those lines, plus the sum of
 * {@code suppressed} on the lines of this schema. Immutable.
 *
 * @param time when the agent reports it
 * @param node name of the node; null where none is known
 * @param attribution the container, pod, host or unknown that the violations are of; null when they
 *     are of several
 * @param denied how many of them were blocked
 * @param logged how many of them were allowed and logged
 */
public record Suppressed(
    Instant time,
    @Nullable String node,
    @Nullable Attribution attribution,
    long denied,
    long logged) {

  /** The schema's name and version. */
  public static final String SCHEMA = "seccomp-watch/suppressed/v1";

  /** How many violations were left out. */
  public long count() {
    return denied + logged;
  }
}
