package io.seccompwatch.cli;

import io.seccompwatch.attribution.ProcReader.ProcessList;
import io.seccompwatch.config.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The agent that runs in the same container: {@code kubectl exec} gives a command the container's
 * environment, and not the arguments that the agent was started with.
 *
 * @param pid its PID, as the command sees it
 * @param flags its flags
 */
record RunningAgent(int pid, RunFlags flags) {

  private static final int INIT = 1;
  private static final int MAX_COMMAND_LINE = 1 << 16;

  /** What comes before the command: the jar, or in the image the file of options that names it. */
  private static final List<String> PROGRAMS =
      List.of("/lib/seccomp-watch.jar", "@/opt/seccomp-watch/lib/image.options");

  private static final String RUN = "run";

  /**
   * Finds the agent: PID 1, or where the PIDs are shared with others the one agent of the same
   * mount namespace. On a machine without a container around it no agent is looked for. A process
   * counts only when it runs the same Java runtime as this one under the same user: any other user
   * can start a process with the words of an agent and directories of its own.
   *
   * @param proc this process's own procfs, which is not the node's
   * @return empty when there is none, more than one, or its command line cannot be read
   */
  static Optional<RunningAgent> find(Path proc) {
    Optional<RunningAgent> init = of(proc, INIT);
    Optional<Path> own = mounts(proc.resolve("self"));
    if (init.isPresent() || own.isEmpty() || own.equals(mounts(proc.resolve("1")))) {
      return init;
    }
    List<RunningAgent> agents =
        new ProcessList(proc)
            .list().stream()
                .filter(pid -> own.equals(mounts(proc.resolve(Integer.toString(pid)))))
                .mapToObj(pid -> of(proc, pid))
                .flatMap(Optional::stream)
                .toList();
    return agents.size() == 1 ? Optional.of(agents.getFirst()) : Optional.empty();
  }

  private static Optional<RunningAgent> of(Path proc, int pid) {
    Path process = proc.resolve(Integer.toString(pid));
    if (!isOwn(proc.resolve("self"), process)) {
      return Optional.empty();
    }
    List<String> words = commandLine(process.resolve("cmdline"));
    for (int i = 0; i + 1 < words.size(); i++) {
      if (PROGRAMS.stream().anyMatch(words.get(i)::endsWith) && words.get(i + 1).equals(RUN)) {
        try {
          return Optional.of(
              new RunningAgent(pid, RunFlags.parse(words.subList(i + 2, words.size()))));
        } catch (ConfigException e) {
          return Optional.empty(); // of another version, whose flags are not ours
        }
      }
    }
    return Optional.empty();
  }

  private static List<String> commandLine(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(MAX_COMMAND_LINE), StandardCharsets.UTF_8);
      return text.isEmpty()
          ? List.of()
          : Stream.of(text.split("\0", -1)).filter(w -> !w.isEmpty()).toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Whether a process has the program and the user of this one. */
  private static boolean isOwn(Path self, Path process) {
    Optional<Path> program = link(self, "exe");
    try {
      return program.isPresent()
          && program.equals(link(process, "exe"))
          && Files.getAttribute(self, "unix:uid").equals(Files.getAttribute(process, "unix:uid"));
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<Path> mounts(Path process) {
    return link(process, "ns/mnt");
  }

  private static Optional<Path> link(Path process, String name) {
    try {
      return Optional.of(Files.readSymbolicLink(process.resolve(name)));
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty(); // gone, or another user's
    }
  }
}
