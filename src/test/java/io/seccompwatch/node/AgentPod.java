package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.seccompwatch.chart.Chart;
import io.seccompwatch.chart.Manifests;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The agent in a pod as the chart renders it, run by runc: its user, groups and capabilities, its
 * namespaces, its volumes, a read-only root. What a kubelet does is done here. In place of the
 * image are the built distribution and this machine's {@code /usr}.
 */
final class AgentPod implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path DISTRIBUTION = Path.of("target", "seccomp-watch").toAbsolutePath();
  private static final long MEBIBYTE = 1L << 20;

  private final Path bundle;
  private final String podUid = UUID.randomUUID().toString();
  private final String id = podUid.replace("-", "");
  private final Process process;

  private AgentPod(Path bundle, Manifests manifests) throws IOException {
    this.bundle = bundle;
    Path rootfs = Files.createDirectory(bundle.resolve("rootfs"));
    for (String link : List.of("bin", "lib", "lib64")) {
      Files.createSymbolicLink(rootfs.resolve(link), Path.of("usr", link));
    }
    Command.run(bundle, List.of("runc", "spec"));
    Path file = bundle.resolve("config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.putObject("root").put("path", "rootfs").put("readonly", true);
    process((ObjectNode) config.get("process"), manifests);
    namespaces((ObjectNode) config.get("linux"), manifests.podSpec());
    mounts((ArrayNode) config.get("mounts"), manifests);
    JSON.writeValue(file.toFile(), config);
    process =
        new ProcessBuilder("runc", "--root", bundle.resolve("runc").toString(), "run", id)
            .directory(bundle.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectOutput(bundle.resolve("stdout").toFile())
            .redirectError(bundle.resolve("stderr").toFile())
            .start();
  }

  /**
   * Starts it and waits until it watches.
   *
   * @param values of the chart, with places for the state and the kubelet's files that are not
   *     those of the machine
   */
  static AgentPod start(Path parent, String values) throws IOException {
    Agent.needsDistribution();
    AgentPod pod = new AgentPod(Files.createTempDirectory(parent, "pod"), Chart.render(values));
    try {
      Await.until(
          "msg=watching on the pod's stderr",
          Await.PATIENCE,
          () -> {
            assertThat(pod.process.isAlive()).as(pod.log()).isTrue();
            return pod.log().contains(" msg=watching ");
          },
          pod::log);
      return pod;
    } catch (AssertionError e) {
      pod.close();
      throw e;
    }
  }

  /** What the agent said on its stderr. */
  String log() {
    return Command.text(bundle.resolve("stderr"));
  }

  /** Waits for a violation of this program. */
  Told awaitViolation(String comm) {
    return Await.value(
        "a violation of " + comm,
        Await.PATIENCE,
        () -> violations().stream().filter(told -> told.comm().equals(comm)).findFirst(),
        this::log);
  }

  /** A line of {@code /proc/PID/status} of the agent's process. */
  String status(String field) {
    String state =
        Command.run(
            bundle, List.of("runc", "--root", bundle.resolve("runc").toString(), "state", id));
    try {
      Path status = Path.of("/proc", JSON.readTree(state).get("pid").asText(), "status");
      return Command.text(status)
          .lines()
          .filter(line -> line.startsWith(field + ":"))
          .map(line -> line.substring(field.length() + 1).strip().replaceAll("\\s+", " "))
          .findFirst()
          .orElseThrow();
    } catch (JsonProcessingException e) {
      throw new AssertionError(state, e);
    }
  }

  @Override
  public void close() {
    Command.stop(process);
    Command.run(
        bundle,
        List.of("runc", "--root", bundle.resolve("runc").toString(), "delete", "--force", id));
  }

  private List<Told> violations() {
    String text = Command.text(bundle.resolve("stdout"));
    List<Told> told = new ArrayList<>();
    for (String line : text.substring(0, text.lastIndexOf('\n') + 1).lines().toList()) {
      try {
        told.add(Told.of(JSON.readTree(line)));
      } catch (JsonProcessingException e) {
        throw new AssertionError("no JSON: " + line, e);
      }
    }
    return told;
  }

  private void process(ObjectNode process, Manifests manifests) {
    JsonNode pod = manifests.podSpec().get("securityContext");
    JsonNode own = manifests.container().get("securityContext");
    ArrayNode arguments = process.put("terminal", false).putArray("args");
    arguments.add("/opt/seccomp-watch/bin/seccomp-watch");
    manifests.container().get("args").forEach(arguments::add);
    ArrayNode environment = process.putArray("env").add("PATH=/usr/bin");
    for (JsonNode variable : manifests.container().get("env")) {
      String value =
          switch (variable.at("/valueFrom/fieldRef/fieldPath").asText()) {
            case "spec.nodeName" -> "n1";
            case "metadata.uid" -> podUid;
            default -> variable.get("value").asText();
          };
      environment.add(variable.get("name").asText() + "=" + value);
    }
    ObjectNode user = process.putObject("user");
    user.set("uid", pod.get("runAsUser"));
    user.set("gid", pod.get("runAsGroup"));
    user.set("additionalGids", pod.get("supplementalGroups"));
    process.put("noNewPrivileges", !own.get("allowPrivilegeEscalation").asBoolean());
    ObjectNode sets = process.putObject("capabilities");
    for (String set : List.of("bounding", "effective", "permitted")) {
      ArrayNode capabilities = sets.putArray(set);
      own.at("/capabilities/add").forEach(it -> capabilities.add("CAP_" + it.asText()));
    }
  }

  private void namespaces(ObjectNode linux, JsonNode spec) {
    ArrayNode own = JSON.createArrayNode();
    for (JsonNode namespace : linux.get("namespaces")) {
      boolean ofTheNode =
          switch (namespace.get("type").asText()) {
            case "network" -> spec.path("hostNetwork").asBoolean();
            case "pid" -> spec.path("hostPID").asBoolean();
            default -> false;
          };
      if (!ofTheNode) {
        own.add(namespace);
      }
    }
    linux.set("namespaces", own);
    linux.put("cgroupsPath", "/kubepods/besteffort/pod" + podUid + "/" + id);
    String limit = spec.at("/containers/0/resources/limits/memory").asText();
    long mebibytes = Long.parseLong(limit.substring(0, limit.length() - 2));
    linux.putObject("resources").putObject("memory").put("limit", mebibytes * MEBIBYTE);
  }

  private void mounts(ArrayNode mounts, Manifests manifests) throws IOException {
    bind(mounts, Path.of("/usr"), "/usr", true);
    bind(mounts, DISTRIBUTION, "/opt/seccomp-watch", true);
    for (JsonNode mount : manifests.container().get("volumeMounts")) {
      for (JsonNode volume : manifests.podSpec().get("volumes")) {
        if (volume.get("name").equals(mount.get("name"))) {
          bind(
              mounts,
              made(volume, manifests),
              mount.get("mountPath").asText(),
              mount.path("readOnly").asBoolean());
        }
      }
    }
  }

  /** Recursive, as the runtimes of Kubernetes mount volumes. */
  private static void bind(ArrayNode mounts, Path from, String to, boolean readOnly) {
    ObjectNode mount = mounts.addObject().put("destination", to).put("type", "bind");
    mount.put("source", from.toString());
    mount.putArray("options").add("rbind").add("rprivate").add(readOnly ? "ro" : "rw");
  }

  private Path made(JsonNode volume, Manifests manifests) throws IOException {
    Path own = bundle.resolve("volumes").resolve(volume.get("name").asText());
    if (volume.has("configMap")) {
      Files.createDirectories(own);
      for (var file : manifests.the("ConfigMap").get("data").properties()) {
        Files.writeString(own.resolve(file.getKey()), file.getValue().asText());
      }
      return own;
    }
    if (volume.has("emptyDir")) {
      Files.createDirectories(own);
      Files.setAttribute(
          own, "unix:gid", manifests.podSpec().at("/securityContext/fsGroup").asInt());
      Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxr-x"));
      return own;
    }
    Path path = Path.of(volume.at("/hostPath/path").asText());
    if (volume.at("/hostPath/type").asText().equals("DirectoryOrCreate")) {
      Files.createDirectories(path);
    }
    assertThat(path).isDirectory();
    return path;
  }
}
