package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
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

  @Test
  void takes_the_kernels_log_and_says_why(@TempDir Path directory) throws Exception {
    Command.needs("auditctl", "auditd");
    Agent.needsDistribution();
    KernelLog.awaitNoDaemon();
    KernelLog.awaitRoom(1);
    try (Agent agent = Agent.startThrough(directory, WITHOUT_LOGS, "--source", "auto")) {
      assertThat(agent.log())
          .anyMatch(line -> line.contains("no audit-log: /var/log/audit/audit.log is not there"))
          .anyMatch(line -> line.contains("kmsg: /dev/kmsg can be read"))
          .filteredOn(line -> line.contains(" msg=watching "))
          .singleElement()
          .asString()
          .contains(" sources=kmsg=/dev/kmsg ")
          .contains("canary=\"seen by kmsg after ");
      assertThat(agent.get("/readyz")).isEqualTo("ok\n");
      agent.metrics().assertBooksBalance();
    }
  }
}
