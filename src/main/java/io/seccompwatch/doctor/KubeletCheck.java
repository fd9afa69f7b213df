package io.seccompwatch.doctor;

import io.seccompwatch.doctor.NodeFiles.Content;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether the kubelet gives {@code RuntimeDefault} to containers that ask for nothing: {@code
 * seccompDefault} of its configuration (KubeletConfiguration, v1beta1) or {@code
 * --seccomp-default}. The file is searched as text, YAML or JSON.
 */
record KubeletCheck(NodeFiles node, Processes processes) implements Check {

  private static final String CONFIG = "var/lib/kubelet/config.yaml";
  private static final String KEY = "seccompDefault";
  private static final String FLAG = "--seccomp-default";

  @Override
  public List<Finding> run() {
    String[] words = commandLine();
    String flag = flag(words, FLAG);
    String given = flag(words, "--config");
    String file = given == null || !given.startsWith("/") ? CONFIG : given.substring(1);
    Content config = NodeFiles.read(node.host(file));
    Optional<Boolean> set =
        flag == null
            ? config.lines().stream()
                .map(KubeletCheck::setting)
                .flatMap(Optional::stream)
                .findFirst()
            : Optional.of(!flag.equals("false"));
    if (config.text() == null && set.isEmpty()) {
      boolean none = processes.ofNode() && processes.pid("kubelet").isEmpty();
      return List.of(
          none
              ? Finding.ok(Section.CONTAINERS, "kubelet", "does not run here")
              : Finding.unknown(
                  Section.CONTAINERS, KEY, config.path() + ": " + config.why(), null));
    }
    return List.of(
        set.orElse(false)
            ? Finding.ok(Section.CONTAINERS, KEY, "true: who asks for nothing gets RuntimeDefault")
            : Finding.note(
                Section.CONTAINERS,
                KEY,
                "false: a container whose pod asks for no profile runs without one",
                "set seccompDefault: true in the kubelet's configuration"));
  }

  private String[] commandLine() {
    return processes
        .pid("kubelet")
        .map(pid -> node.proc(pid + "/cmdline").text())
        .map(text -> text.split("\0", -1))
        .orElse(new String[0]);
  }

  /** {@code --flag=value}, {@code --flag value}, or {@code --flag}, which is true. */
  private static @Nullable String flag(String[] words, String flag) {
    for (int i = 0; i < words.length; i++) {
      if (words[i].startsWith(flag + "=")) {
        return words[i].substring(flag.length() + 1);
      }
      if (words[i].equals(flag)) {
        boolean value = i + 1 < words.length && !words[i + 1].startsWith("-");
        return value ? words[i + 1] : "true";
      }
    }
    return null;
  }

  private static Optional<Boolean> setting(String line) {
    String plain = line.replace("\"", "").replace(" ", "");
    return plain.startsWith(KEY + ":")
        ? Optional.of(plain.startsWith(KEY + ":true"))
        : Optional.empty();
  }
}
