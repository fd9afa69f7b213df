package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** An agent with two sources, as {@code auto} chooses them on a node with auditd. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class HandoverTest {

  private static final Filter LOGGING = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");

  @TempDir private Path directory = Path.of("");

  @BeforeEach
  void needs() {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    OciContainer.Engine.RUNC.isNeeded();
    Agent.needsDistribution();
  }

  @Test
  void goes_on_with_the_kernels_log_when_auditd_ends() throws Exception {
    try (Auditd auditd = Auditd.start(directory, Auditd.Format.ENRICHED);
        OciContainer during = OciContainer.create(directory, LOGGING, "250", "pause");
        OciContainer after = OciContainer.create(directory, LOGGING, "250", "pause");
        Agent agent =
            Agent.start(
                directory, "--source", auditd.source(), "--source", "kmsg", "--from", "end")) {
      during.start();
      assertThat(agent.awaitViolation(during, any -> true).source()).isEqualTo("audit-log");
      auditd.stop();
      KernelLog.awaitNoDaemon();
      KernelLog.awaitRoom(1);
      after.start();
      Told told = agent.awaitViolation(after, any -> true);

      assertThat(told.source()).isEqualTo("kmsg");
      assertThat(told.podUid()).isEqualTo(after.podUid());
      assertThat(agent.violationsOf(during)).hasSize(1);
      assertThat(agent.violationsOf(after)).hasSize(1);
      Metrics metrics = agent.metrics();
      assertThat(metrics.sum("seccomp_watch_canary_records_total", "source", "audit-log"))
          .isEqualTo(1);
      metrics.assertBooksBalance();
    }
  }

  /** rsyslog copies what the kernel's log holds, so each record comes both ways. */
  @Test
  void counts_once_what_two_sources_bring() throws Exception {
    try (Rsyslog rsyslog = Rsyslog.start(directory, Rsyslog.Template.ISO);
        OciContainer container = OciContainer.create(directory, LOGGING, "250", "pause")) {
      rsyslog.awaitRoom(2);
      try (Agent agent =
          Agent.start(
              directory, "--source", rsyslog.source(), "--source", "kmsg", "--from", "end")) {
        container.start();
        agent.awaitViolation(container, any -> true);
        // Its own two and the canary's two: others' only add to both sides
        Await.until(
            "the second copies",
            Await.PATIENCE,
            () -> agent.metrics().sum("seccomp_watch_records_duplicate_total") >= 2,
            agent::state);

        assertThat(agent.violationsOf(container)).hasSize(1);
        assertThat(agent.violationsOf(container).getFirst().podUid()).isEqualTo(container.podUid());
        Metrics metrics = agent.metrics();
        assertThat(metrics.sum("seccomp_watch_canary_records_total")).isEqualTo(1);
        metrics.assertBooksBalance();
      }
    }
  }
}
