package io.seccompwatch.doctor;

import io.seccompwatch.attribution.ProcReader.ProcessList;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The node's processes by the names of their programs.
 *
 * @param byName the lowest PID of each name, as comm has it: cut to 15 bytes
 * @param ofNode whether these are the node's, and not only those of a container
 */
record Processes(Map<String, Integer> byName, boolean ofNode) {

  private static final int MAX_PROCESSES = 1 << 17;

  /** The second process of a machine is the kernel's own, in no container. */
  private static final String KERNEL_THREADS = "kthreadd";

  static Processes of(NodeFiles node) {
    Map<String, Integer> byName = new HashMap<>();
    new ProcessList(node.proc())
        .list().stream()
            .limit(MAX_PROCESSES)
            .forEach(
                pid -> {
                  String comm = node.proc(pid + "/comm").word();
                  if (comm != null) {
                    byName.putIfAbsent(comm, pid); // they come in ascending order
                  }
                });
    return new Processes(byName, byName.containsKey(KERNEL_THREADS));
  }

  /** The process of a program. */
  Optional<Integer> pid(String comm) {
    return Optional.ofNullable(byName.get(comm));
  }
}
