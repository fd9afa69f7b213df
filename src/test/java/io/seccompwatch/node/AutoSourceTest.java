package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code --source auto} on a node that keeps no log files. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class AutoSourceTest {

  /** Gives the agent a /var/log of its own, with nothing in it. */
  private static final List<String> WITHOUT_LOGS =
      List.of(
          "unshare",
          "--mount",
          "sh",
          "-c",
          "mount -t tmpfs none /var/log && exec \"$@\"",
          "without-logs");

  /** The same without the capability that the audit socket takes. */
  private static final List<String> WITHOUT_AUDIT_READ =
      Stream.concat(
              WITHOUT_LOGS.stream(),
              Stream.of("setpriv", "--bounding-set", "-audit_read", "--inh-caps", "-audit_read"))
          .toList();

  @Test
  void takes_the_kernels_audit_socket_and_says_why(@TempDir Path directory) throws Exception {
    try (Agent agent = start(directory, WITHOUT_LOGS)) {
      assertThat(agent.log())
          .anyMatch(line -> line.contains("audit-netlink: can be had"))
          .anyMatch(line -> line.contains("no audit-log: /var/log/audit/audit.log is not there"))
          .anyMatch(line -> line.contains("no kmsg, no syslog: "));
      assertWatches(agent, "audit-netlink", "audit-multicast");
    }
  }

  @Test
  void takes_the_kernels_log_where_it_cannot_have_the_socket(@TempDir Path directory)
      throws Exception {
    KernelLog.awaitNoDaemon();
    KernelLog.awaitRoom(1);
    try (Agent agent = start(directory, WITHOUT_AUDIT_READ)) {
      assertThat(agent.log())
          .anyMatch(line -> line.contains("no audit-netlink: not permitted: give CAP_AUDIT_READ"))
          .anyMatch(line -> line.contains("no audit-log: /var/log/audit/audit.log is not there"))
          .anyMatch(line -> line.contains("kmsg: /dev/kmsg can be read"));
      assertWatches(agent, "kmsg", "/dev/kmsg");
    }
  }

  private static Agent start(Path directory, List<String> prefix) throws IOException {
    Command.needs("auditctl", "auditd");
    Agent.needsDistribution();
    return Agent.startThrough(directory, prefix, "--source", "auto");
  }

  private static void assertWatches(Agent agent, String kind, String path) throws Exception {
    assertThat(agent.log())
        .filteredOn(line -> line.contains(" msg=watching "))
        .singleElement()
        .asString()
        .contains(" sources=" + kind + "=" + path + " ")
        .contains("canary=\"seen by " + kind + " after ");
    assertThat(agent.get("/readyz")).isEqualTo("ok\n");
    agent.metrics().assertBooksBalance();
  }
}
