package io.seccompwatch.pipeline;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.Inference;
import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.PodDirectory.Naming;
import io.seccompwatch.attribution.RuntimeNames;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says what is known of a violation's process, pod and workload at a moment, and whether it is
 * worth to wait for more. Thread-safe but for {@link #again}, which {@link PendingViolations}
 * guards.
 */
public final class WorkloadResolver {

  /** A violation as far as it is known, and whether it is worth to wait for more. */
  record Look(Violation violation, boolean mayImprove) {}

  /** The reasons for which nobody is known, and from the outside something may be concluded. */
  private static final Set<AttributionReason> INFERABLE =
      EnumSet.of(
          AttributionReason.PROCESS_GONE,
          AttributionReason.PID_REUSED,
          AttributionReason.PID_REUSE_POSSIBLE,
          AttributionReason.NO_PERMISSION);

  /** When the API server has been away so long, waiting for it would only delay. */
  private static final Duration AWAY = Duration.ofSeconds(10);

  /** The longest wait for a file of the node; they are small, and mostly in memory. */
  private static final Duration FILE_PATIENCE = Duration.ofSeconds(2);

  private final @Nullable PodDirectory pods;
  private final RuntimeNames runtime;
  private final @Nullable Inference inference;
  private final ThreadAttributor attributor;
  private final Clock clock;

  /**
   * Asks the following.
   *
   * @param pods this node's pods; null without Kubernetes
   * @param runtime the names that stand in for those of the pods
   * @param attributor looks for the process again
   */
  public WorkloadResolver(
      @Nullable PodDirectory pods, RuntimeNames runtime, ThreadAttributor attributor, Clock clock) {
    this.pods = pods;
    this.runtime = runtime;
    this.inference = pods == null ? null : new Inference(pods, clock);
    this.attributor = attributor;
    this.clock = clock;
  }

  /** A number that changes when a look may tell more than before. */
  long version() {
    return runtime.version() + (pods == null ? 0 : pods.version());
  }

  /**
   * The violation with its process looked for once more, and whether that may be worth it again.
   */
  Look again(Violation violation) {
    Instant time = violation.time();
    Attribution found =
        attributor.attribute(violation.record(), time == null ? clock.instant() : time);
    return new Look(violation.with(found), attributor.mayImprove(violation.record()));
  }

  /** Takes note of a violation whose process has been looked for to the end; each one once. */
  void observe(Violation violation) {
    Instant time = violation.time();
    boolean foreign = violation.attribution().reason() == AttributionReason.FOREIGN_NODE;
    if (inference != null && time != null && !foreign) {
      inference.observe(violation.record(), time, violation.attribution());
    }
  }

  /** Records are known to be lost: what is concluded from those that are there may be wrong. */
  void lost() {
    if (inference != null) {
      inference.lost();
    }
  }

  /**
   * What is known now.
   *
   * @param conclude whether it has waited as long as others' evidence may take, so that something
   *     may be concluded from there being no other
   */
  Look look(Violation violation, boolean conclude) {
    if (pods == null) {
      return withRuntimeNames(violation, false);
    }
    Violation known = isUnknown(violation) ? inferred(violation, conclude) : violation;
    if (isUnknown(known)) {
      return new Look(known, mayEnd(known) && isInTouch(pods));
    }
    Naming naming = pods.name(known.attribution());
    return withRuntimeNames(
        known.with(naming.attribution()), naming.mayImprove() && isInTouch(pods));
  }

  /** Adds the names that the API server does not give, or not yet. */
  private Look withRuntimeNames(Violation violation, boolean mayImprove) {
    Attribution found = violation.attribution();
    String id = found.containerId();
    if (id == null || isNamed(found) || isOfTenant(found)) {
      return new Look(violation, mayImprove);
    }
    return switch (runtime.of(id)) {
      case RuntimeNames.RuntimeName.Given named ->
          new Look(violation.with(named.addTo(found)), mayImprove);
      case RuntimeNames.RuntimeName.Pending _ -> new Look(violation, true);
      case RuntimeNames.RuntimeName.Unknown _ -> new Look(violation, mayImprove);
    };
  }

  /** Returns true if a user of the node chose the id, which may be another container's. */
  private static boolean isOfTenant(Attribution found) {
    return found.reason() == AttributionReason.TENANT_CGROUP;
  }

  private static boolean isNamed(Attribution found) {
    Workload names = found.workload();
    return names != null && names.container() != null;
  }

  /** Returns an attribution with the names that are known now. */
  public Attribution name(Attribution found) {
    Attribution named = pods == null ? found : pods.name(found).attribution();
    String id = named.containerId();
    return id != null
            && !isNamed(named)
            && !isOfTenant(named)
            && runtime.of(id) instanceof RuntimeNames.RuntimeName.Given names
        ? names.addTo(named)
        : named;
  }

  /** Whether a container's end may tell whose it was. */
  private boolean mayEnd(Violation violation) {
    Instant time = violation.time();
    return inference != null
        && time != null
        && isUnknown(violation)
        && isInferable(violation)
        && inference.mayConclude(violation.record(), time);
  }

  private Violation inferred(Violation violation, boolean conclude) {
    Instant time = violation.time();
    if (inference == null || time == null || !isInferable(violation)) {
      return violation;
    }
    Attribution by = inference.byLabel(violation.record(), time);
    if (by == null && conclude) {
      by = inference.byTermination(violation.record(), time);
    }
    return by == null ? violation : violation.with(by);
  }

  /** When the API server has long been away, waiting for it would only delay. */
  private boolean isInTouch(PodDirectory pods) {
    Instant since = pods.outOfTouchSince();
    return since == null || clock.instant().isBefore(since.plus(AWAY));
  }

  /**
   * How long it may wait from now on: of an old record the pod has told all that it will, but what
   * is concluded from the outside needs the records that come after it.
   */
  long waitMillis(Violation violation, Duration patience) {
    Instant time = violation.time();
    if (pods == null) {
      return Math.min(patience.toMillis(), FILE_PATIENCE.toMillis());
    }
    if (time == null || !pods.synced() || isUnknown(violation)) {
      return patience.toMillis();
    }
    return patience.toMillis() - Math.max(0, clock.millis() - time.toEpochMilli());
  }

  private static boolean isUnknown(Violation violation) {
    return violation.attribution().outcome() == Outcome.UNKNOWN;
  }

  private static boolean isInferable(Violation violation) {
    return INFERABLE.contains(
        Objects.requireNonNullElse(
            violation.attribution().reason(), AttributionReason.INTERNAL_ERROR));
  }

  /** Finds whose process a record tells of; for one thread at a time. */
  public interface ThreadAttributor {

    /**
     * Whose it is, as far as can be told now.
     *
     * @param written for a record without a stamp, when it was written or else read
     */
    Attribution attribute(SeccompRecord record, Instant written);

    /** Whether a later call may tell more of the record that was asked about last. */
    boolean mayImprove(SeccompRecord record);

    /**
     * Takes note of a record of a canary that this agent has just fired: its PID is the agent's
     * own.
     *
     * @param comm the canary's name
     */
    default void judgeByCanary(String comm, SeccompRecord record) {}
  }
}
