package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * An unprivileged user with a cgroup of its own, as {@code systemd --user} has, makes a pod's
 * cgroup below it, moves in and is denied. Each hierarchy of this machine is tried: v1 controllers,
 * systemd's own, and v2.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
class ForgedPodTest {

  private static final Path MOUNT = Path.of("/sys/fs/cgroup");
  private static final String NOBODY = "65534";

  /** Denied calls that no other test makes in its program; keyctl does nothing with zeros. */
  private static final String CALL = "250";

  @TempDir Path directory = Path.of("");

  @BeforeAll
  static void needs() throws Exception {
    Command.needs("gcc", "gcc libc6-dev");
    Command.needs("setpriv", "util-linux");
    Engine.RUNC.isNeeded();
    Agent.needsDistribution();
    Probe.compiled();
  }

  @Test
  void an_agent_outside_of_every_pod_names_the_victim_for_its_own_denials_only() throws Exception {
    try (Agent agent = Agent.start(directory, "--source", "audit-netlink")) {
      nothingIsPinnedOnTheVictim(agent);
    }
  }

  @Test
  void so_does_an_agent_in_a_pod_with_a_private_cgroup_namespace() throws Exception {
    String uid = UUID.randomUUID().toString();
    for (String environment : List.of("SECCOMP_WATCH_POD_UID=" + uid, "NONE=")) {
      try (Made pod = Made.container(hierarchies(), uid)) {
        List<String> prefix =
            List.of(
                "sh", "-c", enter(pod.leaves) + "exec unshare -C env \"$@\"", "sh", environment);
        try (Agent agent = Agent.startThrough(directory, prefix, "--source", "audit-netlink")) {
          nothingIsPinnedOnTheVictim(agent);
        }
      }
    }
  }

  private void nothingIsPinnedOnTheVictim(Agent agent) throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");
    try (OciContainer victim = OciContainer.create(directory, filter, CALL, "pause").start()) {
      Told own = agent.awaitViolation(victim, any -> true);
      assertThat(own.podUid()).isEqualTo(victim.podUid());
      assertThat(own.outcome()).isEqualTo("container");
      for (Path hierarchy : hierarchies()) {
        for (String place : List.of("user.slice/user-1000.slice/user@1000.service", "given")) {
          for (String pod : pods(victim)) {
            Told forged = forge(agent, hierarchy, place, pod);
            assertThat(forged.outcome()).as(hierarchy + " " + place + pod).isEqualTo("host");
            assertThat(forged.podUid()).isNull();
            assertThat(forged.containerId()).isNull();
          }
        }
      }
    }
  }

  private static List<String> pods(OciContainer victim) {
    String uid = victim.podUid();
    return List.of(
        "/kubepods/besteffort/pod" + uid + "/" + victim.id(),
        "/kubepods.slice/kubepods-pod"
            + uid.replace('-', '_')
            + ".slice/cri-containerd-"
            + victim.id()
            + ".scope",
        "/cri-containerd-" + victim.id() + ".scope");
  }

  /** Has the user make the cgroup, move into it and be denied there. */
  private Told forge(Agent agent, Path hierarchy, String place, String pod) throws Exception {
    String comm = "sw-" + UUID.randomUUID().toString().substring(0, 8);
    Path bin = Files.createTempDirectory("forger");
    Files.setPosixFilePermissions(bin, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path program = bin.resolve(comm);
    Files.copy(Probe.compiled(), program, StandardCopyOption.COPY_ATTRIBUTES);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path own = hierarchy.resolve(place);
    try (Made made = Made.delegated(hierarchy, place + "/start")) {
      Process process =
          Command.start(
              directory,
              directory.resolve(comm + ".out"),
              List.of(
                  "sh",
                  "-c",
                  enter(List.of(own.resolve("start")))
                      + "exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -ec \"$0\"",
                  "mkdir -p "
                      + own
                      + pod
                      + "; echo $$ > "
                      + own
                      + pod
                      + "/cgroup.procs; exec "
                      + program
                      + " filter:"
                      + CALL
                      + " "
                      + CALL
                      + " pause"));
      try {
        assertThat(made.leaves).isNotEmpty();
        return Await.value(
            "the denial of " + comm + " in " + own + pod,
            Await.PATIENCE,
            () -> agent.violations().stream().filter(t -> t.comm().equals(comm)).findFirst(),
            () -> Command.text(directory.resolve(comm + ".out")) + agent.state());
      } finally {
        process.destroyForcibly().waitFor();
        removeBelow(own);
      }
    } finally {
      Files.delete(program);
      Files.delete(bin);
    }
  }

  private static String enter(List<Path> cgroups) {
    StringBuilder script = new StringBuilder();
    cgroups.forEach(at -> script.append("echo $$ > ").append(at).append("/cgroup.procs; "));
    return script.toString();
  }

  /** A v1 controller, systemd's own hierarchy and v2, as far as they are there. */
  private static List<Path> hierarchies() {
    return Stream.of("pids", "systemd", "unified", "")
        .map(MOUNT::resolve)
        .filter(at -> Files.isWritable(at.resolve("cgroup.procs")))
        .toList();
  }

  private static void removeBelow(Path cgroup) throws IOException {
    List<Path> below;
    try (Stream<Path> walk = Files.walk(cgroup)) {
      below = walk.filter(Files::isDirectory).sorted(java.util.Comparator.reverseOrder()).toList();
    }
    for (Path at : below) {
      if (!at.equals(cgroup) && !at.endsWith("start")) {
        Files.delete(at);
      }
    }
  }

  /** Cgroups that a test has made; removed on close. */
  private static final class Made implements AutoCloseable {
    private final Deque<Path> made = new ArrayDeque<>();
    private final List<Path> leaves = new ArrayList<>();

    static Made container(List<Path> hierarchies, String podUid) throws IOException {
      Made all = new Made();
      for (Path hierarchy : hierarchies) {
        all.make(hierarchy, "kubepods/besteffort/pod" + podUid + "/" + "c".repeat(64));
      }
      return all;
    }

    /** All but the first directories belong to the user, as systemd delegates them. */
    static Made delegated(Path hierarchy, String path) throws IOException {
      Made all = new Made();
      all.make(hierarchy, path);
      Path start = all.leaves.getFirst();
      for (Path at : List.of(start, start.getParent())) {
        for (String file : List.of(".", "cgroup.procs", "tasks", "cgroup.threads")) {
          if (Files.exists(at.resolve(file))) {
            Files.setAttribute(at.resolve(file), "unix:uid", Integer.parseInt(NOBODY));
          }
        }
      }
      return all;
    }

    private void make(Path hierarchy, String path) throws IOException {
      Path at = hierarchy;
      for (Path name : Path.of(path)) {
        at = at.resolve(name);
        if (!Files.exists(at)) {
          Files.createDirectory(at);
          made.push(at);
        }
      }
      leaves.add(at);
    }

    @Override
    public void close() throws IOException {
      while (!made.isEmpty()) {
        Path at = made.pop();
        // What was killed leaves its cgroup a moment later
        Await.until("an empty " + at, () -> at.toFile().delete() || !Files.exists(at));
      }
    }
  }
}
