package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import org.jspecify.annotations.Nullable;

/** Whom a {@code /proc/PID/cgroup} text names. Immutable. */
public sealed interface CgroupOwner {

  /**
   * A container, a pod, or a container in a pod; at least one of both ids is there.
   *
   * @param podUid the pod's UID as the kubelet knows it (for a static pod its config hash), dashes
   *     restored; null for a container outside Kubernetes or when a private cgroup namespace hides
   *     the pod
   * @param containerId the runtime's bare id; null when only the pod is named (pause process of
   *     Kata, a process in the pod's own cgroup)
   * @param runtime who made it, {@link ContainerRuntime#UNKNOWN} when the name does not tell
   * @param qos the pod's class, null when the path does not show it
   * @param tenant whether the container's cgroup lies where another user than root may make cgroups
   *     of any name, so that the id may be any container's; no pod may be concluded from it
   */
  record InContainer(
      @Nullable String podUid,
      @Nullable String containerId,
      ContainerRuntime runtime,
      @Nullable QosClass qos,
      boolean tenant)
      implements CgroupOwner {

    /** An owner in a place where only root makes cgroups. */
    public InContainer(
        @Nullable String podUid,
        @Nullable String containerId,
        ContainerRuntime runtime,
        @Nullable QosClass qos) {
      this(podUid, containerId, runtime, qos, false);
    }

    /**
     * Rejects an owner that names nobody.
     *
     * @throws IllegalArgumentException when both ids are null
     */
    public InContainer {
      if (podUid == null && containerId == null) {
        throw new IllegalArgumentException("neither a pod nor a container");
      }
    }
  }

  /**
   * The node itself.
   *
   * @param helper whether it is the host's own process at a container's place: conmon, which CRI-O
   *     and podman put beside the container, or a mount unit
   */
  record Host(boolean helper) implements CgroupOwner {}

  /**
   * Every line names the root: a zombie on cgroup v1, a process of the root cgroup, or one in the
   * reader's own cgroup seen through a private cgroup namespace. The text alone cannot tell.
   */
  record Unresolved() implements CgroupOwner {}

  /** A text that is not to be believed, and why. */
  record Refused(AttributionReason reason) implements CgroupOwner {}
}
