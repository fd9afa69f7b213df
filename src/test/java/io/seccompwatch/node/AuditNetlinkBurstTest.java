package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** More records at once than the kernel's log lets through. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class AuditNetlinkBurstTest {

  private static final int BURST = 5_000;
  private static final String LOGGED = "seccomp_logged_syscalls_total";
  private static final String LOST = "seccomp_watch_records_lost_total";

  @Test
  void every_record_comes_while_the_kernels_log_has_a_few(@TempDir Path directory)
      throws Exception {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    Engine.RUNC.isNeeded();
    Agent.needsDistribution();
    KernelLog.awaitNoDaemon();
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");
    try (Agent agent = Agent.start(directory, "--source", "audit-netlink");
        OciContainer container =
            OciContainer.create(directory, filter, "calls:250-250:" + BURST + ":0", "pause")
                .start()) {
      Await.until(
          "all records",
          () -> agent.metrics().sum(LOGGED, "syscall", "keyctl", "arch", "x86_64") >= BURST);
      Metrics metrics = agent.metrics();
      assertThat(metrics.sum(LOGGED, "syscall", "keyctl", "arch", "x86_64")).isEqualTo(BURST);
      assertThat(metrics.sum(LOST, "source", "audit-netlink")).isZero();
      metrics.assertBooksBalance();
      long inTheLog =
          Command.run(directory, List.of("dmesg", "--kernel"))
              .lines()
              .filter(line -> line.contains(" pid=" + container.pid() + " "))
              .count();
      assertThat(inTheLog).isLessThan(BURST / 10);
    }
  }
}
