package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** auditd rotates its log by itself while a container goes on being told about. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class RotationTest {

  // Six calls that no kernel has any more and nobody makes, so few of each that all get their line.
  private static final String[] CALLS = {
    "nfsservctl", "getpmsg", "putpmsg", "afs_syscall", "tuxcall", "security"
  };
  private static final int TIMES = 20;
  private static final int RECORDS = CALLS.length * TIMES;
  private static final Pattern ID = Pattern.compile("msg=audit\\(([0-9.]+:\\d+)\\)");

  @TempDir private Path directory = Path.of("");

  @BeforeEach
  void needs() {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    OciContainer.Engine.RUNC.isNeeded();
    Agent.needsDistribution();
  }

  @ParameterizedTest
  @EnumSource(Auditd.Format.class)
  void loses_no_record_and_tells_none_twice_when_auditd_rotates(Auditd.Format format)
      throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", CALLS);
    String steps = "calls:180-185:" + TIMES + ":5000";
    try (Auditd auditd = Auditd.start(directory, format);
        Agent agent = Agent.start(directory, "--source", auditd.source(), "--from", "end");
        OciContainer container = OciContainer.create(directory, filter, steps, "pause").start()) {
      for (int told : List.of(RECORDS / 4, RECORDS / 2)) {
        awaitTold(agent, container, told);
        auditd.rotate();
      }
      awaitTold(agent, container, RECORDS);

      List<List<String>> written = auditd.generationsWith("comm=\"" + container.comm() + "\"");
      assertThat(written).as("the rotations fell amid the records").hasSize(3);
      assertThat(written).noneMatch(List::isEmpty);
      assertThat(agent.violationsOf(container))
          .extracting(Told::auditId)
          .containsExactlyElementsOf(written.stream().flatMap(List::stream).map(this::id).toList())
          .doesNotHaveDuplicates()
          .hasSize(RECORDS);
      assertThat(agent.violationsOf(container))
          .allMatch(told -> container.podUid().equals(told.podUid()))
          .allMatch(told -> container.id().equals(told.containerId()));
      Metrics metrics = agent.metrics();
      for (String call : CALLS) {
        assertThat(metrics.sum("seccomp_logged_syscalls_total", "syscall", call))
            .as(call)
            .isEqualTo(TIMES);
      }
      assertThat(metrics.sum("seccomp_watch_source_rotations_total", "source", "audit-log"))
          .isEqualTo(2);
      assertThat(metrics.sum("seccomp_watch_records_lost_total")).isZero();
      assertThat(metrics.sum("seccomp_watch_records_duplicate_total")).isZero();
      metrics.assertBooksBalance();
    }
  }

  private static void awaitTold(Agent agent, OciContainer container, int count) {
    Await.until(
        count + " violations of " + container.comm(),
        Await.PATIENCE,
        () -> agent.violationsOf(container).size() >= count,
        agent::state);
  }

  private String id(String line) {
    return ID.matcher(line).results().findFirst().orElseThrow().group(1);
  }
}
