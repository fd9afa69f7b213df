package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.NodeFiles.Content;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Whether the kubelet gives {@code RuntimeDefault} to containers that ask for nothing: {@code
 * --seccomp-default} of the one that runs, else {@code seccompDefault} of its {@code --config} and
 * of the files below its {@code --config-dir}, of which the last holds. Where its command line
 * cannot be read, kubeadm's file is taken for its configuration.
 */
record KubeletCheck(NodeFiles node, Processes processes) implements Check {

  private static final String USUAL_CONFIG = "/var/lib/kubelet/config.yaml";
  private static final String SUBJECT = "seccompDefault";

  /** How deep, and how many, drop-ins are looked for. */
  private static final int MAX_DEPTH = 4;

  private static final int MAX_DROP_INS = 64;

  @Override
  public List<Finding> run() {
    Optional<Integer> pid = processes.pid("kubelet");
    if (pid.isEmpty() && processes.ofNode()) {
      return List.of(Finding.ok(Section.CONTAINERS, "kubelet", "does not run here"));
    }
    String[] words = pid.map(this::commandLine).orElse(new String[0]);
    String flag = flag(words, "--seccomp-default", false);
    if (flag != null) {
      return List.of(said(isTrue(flag), "by --seccomp-default"));
    }
    String config = flag(words, "--config", true);
    if (config == null && words.length == 0) {
      config = USUAL_CONFIG;
    }
    List<Path> files = new ArrayList<>();
    if (config != null) {
      files.add(place(config, pid));
    }
    String directory = flag(words, "--config-dir", true);
    return List.of(ofFiles(files, directory == null ? null : place(directory, pid)));
  }

  private Finding ofFiles(List<Path> config, @Nullable Path directory) {
    List<Path> files = new ArrayList<>(config);
    try {
      files.addAll(directory == null ? List.of() : dropIns(directory));
    } catch (IOException e) {
      return unknown(directory + ": " + NodeFiles.reason(e));
    }
    boolean value = false;
    String by = "by default";
    for (Path file : files) {
      KubeletConfig read = KubeletConfig.of(NodeFiles.read(file));
      if (read.problem() != null) {
        return unknown(read.problem());
      }
      if (read.seccompDefault().isPresent()) {
        value = read.seccompDefault().get();
        by = "by " + file;
      }
    }
    return said(value, by);
  }

  private static Finding unknown(String problem) {
    return Finding.unknown(
        Section.CONTAINERS,
        SUBJECT,
        problem,
        "mount the directory below --host-root; or ask the kubelet:"
            + " kubectl get --raw /api/v1/nodes/NODE/proxy/configz");
  }

  private static Finding said(boolean value, String by) {
    return value
        ? Finding.ok(
            Section.CONTAINERS,
            SUBJECT,
            "true " + by + ": who asks for nothing gets RuntimeDefault")
        : Finding.note(
            Section.CONTAINERS,
            SUBJECT,
            "false " + by + ": a container whose pod asks for no profile runs without one",
            "set seccompDefault: true in the kubelet's configuration");
  }

  /** As the kubelet reads them: {@code .conf}, by the order of their paths. */
  private static List<Path> dropIns(Path directory) throws IOException {
    try (Stream<Path> found = Files.walk(directory, MAX_DEPTH, FileVisitOption.FOLLOW_LINKS)) {
      return found
          .filter(file -> file.toString().endsWith(".conf") && Files.isRegularFile(file))
          .limit(MAX_DROP_INS)
          .sorted()
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** A path of the kubelet's as it is found from here. */
  private Path place(String path, Optional<Integer> pid) {
    String absolute = path;
    if (!path.startsWith("/")) {
      try {
        Path directory = node.proc().resolve(pid.orElse(0) + "/cwd");
        absolute = Files.readSymbolicLink(directory).resolve(path).toString();
      } catch (IOException | IllegalArgumentException e) {
        absolute = "/" + path; // where services begin
      }
    }
    return node.host(absolute.replaceFirst("^/+", ""));
  }

  private String[] commandLine(int pid) {
    String text = node.proc(pid + "/cmdline").text();
    return text == null || text.isEmpty() ? new String[0] : text.split("\0", -1);
  }

  /**
   * The last value of a flag, as pflag reads it: {@code --flag=value}, {@code --flag value} unless
   * it is a switch, and {@code --flag} of a switch, which is true.
   */
  private static @Nullable String flag(String[] words, String flag, boolean takesValue) {
    String found = null;
    for (int i = 0; i < words.length; i++) {
      if (words[i].startsWith(flag + "=")) {
        found = words[i].substring(flag.length() + 1);
      } else if (words[i].equals(flag) && !takesValue) {
        found = "true";
      } else if (words[i].equals(flag) && i + 1 < words.length) {
        found = words[++i];
      }
    }
    return found;
  }

  /** {@code strconv.ParseBool} of Go. */
  private static boolean isTrue(String word) {
    return List.of("1", "t", "T", "true", "TRUE", "True").contains(word);
  }

  /**
   * One file of a kubelet's configuration (KubeletConfiguration, v1beta1): YAML, of which JSON is a
   * part.
   *
   * @param seccompDefault what it says; empty when it does not
   * @param problem why it could not be read; null when it could
   */
  record KubeletConfig(Optional<Boolean> seccompDefault, @Nullable String problem) {

    private static final String KEY = "seccompDefault";

    static KubeletConfig of(Content file) {
      if (file.text() == null) {
        return new KubeletConfig(Optional.empty(), file.path() + ": " + file.why());
      }
      try {
        LoadSettings settings =
            LoadSettings.builder()
                .setLabel(file.path().toString())
                .setAllowDuplicateKeys(true)
                .setMaxAliasesForCollections(50)
                .build();
        return new Load(settings).loadFromString(file.text()) instanceof Map<?, ?> document
            ? new KubeletConfig(Optional.ofNullable(document.get(KEY)).map(KubeletConfig::is), null)
            : new KubeletConfig(Optional.empty(), null);
      } catch (YamlEngineException | StackOverflowError e) { // the parser recurses
        return new KubeletConfig(Optional.empty(), file.path() + ": is no YAML");
      }
    }

    /** The kubelet's parser is of YAML 1.1, which has more words for it. */
    private static boolean is(Object value) {
      return switch (String.valueOf(value).toLowerCase(Locale.ROOT)) {
        case "true", "yes", "on", "y" -> true;
        default -> false;
      };
    }
  }
}
