package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The agent ends and comes back, as updates of a DaemonSet make it do. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class RestartTest {

  private static final Duration END = Duration.ofSeconds(2);
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
  void reads_once_what_auditd_wrote_while_it_was_down_even_across_a_rotation() throws Exception {
    Path state = directory.resolve("state");
    try (Auditd auditd = Auditd.start(directory, Auditd.Format.ENRICHED);
        OciContainer before = OciContainer.create(directory, LOGGING, "250", "pause");
        OciContainer down = OciContainer.create(directory, LOGGING, "250", "pause");
        OciContainer rotated = OciContainer.create(directory, LOGGING, "250", "pause");
        OciContainer after = OciContainer.create(directory, LOGGING, "250", "pause")) {
      try (Agent first = Agent.startOn(directory, state, "--source", auditd.source())) {
        before.start();
        assertNamed(first.awaitViolation(before, any -> true), before);
        first.terminate();
        assertThat(first.awaitExit(END)).isZero();
      }
      down.start();
      awaitWritten(auditd, down);
      auditd.rotate();
      rotated.start();
      awaitWritten(auditd, rotated);

      try (Agent second = Agent.startOn(directory, state, "--source", auditd.source())) {
        assertNamed(second.awaitViolation(down, any -> true), down);
        assertNamed(second.awaitViolation(rotated, any -> true), rotated);
        after.start();
        assertNamed(second.awaitViolation(after, any -> true), after);

        // In order, so that nothing else can come any more
        for (OciContainer container : List.of(down, rotated, after)) {
          assertThat(second.violationsOf(container)).hasSize(1);
        }
        assertThat(second.violationsOf(before)).as("told by the first").isEmpty();
        Metrics metrics = second.metrics();
        assertThat(metrics.sum("seccomp_watch_records_duplicate_total")).isZero();
        assertThat(metrics.sum("seccomp_watch_records_lost_total")).isZero();
        assertThat(metrics.sum("seccomp_watch_canary_records_total")).isEqualTo(1);
        metrics.assertBooksBalance();
      }
    }
  }

  /** Killed without a word it may tell a record again; it must not leave one out. */
  @Test
  void loses_nothing_when_it_was_killed() throws Exception {
    Path state = directory.resolve("state");
    try (Auditd auditd = Auditd.start(directory, Auditd.Format.RAW);
        OciContainer before = OciContainer.create(directory, LOGGING, "250", "pause");
        OciContainer down = OciContainer.create(directory, LOGGING, "250", "pause")) {
      try (Agent first = Agent.startOn(directory, state, "--source", auditd.source())) {
        before.start();
        assertNamed(first.awaitViolation(before, any -> true), before);
        first.kill();
      }
      down.start();
      awaitWritten(auditd, down);
      try (Agent second = Agent.startOn(directory, state, "--source", auditd.source())) {
        assertNamed(second.awaitViolation(down, any -> true), down);
        assertThat(second.violationsOf(down)).hasSize(1);
        second.metrics().assertBooksBalance();
      }
    }
  }

  @Test
  void goes_on_in_the_kernels_log_where_it_ended() throws Exception {
    Path state = directory.resolve("state");
    KernelLog.awaitNoDaemon();
    try (OciContainer before = OciContainer.create(directory, LOGGING, "250", "pause");
        OciContainer down = OciContainer.create(directory, LOGGING, "250", "pause");
        OciContainer after = OciContainer.create(directory, LOGGING, "250", "pause")) {
      KernelLog.awaitRoom(5);
      try (Agent first = Agent.startOn(directory, state, "--source", "kmsg")) {
        before.start();
        assertNamed(first.awaitViolation(before, any -> true), before);
        first.terminate();
        assertThat(first.awaitExit(END)).isZero();
      }
      down.start();
      try (Agent second = Agent.startOn(directory, state, "--source", "kmsg")) {
        assertNamed(second.awaitViolation(down, any -> true), down);
        after.start();
        assertNamed(second.awaitViolation(after, any -> true), after);

        assertThat(second.violationsOf(before)).as("told by the first").isEmpty();
        assertThat(second.violationsOf(down)).hasSize(1);
        second.metrics().assertBooksBalance();
      }
    }
  }

  @Test
  void refuses_a_state_directory_that_another_agent_holds() throws Exception {
    Path state = directory.resolve("state");
    KernelLog.awaitNoDaemon();
    try (Agent first = Agent.startOn(directory, state, "--source", "kmsg");
        Agent second = Agent.launch(directory, state, List.of(), "--source", "auto")) {
      assertThat(second.awaitExit(Await.PATIENCE)).isEqualTo(1);
      assertThat(second.log())
          .singleElement()
          .asString()
          .matches("seccomp-watch: cannot start: " + state + " is held by another .*: stop it.*");
      assertThat(first.get("/livez")).isEqualTo("ok\n");
    }
  }

  private static void awaitWritten(Auditd auditd, OciContainer container) {
    Await.until(
        "the record of " + container.comm() + " in auditd's log",
        () -> !auditd.generationsWith(container.comm()).getLast().isEmpty());
  }

  private static void assertNamed(Told told, OciContainer container) {
    assertThat(told.pid()).isEqualTo(container.pid());
    assertThat(told.podUid()).as(told.toString()).isEqualTo(container.podUid());
    assertThat(told.containerId()).isEqualTo(container.id());
  }
}
