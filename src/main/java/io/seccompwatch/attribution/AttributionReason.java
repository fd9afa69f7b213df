package io.seccompwatch.attribution;

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
  /** The path names a pod outside this kubelet's own cgroup root. */
  FOREIGN_POD("foreign_pod"),
  /** procfs hides the process from the agent (hidepid, missing privilege). */
  NO_PERMISSION("no_permission"),
  /** The container is known, its pod is not: outside Kubernetes, or hidden by a namespace. */
  POD_UNKNOWN("pod_unknown"),
  /** The pod is known, the container is not: a sandbox's own process. */
  CONTAINER_UNKNOWN("container_unknown"),
  /** The record carries no time, so that nothing tells a reused PID. */
  NO_TIMESTAMP("no_timestamp"),
  /** The record's PID is none. */
  INVALID_PID("invalid_pid"),
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
