package io.seccompwatch.attribution;

import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
}
