package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/**
 * Whom a record belongs to, and how that is known. Immutable.
 *
 * @param outcome what is named
 * @param by the evidence for it, null when there is none
 * @param reason why it is not better, null when there is nothing to better
 * @param podUid the pod's UID as the kubelet knows it, null when no pod is named; for a static pod
 *     not the UID of its mirror in the API
 * @param containerId {@code <runtime>://<id>}, or the bare id when the runtime is not known; null
 *     when no container is named
 * @param workload the names that Kubernetes knows; null until an index of pods has added them
 */
public record Attribution(
    Outcome outcome,
    @Nullable Evidence by,
    @Nullable AttributionReason reason,
    @Nullable String podUid,
    @Nullable String containerId,
    @Nullable Workload workload) {

  /** What an attribution names; a closed set, used as a label. */
  public enum Outcome {
    /** A container, with its pod when that is known. */
    CONTAINER("container"),
    /** A pod only. */
    POD("pod"),
    /** A process outside every container. */
    HOST("host"),
    /** Nobody: the reason says why. */
    UNKNOWN("unknown");

    private final String label;

    Outcome(String label) {
      this.label = label;
    }

    /** The name that users see. */
    public String label() {
      return label;
    }
  }

  /** How an attribution is known; a closed set, used as a label. */
  public enum Evidence {
    /** The process itself was read. */
    PROCFS("procfs"),
    /** It had been seen before, and its PID cannot have changed hands since. */
    HISTORY("history"),
    /** Its parent is known. */
    PARENT("parent"),
    /** Its SELinux label is that of one pod only. */
    LABEL("label"),
    /** One container only ended by SIGSYS at that time. */
    TERMINATION("termination");

    private final String label;

    Evidence(String label) {
      this.label = label;
    }

    /** The name that users see. */
    public String label() {
      return label;
    }
  }

  /** Nobody, for a reason. */
  public static Attribution unknown(AttributionReason reason) {
    return new Attribution(Outcome.UNKNOWN, null, reason, null, null, null);
  }

  /** The node itself. */
  public static Attribution host(Evidence by) {
    return new Attribution(Outcome.HOST, by, null, null, null, null);
  }

  /** A pod, a container or both. */
  public static Attribution of(CgroupOwner.InContainer owner, Evidence by) {
    String id = owner.containerId();
    if (id == null) {
      return new Attribution(
          Outcome.POD, by, AttributionReason.CONTAINER_UNKNOWN, owner.podUid(), null, null);
    }
    AttributionReason reason = owner.podUid() == null ? AttributionReason.POD_UNKNOWN : null;
    if (owner.tenant()) {
      reason = AttributionReason.TENANT_CGROUP;
    }
    String qualified = owner.runtime().qualify(id);
    return new Attribution(Outcome.CONTAINER, by, reason, owner.podUid(), qualified, null);
  }

  /** The same with the names that Kubernetes knows, and what is then still missing. */
  public Attribution with(Workload named, @Nullable AttributionReason stillMissing) {
    return new Attribution(outcome, by, stillMissing, podUid, containerId, named);
  }

  /**
   * The same with its pod and container as Kubernetes knows them; nothing is missing then.
   *
   * @param uid the pod's UID as the kubelet knows it
   * @param id {@code <runtime>://<id>}
   */
  public Attribution named(String uid, String id, Workload names) {
    return new Attribution(outcome, by, null, uid, id, names);
  }

  /** The same without names, and why. */
  public Attribution without(AttributionReason why) {
    return new Attribution(outcome, by, why, podUid, containerId, null);
  }
}
