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

  /** Why an attribution is not better than it is; a closed set, used as a label. */
  public enum AttributionReason {
    /** The process was gone before it could be read, and no history knew it. */
    PROCESS_GONE("process_gone"),
    /** The process that has the PID now started after the record. */
    PID_REUSED("pid_reused"),
    /** It cannot be excluded that the PID had another owner at the time of the record. */
    PID_REUSE_POSSIBLE("pid_reuse_possible"),
    /** The lines of the cgroup file name different pods or containers. */
    CGROUP_CONFLICT("cgroup_conflict"),
    /** The cgroup file is none that a kernel writes, or one that was made to mislead. */
    CGROUP_MALFORMED("cgroup_malformed"),
    /** The cgroup file was empty, as for a process that is being released. */
    CGROUP_EMPTY("cgroup_empty"),
    /** The path names a pod in a place where this node's kubelet puts none. */
    FOREIGN_POD("foreign_pod"),
    /**
     * The container's cgroup belongs to a user other than root, who may have given it the name of
     * any container: no pod is looked for.
     */
    TENANT_CGROUP("tenant_cgroup"),
    /** procfs hides the process from the agent (hidepid, missing privilege). */
    NO_PERMISSION("no_permission"),
    /** The container is known, its pod is not: outside Kubernetes, or hidden by a namespace. */
    POD_UNKNOWN("pod_unknown"),
    /** The pod is known, the container is not: a sandbox's own process. */
    CONTAINER_UNKNOWN("container_unknown"),
    /** No pod of the API has this UID or container: not listed yet, or long deleted. */
    POD_NOT_FOUND("pod_not_found"),
    /** The pod is known, and its status did not list the container in time. */
    CONTAINER_NOT_IN_STATUS("container_not_in_status"),
    /** The API server could not be asked for the names, or has more pods than are kept. */
    KUBERNETES_UNAVAILABLE("kubernetes_unavailable"),
    /** The line names another node, whose processes are not in this node's procfs. */
    FOREIGN_NODE("foreign_node"),
    /** procfs numbers processes otherwise than the kernel's records do: the node is a container. */
    PID_NAMESPACE("pid_namespace"),
    /** The record carries no time, so that nothing tells a reused PID. */
    NO_TIMESTAMP("no_timestamp"),
    /** The record's PID is none. */
    INVALID_PID("invalid_pid"),
    /** The record was read from a log that was kept: its process is long gone. */
    NOT_ATTEMPTED("not_attempted"),
    /** A defect of the agent; the record is published all the same. */
    INTERNAL_ERROR("internal_error");

    private final String label;

    AttributionReason(String label) {
      this.label = label;
    }

    /** The name that users see. */
    public String label() {
      return label;
    }
  }
}
