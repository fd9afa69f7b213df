package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program whose path is so long that printk cuts the record before signal, call and action. It
 * cuts the line end, too: the record cannot be read before the kernel's next message, which here
 * the test writes.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
class LongPathTest {

  private static final String DIRECTORY = ("/" + "d".repeat(199)).repeat(5);

  @TempDir private Path directory = Path.of("");

  @BeforeEach
  void needs() throws Exception {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    Engine.RUNC.isNeeded();
    Agent.needsDistribution();
    Probe.compiled();
  }

  @Test
  void its_kill_counts_with_its_container_from_the_kernel_log() throws Exception {
    try (RecordWriter kernelLog = RecordWriter.kernelLog()) {
      assertKillCounts(kernelLog);
    }
  }

  @Test
  void its_kill_counts_with_its_container_from_rsyslogs_file() throws Exception {
    Command.needs("rsyslogd", "rsyslog");
    try (RecordWriter rsyslog = Rsyslog.start(directory, Rsyslog.Template.TRADITIONAL)) {
      assertKillCounts(rsyslog);
    }
  }

  private static Told awaitAfterNextMessage(
      Agent agent, OciContainer container, Predicate<Told> fits) {
    return Await.value(
        "a violation of " + container.comm(),
        Await.PATIENCE,
        () -> {
          KernelLog.write("the next message");
          return agent.violationsOf(container).stream().filter(fits).findFirst();
        },
        agent::state);
  }

  private void assertKillCounts(RecordWriter writer) throws Exception {
    writer.awaitRoom(1);
    Filter filter =
        Filter.allowing().but("SCMP_ACT_LOG", "keyctl").but("SCMP_ACT_KILL_PROCESS", "mount");
    try (Agent agent = Agent.start(directory, "--source", writer.source(), "--from", "end")) {
      writer.awaitRoom(4);
      try (OciContainer container =
          OciContainer.inDirectory(DIRECTORY, directory, filter, "250", "wait:/go", "165")
              .start()) {
        Told logged = awaitAfterNextMessage(agent, container, any -> true);
        container.letGoOn("go");
        Told killed =
            awaitAfterNextMessage(agent, container, told -> told.serial() != logged.serial());

        assertThat(killed.verdict()).isEqualTo("denied");
        assertThat(killed.action()).isEqualTo("unknown");
        assertThat(killed.syscall()).isNull();
        assertThat(killed.pid()).isEqualTo(container.pid());
        assertThat(killed.outcome()).isEqualTo("container");
        assertThat(killed.podUid()).isEqualTo(container.podUid());
        assertThat(killed.containerId()).isEqualTo(container.id());
        Metrics metrics = agent.metrics();
        assertThat(metrics.sum("seccomp_denials_total", "syscall", "unknown", "action", "unknown"))
            .isEqualTo(2);
        assertThat(metrics.sum("seccomp_watch_records_rejected_total")).isZero();
        metrics.assertBooksBalance();
      }
    }
  }
}
