package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code doctor} on the real kernel: what it sees, and what it says when it sees nothing. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class DoctorNodeTest {

  private static final Path ACTIONS = Path.of("/proc/sys/kernel/seccomp/actions_logged");
  private static final String KMSG = "kmsg=/dev/kmsg";
  private static final String[] RULE = {"always,exclude", "-F", "msgtype=1326"};

  @TempDir private Path directory;

  @BeforeEach
  void quiet() {
    Command.needs("auditctl", "auditd");
    KernelLog.awaitNoDaemon();
    KernelLog.awaitRoom(2);
  }

  @Test
  void sees_the_canary_in_the_kernels_log() throws Exception {
    DoctorRun run = DoctorRun.of(directory, "--source", KMSG);
    assertThat(run.exit()).as(run.report().toPrettyString()).isZero();
    assertThat(run.carriers()).containsExactly("kmsg");
    assertThat(run.findings("canary")).singleElement().asString().startsWith("ok kmsg: seen after");
    assertThat(run.findings("clock")).anyMatch(line -> line.startsWith("ok stamps: "));
    assertThat(run.findings("audit")).anyMatch(line -> line.contains("no daemon is registered"));
    assertThat(run.stderr()).isEmpty();
  }

  @Test
  void sees_it_in_auditds_log_and_finds_the_kernels_log_rightly_silent() throws Exception {
    try (Auditd auditd = Auditd.start(directory, Auditd.Format.ENRICHED)) {
      DoctorRun run =
          DoctorRun.of(directory, "--source", auditd.source(), "--source", KMSG, "--timeout", "4s");
      assertThat(run.exit()).as(run.report().toPrettyString()).isZero();
      assertThat(run.carriers()).containsExactly("audit-log");
      assertThat(run.findings("canary"))
          .anyMatch(line -> line.startsWith("ok kmsg: not seen; normal: PID "));
      assertThat(run.findings("audit")).anyMatch(line -> line.contains("auditd, PID "));
      assertThat(run.findings("daemons")).anyMatch(line -> line.startsWith("ok auditd: runs"));
    }
  }

  @Test
  void sees_it_on_the_audit_socket_beside_auditd() throws Exception {
    try (Auditd auditd = Auditd.start(directory, Auditd.Format.RAW)) {
      DoctorRun run =
          DoctorRun.of(directory, "--source", auditd.source(), "--source", "audit-netlink");
      assertThat(run.exit()).as(run.report().toPrettyString()).isZero();
      assertThat(run.carriers()).containsExactly("audit-log", "audit-netlink");
      assertThat(run.findings("sources"))
          .contains("ok audit-netlink: the kernel's audit socket can be had");
    }
  }

  @Test
  void the_audit_socket_of_another_network_namespace_is_no_source() throws Exception {
    DoctorRun run = in(List.of("unshare", "--net"), "--source", "audit-netlink", "--timeout", "1s");
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.blindness()).contains("no source can be read").contains("network namespace");
    assertThat(run.findings("sources"))
        .singleElement()
        .asString()
        .startsWith("problem audit-netlink: ")
        .contains("hostNetwork");
  }

  @Test
  void is_blind_while_a_rule_excludes_the_records() throws Exception {
    auditctl("-a");
    try {
      DoctorRun run = DoctorRun.of(directory, "--source", KMSG, "--timeout", "2s");
      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.carriers()).isEmpty();
      assertThat(run.blindness()).contains("-a always,exclude -F msgtype=1326");
    } finally {
      auditctl("-d");
    }
  }

  @Test
  void is_blind_while_the_kernel_does_not_log_the_action() throws Exception {
    String before = Files.readString(ACTIONS);
    Files.writeString(ACTIONS, before.replace(" log", ""));
    try {
      DoctorRun run = DoctorRun.of(directory, "--source", KMSG, "--timeout", "2s");
      assertThat(run.exit()).isEqualTo(1);
      assertThat(run.blindness()).contains("actions_logged lacks log");
      assertThat(run.findings("kernel"))
          .anyMatch(line -> line.contains("-> sysctl -w kernel.seccomp.actions_logged="));
    } finally {
      Files.writeString(ACTIONS, before);
    }
  }

  @Test
  void tells_a_network_namespace_of_its_own_and_sees_the_kernels_log_from_it() throws Exception {
    DoctorRun run = in(List.of("unshare", "--net"), "--source", KMSG);
    assertThat(run.exit()).as(run.report().toPrettyString()).isZero();
    assertThat(run.findings("rights"))
        .anyMatch(line -> line.contains("net namespace: not the machine's"))
        .anyMatch(line -> line.contains("hostNetwork: true"));
  }

  @Test
  void tells_a_user_namespace_of_its_own() throws Exception {
    DoctorRun run = in(List.of("unshare", "--user", "--map-root-user"), "--source", KMSG);
    assertThat(run.findings("rights"))
        .anyMatch(line -> line.contains("user namespace: not the node's"))
        .anyMatch(line -> line.contains("hostUsers: true"));
    assertThat(run.findings("audit")).anyMatch(line -> line.startsWith("unknown kernel: "));
  }

  @Test
  void without_capabilities_it_sees_and_says_what_it_could_not_ask() throws Exception {
    Command.needs("setpriv", "util-linux");
    DoctorRun run =
        in(
            List.of("setpriv", "--bounding-set", "-all,+syslog", "--inh-caps", "-all"),
            "--source",
            KMSG);
    assertThat(run.exit()).as(run.report().toPrettyString()).isZero();
    assertThat(run.findings("rights"))
        .anyMatch(line -> line.startsWith("note capabilities: SYSLOG; without "));
    assertThat(run.findings("audit"))
        .anyMatch(line -> line.contains("not permitted: give CAP_AUDIT_CONTROL"));
  }

  @Test
  void tells_whose_file_it_is_that_cannot_be_read() throws Exception {
    Command.needs("setpriv", "util-linux");
    Path log = Files.createFile(directory.resolve("audit.log"));
    Files.setPosixFilePermissions(log, PosixFilePermissions.fromString("rw-------"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    DoctorRun run =
        in(
            List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
            "--source",
            "audit-log=" + log,
            "--timeout",
            "1s");
    assertThat(run.exit()).as(run.stderr()).isEqualTo(1);
    assertThat(run.findings("sources"))
        .singleElement()
        .asString()
        .contains("permission denied: rw------- root:root (0:0)", "this is uid 65534")
        .contains("run as root without capabilities");
  }

  @Test
  void counts_a_container_whose_denials_nobody_writes_down() throws Exception {
    Engine.CRUN.isNeeded();
    String uid = "0b7e2a4c-51c9-4f0e-9d52-1a6a5d1f7c11";
    try (OciContainer container =
        OciContainer.inPod(uid, Engine.CRUN, directory, Filter.allowing(), "pause").start()) {
      DoctorRun run = DoctorRun.of(directory, "--source", KMSG);
      assertThat(run.exit()).as(run.report().toPrettyString()).isZero();
      assertThat(run.findings("containers"))
          .anyMatch(line -> line.startsWith("problem containers: denials of 1 are not written"))
          .anyMatch(line -> line.contains(container.id().substring(0, 12)));
    }
  }

  private DoctorRun in(List<String> prefix, String... arguments) throws IOException {
    String[] all = new String[arguments.length + 2];
    all[0] = "--kubernetes";
    all[1] = "off";
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return DoctorRun.through(directory, prefix, all);
  }

  private void auditctl(String what) {
    Command.run(directory, List.of("auditctl", what, RULE[0], RULE[1], RULE[2]));
  }
}
