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
  /** The path names a pod in a place where this node's kubelet puts none. */
  FOREIGN_POD("foreign_pod"),
  /**
   * The container's cgroup belongs to a user other than root, who may have given it the name of any
   * container: no pod is looked for.
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
