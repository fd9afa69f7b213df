package io.seccompwatch.doctor;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
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
    int seen = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(node.proc(), "[0-9]*")) {
      for (Path entry : entries) {
        if (seen++ == MAX_PROCESSES) {
          break;
        }
        String comm = NodeFiles.read(entry.resolve("comm")).word();
        int pid = pid(entry);
        if (comm != null && pid > 0) {
          byName.merge(comm, pid, Math::min);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return new Processes(byName, false);
    }
    return new Processes(byName, byName.containsKey(KERNEL_THREADS));
  }

  private static int pid(Path entry) {
    try {
      return Integer.parseInt(String.valueOf(entry.getFileName()));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** The process of a program. */
  Optional<Integer> pid(String comm) {
    return Optional.ofNullable(byName.get(comm));
  }
}
