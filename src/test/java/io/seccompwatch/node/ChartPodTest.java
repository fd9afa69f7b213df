package io.seccompwatch.node;

import static io.seccompwatch.node.KubernetesNode.DENIED;
import static io.seccompwatch.node.KubernetesNode.denying;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The privilege that the chart derives is enough: the agent runs with it, and does its work. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class ChartPodTest {

  private static final int ADM = 4;

  @TempDir Path directory;

  @BeforeEach
  void needsRuntimes() {
    Engine.RUNC.isNeeded();
    Engine.CRUN.isNeeded();
  }

  @Test
  void root_without_capabilities_reads_an_audit_log_that_is_roots_alone() throws Exception {
    try (Auditd auditd = Auditd.start(directory, Auditd.Format.ENRICHED)) {
      Path log = auditd.log();
      Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("rw-------"));
      Files.setPosixFilePermissions(log.getParent(), PosixFilePermissions.fromString("rwx------"));
      try (AgentPod pod = pod("source: audit-log\nauditLog: {path: " + log + "}\n")) {
        assertThat(pod.status("CapEff")).isEqualTo("0000000000000000");
        assertThat(pod.status("NoNewPrivs")).isEqualTo("1");
        tellsADenial(pod, "audit-log");
      }
      assertThat(directory.resolve("state").resolve("canary-key")).exists();
      assertThat(directory.resolve("state"))
          .isDirectoryContaining(file -> file.toString().endsWith(".checkpoint"));
    }
  }

  @Test
  void with_audit_read_and_the_hosts_network_the_audit_socket_is_heard() throws Exception {
    try (AgentPod pod = pod("source: audit-netlink\nextraArgs: [--listen, 127.0.0.1:0]\n")) {
      assertThat(pod.status("CapEff")).isEqualTo("0000002000000000"); // CAP_AUDIT_READ is 37
      tellsADenial(pod, "audit-netlink");
    }
  }

  @Test
  void with_net_admin_and_the_nodes_namespaces_process_events_are_had() throws Exception {
    String values =
        """
        source: audit-netlink
        processEvents: true
        extraArgs: [--listen, 127.0.0.1:0]
        """;
    try (AgentPod pod = pod(values)) { // which refuses to start without them
      tellsADenial(pod, "audit-netlink");
    }
  }

  @Test
  void with_audit_control_and_the_nodes_processes_the_kernel_gives_its_own_account()
      throws Exception {
    Path log = Files.createFile(Files.createDirectory(directory.resolve("log")).resolve("syslog"));
    try (AgentPod pod = pod("source: syslog\nkernelAudit: true\nsyslog: {path: " + log + "}\n")) {
      assertThat(pod.status("CapEff")).isEqualTo("0000000040000000"); // CAP_AUDIT_CONTROL is 30
      assertThat(pod.log()).doesNotContain("audit counters are not read");
    }
  }

  @Test
  void another_user_of_the_group_adm_reads_syslog() throws Exception {
    Path logs = Files.createDirectory(directory.resolve("log"));
    Path log = Files.createFile(logs.resolve("syslog"));
    Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("rw-r-----"));
    Files.setAttribute(log, "unix:gid", ADM);
    String values =
        """
        source: syslog
        syslog: {path: %s}
        runAsNonRoot: true
        state: {type: emptyDir}
        """
            .formatted(log);
    try (AgentPod pod = pod(values)) {
      assertThat(pod.status("Uid")).isEqualTo("65532 65532 65532 65532");
      assertThat(pod.status("CapEff")).isEqualTo("0000000000000000");
      Files.writeString(
          log,
          """
          Nov 22 10:20:23 n1 kernel: [  100.000000] audit: type=1326 audit(%d.836:15): auid=1000 \
          uid=0 gid=0 ses=1 pid=4194304 comm="reads-syslog" exe="/bin/kc" sig=0 arch=c000003e \
          syscall=165 compat=0 ip=0x439fea code=0x50000
          """
              .formatted(Clock.systemUTC().millis() / 1_000),
          StandardOpenOption.APPEND);
      assertThat(pod.awaitViolation("reads-syslog").syscall()).isEqualTo("mount");
    }
  }

  private AgentPod pod(String values) throws Exception {
    String state = "state: {hostPath: " + directory.resolve("state") + "}\n";
    return AgentPod.start(
        directory,
        values
            + (values.contains("state:") ? "" : state)
            + "kubernetes: {enabled: false}\n"
            + ("posture: {kubeletRootDir: " + directory.resolve("kubelet") + "}\n"));
  }

  /** A container's denial, and which one it was: the node's procfs and cgroups are seen. */
  private void tellsADenial(AgentPod pod, String source) throws Exception {
    try (OciContainer container =
        OciContainer.inPod(
                UUID.randomUUID().toString(), Engine.CRUN, directory, denying(), DENIED, "pause")
            .start()) {
      Told told = pod.awaitViolation(container.comm());
      assertThat(told.source()).isEqualTo(source);
      assertThat(told.outcome()).isEqualTo("container");
      assertThat(told.podUid()).isEqualTo(container.podUid());
      assertThat(pod.log()).contains("canary=\"seen by " + source + " after ");
    }
  }
}
