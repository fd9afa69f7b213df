package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/**
 * A process of a container: by its start time it stays the same when its PID is given away anew.
 * Immutable.
 *
 * @param podUid the pod's UID as the kubelet knows it; null for a container outside Kubernetes
 * @param containerId the runtime's bare id
 * @param pid its PID in procfs
 * @param startTicks its start since boot in ticks of 10 ms
 * @param tenant whether the id is one that a user other than root may have chosen, see {@link
 *     CgroupOwner.InContainer}
 */
public record ContainerProcess(
    @Nullable String podUid, String containerId, int pid, long startTicks, boolean tenant) {

  /** A process of a container whose id root has chosen. */
  public ContainerProcess(@Nullable String podUid, String containerId, int pid, long startTicks) {
    this(podUid, containerId, pid, startTicks, false);
  }

  /**
   * The one that stands for the container: an id that root has chosen beats the same id chosen by a
   * tenant, then the older process counts.
   */
  static ContainerProcess better(ContainerProcess a, ContainerProcess b) {
    if (a.tenant != b.tenant) {
      return a.tenant ? b : a;
    }
    return older(a, b);
  }

  /** The older of two; of those that started in one tick the one with the lower PID. */
  public static ContainerProcess older(ContainerProcess a, ContainerProcess b) {
    boolean first = a.startTicks != b.startTicks ? a.startTicks < b.startTicks : a.pid < b.pid;
    return first ? a : b;
  }
}
