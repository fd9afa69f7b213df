package io.seccompwatch.attribution;

import io.seccompwatch.attribution.ProcReader.ProcessList;
import io.seccompwatch.attribution.ProcReader.ProcessView;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The containers that run on this node, by their oldest processes. */
@FunctionalInterface
public interface RunningContainers {

  /** No process is left out. */
  Set<ContainerProcess> NONE = Set.of();

  /**
   * The oldest process of every container, which as a rule is the one that the runtime started: the
   * container's PID 1. It may have ended meanwhile; the caller then asks again without it.
   *
   * @param without processes that do not count
   */
  Collection<ContainerProcess> oldest(Set<ContainerProcess> without);

  /**
   * One look at every process that procfs lists, for those who keep no history; some 50 µs each.
   *
   * @param proc the procfs
   * @param reader the calling thread's own reader of it
   */
  static RunningContainers look(Path proc, ProcReader reader) {
    return without -> {
      Map<String, ContainerProcess> oldest = new HashMap<>();
      new ProcessList(proc)
          .list().stream()
              .forEach(
                  pid -> {
                    if (reader.read(pid) instanceof ProcessView.Present present
                        && !present.dead()) {
                      add(oldest, pid, present.startTicks(), present.owner(), without);
                    }
                  });
      return List.copyOf(oldest.values());
    };
  }

  /** Keeps a process when it is the oldest of its container so far. */
  static void add(
      Map<String, ContainerProcess> oldest,
      int pid,
      long startTicks,
      CgroupOwner owner,
      Set<ContainerProcess> without) {
    if (owner instanceof CgroupOwner.InContainer in) {
      String id = in.containerId();
      if (id != null) {
        ContainerProcess process =
            new ContainerProcess(in.podUid(), id, pid, startTicks, in.tenant());
        if (!without.contains(process)) {
          oldest.merge(id, process, ContainerProcess::better);
        }
      }
    }
  }

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
     * The one that stands for the container: an id that root has chosen beats the same id chosen by
     * a tenant, then the older process counts.
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
}
