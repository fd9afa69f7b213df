package io.seccompwatch.attribution;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How the process events are doing. Immutable.
 *
 * @param active whether they come
 * @param reason why they do not; null while they do
 * @param bufferBytes the receive buffer as the kernel counts it, 0 when there is none
 * @param counts the ledger's figures; zeros when there is none
 * @param crowdedBy the container of {@link ProcessEventHistory.Counts#crowdedBy}; null when there
 *     is none
 */
public record ProcessEventsStatus(
    boolean active,
    @Nullable String reason,
    int bufferBytes,
    ProcessEventHistory.Counts counts,
    @Nullable Attribution crowdedBy) {

  /** The state of a ledger, without names. */
  static ProcessEventsStatus of(
      boolean active, @Nullable String reason, int bufferBytes, ProcessEventHistory.Counts counts) {
    CgroupOwner.InContainer owner = counts.crowdedBy();
    return new ProcessEventsStatus(
        active,
        reason,
        bufferBytes,
        counts,
        owner == null ? null : Attribution.of(owner, Attribution.Evidence.HISTORY));
  }

  /** The same with the names of its container. */
  public ProcessEventsStatus named(UnaryOperator<Attribution> names) {
    return new ProcessEventsStatus(
        active, reason, bufferBytes, counts, crowdedBy == null ? null : names.apply(crowdedBy));
  }

  /** The container that crowds out others' processes, in words; null when there is none. */
  public @Nullable String crowd() {
    if (crowdedBy == null) {
      return null;
    }
    Workload names = crowdedBy.workload();
    String container = crowdedBy.containerId() + " of pod " + crowdedBy.podUid();
    return names == null
        ? container
        : names.namespace()
            + "/"
            + names.pod()
            + (names.container() == null ? "" : "/" + names.container())
            + " ("
            + container
            + ")";
  }

  /** There are none, for a reason. */
  public static ProcessEventsStatus none(String reason) {
    return of(false, reason, 0, ProcessEventHistory.Counts.NONE);
  }
}
