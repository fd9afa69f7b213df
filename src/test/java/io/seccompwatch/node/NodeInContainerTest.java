package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A node that is itself a container, as kind, k3d and minikube make them: the kernel's records have
 * the machine's PIDs, its procfs has its own. A container of the machine is denied a call, and
 * another process has its PID within the node, in a pod's cgroup.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
class NodeInContainerTest {

  private static final List<String> NODE =
      List.of("unshare", "--pid", "--fork", "--kill-child", "--mount-proc");

  /** Starts a process with a wanted PID in a cgroup, then becomes the command. */
  private static final String WITH_NAMESAKE =
      """
      echo $(($1 - 1)) > /proc/sys/kernel/ns_last_pid
      sleep 600 &
      echo $! > "$3"
      for procs in /sys/fs/cgroup/*/kubepods/burstable/$2/cgroup.procs; do
        echo $! > "$procs"
      done
      shift 3
      exec "$@"
      """;

  private final Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");

  @TempDir Path directory = Path.of("");

  @BeforeEach
  void needs() {
    Engine.RUNC.isNeeded();
    Command.needs("gcc", "gcc libc6-dev");
    Command.needs("unshare", "util-linux");
    Agent.needsDistribution();
    KernelLog.awaitNoDaemon();
  }

  @ParameterizedTest
  @ValueSource(strings = {"5m", "off"})
  void a_process_within_is_not_taken_for_the_one_outside_that_has_its_number(String canary)
      throws Exception {
    Path number = directory.resolve("number");
    try (OciContainer outside = OciContainer.create(directory, filter, "250", "pause");
        OciContainer inside = OciContainer.create(directory, filter, "pause");
        Agent agent =
            Agent.startThrough(
                directory,
                withNamesake(outside, inside, number),
                "--source",
                "audit-netlink",
                "--canary",
                canary)) {
      assertThat(Command.text(number).strip()).isEqualTo(Long.toString(outside.pid()));
      outside.start();
      Told told = agent.awaitViolation(outside, any -> true);
      assertThat(told.outcome()).isEqualTo("unknown");
      assertThat(told.reason()).isEqualTo("pid_namespace");
      assertThat(told.podUid()).isNull();
      assertThat(told.pid()).isEqualTo(outside.pid());

      assertThat(agent.page("/readyz").statusCode()).isEqualTo(503);
      assertThat(agent.page("/readyz").body())
          .contains("attribution: /proc numbers processes otherwise than the kernel's records do");
      assertThat(agent.get("/api/v1/status"))
          .contains("attribution: /proc numbers processes otherwise");
      assertThat(agent.log()).anyMatch(line -> line.contains("processes cannot be looked up"));
      agent.metrics().assertBooksBalance();
    }
  }

  @Test
  void with_the_machines_procfs_the_container_is_named_as_on_any_node() throws Exception {
    Path proc = Files.createDirectory(directory.resolve("proc"));
    List<String> prefix =
        new ArrayList<>(
            List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "mount --bind /proc \"$1\" && shift && exec \"$@\"",
                "sh",
                proc.toString()));
    prefix.addAll(NODE);
    try (OciContainer outside = OciContainer.create(directory, filter, "250", "pause");
        Agent agent =
            Agent.startThrough(
                directory, prefix, "--source", "audit-netlink", "--proc", proc.toString())) {
      outside.start();
      Told told = agent.awaitViolation(outside, any -> true);
      assertThat(told.podUid()).isEqualTo(outside.podUid());
      assertThat(agent.metrics().sum("seccomp_watch_canary_last_success_timestamp_seconds"))
          .isPositive();
      assertThat(agent.page("/readyz").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void doctor_says_so_in_its_verdict() throws Exception {
    List<String> arguments = List.of("--kubernetes", "off", "--source", "audit-netlink");
    DoctorRun run = DoctorRun.through(directory, NODE, arguments.toArray(String[]::new));
    assertThat(run.exit()).as(run.report().toPrettyString()).isEqualTo(1);
    assertThat(run.carriers()).containsExactly("audit-netlink");
    assertThat(run.blindness()).contains("process numbers: /proc numbers processes otherwise");
  }

  private static List<String> withNamesake(OciContainer outside, OciContainer pod, Path number) {
    List<String> prefix = new ArrayList<>(NODE);
    prefix.addAll(
        List.of(
            "sh",
            "-c",
            WITH_NAMESAKE,
            "sh",
            Long.toString(outside.pid()),
            "pod" + pod.podUid() + "/" + pod.id(),
            number.toString()));
    return prefix;
  }
}
