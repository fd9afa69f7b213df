package io.seccompwatch.node;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * A container as a node of Kubernetes has them: a real runtime, a real filter, a cgroup of the
 * kubelet's shape. What it runs has a name that nothing else on this kernel has, so that its
 * records are known among all others.
 */
final class OciContainer implements AutoCloseable {

  /** The container runtimes. */
  enum Engine {
    RUNC,
    CRUN;

    /** Skips the test where it is missing. */
    void isNeeded() {
      String tool = name().toLowerCase(Locale.ROOT);
      Command.needs(tool, tool);
    }

    private List<String> command(Path root) {
      return switch (this) {
        case RUNC -> List.of("runc", "--root", root.toString());
        // crun refuses a hybrid hierarchy: without its second half it sees a cgroup v1 node.
        case CRUN ->
            List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "umount /sys/fs/cgroup/unified 2>/dev/null; exec crun \"$@\"",
                "crun",
                "--cgroup-manager=cgroupfs",
                "--root",
                root.toString());
      };
    }
  }

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Engine runtime;
  private final Path bundle;
  private final String comm = "sw-" + hex(5);
  private final String id = hex(32);
  private final String podUid;
  private final String directory;
  private final long pid;

  private OciContainer(
      Engine runtime,
      Path parent,
      String podUid,
      String directory,
      Filter filter,
      List<String> steps)
      throws IOException {
    this.runtime = runtime;
    this.directory = directory;
    this.podUid = podUid;
    this.bundle = Files.createTempDirectory(parent, "bundle");
    Path bin = Files.createDirectories(bundle.resolve("rootfs" + directory));
    Files.copy(Probe.compiled(), bin.resolve(comm), StandardCopyOption.COPY_ATTRIBUTES);
    Command.run(bundle, List.of("runc", "spec"));
    Path config = bundle.resolve("config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    ObjectNode process = (ObjectNode) json.get("process");
    process.put("terminal", false);
    ArrayNode arguments = process.putArray("args").add(exe());
    steps.forEach(arguments::add);
    ObjectNode linux = (ObjectNode) json.get("linux");
    linux.put("cgroupsPath", "/kubepods/burstable/pod" + podUid + "/" + id);
    linux.set("seccomp", filter.json());
    // As containerd names it; the pod of this name need not be known to anybody.
    json.putObject("annotations")
        .put("io.kubernetes.cri.container-type", "container")
        .put("io.kubernetes.cri.container-name", comm)
        .put("io.kubernetes.cri.sandbox-name", "pod-of-" + comm)
        .put("io.kubernetes.cri.sandbox-namespace", "annotated");
    JSON.writeValue(config.toFile(), json);
    Path pidFile = bundle.resolve("pid");
    try {
      run("create", "--bundle", bundle.toString(), "--pid-file", pidFile.toString(), id);
      this.pid = Long.parseLong(Command.text(pidFile).strip());
    } catch (AssertionError e) {
      close();
      throw e;
    }
  }

  /**
   * Makes a container whose program waits to be started, by runc.
   *
   * @param steps what the program will do, see {@code probe.c}
   */
  static OciContainer create(Path parent, Filter filter, String... steps) throws IOException {
    return create(Engine.RUNC, parent, filter, steps);
  }

  /** The same by another runtime. */
  static OciContainer create(Engine runtime, Path parent, Filter filter, String... steps)
      throws IOException {
    return inPod(UUID.randomUUID().toString(), runtime, parent, filter, steps);
  }

  /**
   * The same in a pod's cgroup.
   *
   * @param podUid the pod's UID as the kubelet knows it
   */
  static OciContainer inPod(
      String podUid, Engine runtime, Path parent, Filter filter, String... steps)
      throws IOException {
    return new OciContainer(runtime, parent, podUid, "/bin", filter, List.of(steps));
  }

  /** One whose program lies in that directory of the container. */
  static OciContainer inDirectory(String directory, Path parent, Filter filter, String... steps)
      throws IOException {
    String podUid = UUID.randomUUID().toString();
    return new OciContainer(Engine.RUNC, parent, podUid, directory, filter, List.of(steps));
  }

  /** Lets the program begin. */
  OciContainer start() {
    run("start", id);
    return this;
  }

  /** Executes its program once more in it, as an exec probe does, and waits for its end. */
  void execute(String... steps) {
    List<String> command = new ArrayList<>(runtime.command(bundle.resolve("runtime")));
    command.addAll(List.of("exec", id, exe()));
    command.addAll(List.of(steps));
    List<String> whateverItsEnd = new ArrayList<>(List.of("sh", "-c", "\"$@\" || true", "exec"));
    whateverItsEnd.addAll(command);
    Command.run(bundle, whateverItsEnd);
  }

  /** Puts its configuration where containerd keeps it, below a node's root directory. */
  OciContainer keptBelow(Path root) throws IOException {
    Path task = root.resolve("run/containerd/io.containerd.runtime.v2.task/k8s.io").resolve(id);
    Files.copy(bundle.resolve("config.json"), Files.createDirectories(task).resolve("config.json"));
    return this;
  }

  /** Makes the file that the program waits for. */
  void letGoOn(String name) throws IOException {
    Files.createFile(bundle.resolve("rootfs").resolve(name));
  }

  /** What the kernel calls the program. */
  String comm() {
    return comm;
  }

  /** The program's path inside the container. */
  String exe() {
    return directory + "/" + comm;
  }

  String id() {
    return id;
  }

  String podUid() {
    return podUid;
  }

  /** The program's PID as the node sees it. */
  long pid() {
    return pid;
  }

  @Override
  public void close() {
    run("delete", "--force", id);
    // The runtime removes the container's cgroups; the pod's are the kubelet's matter, so ours.
    try (DirectoryStream<Path> hierarchies =
        Files.newDirectoryStream(Path.of("/sys/fs/cgroup"), Files::isDirectory)) {
      for (Path hierarchy : hierarchies) {
        Path pod = hierarchy.resolve("kubepods/burstable/pod" + podUid);
        if (Files.exists(pod) && !hasContainers(pod)) {
          Files.delete(pod);
        }
      }
    } catch (IOException e) {
      throw new AssertionError("cannot clean up " + podUid, e);
    }
  }

  /** The pod's last container takes the pod's cgroup with it. */
  private static boolean hasContainers(Path pod) throws IOException {
    try (DirectoryStream<Path> containers = Files.newDirectoryStream(pod, Files::isDirectory)) {
      return containers.iterator().hasNext();
    }
  }

  private void run(String... arguments) {
    List<String> command = new ArrayList<>(runtime.command(bundle.resolve("runtime")));
    command.addAll(List.of(arguments));
    Command.run(bundle, command);
  }

  private static String hex(int bytes) {
    byte[] random = new byte[bytes];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
