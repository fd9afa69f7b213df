package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** journald writes an event twice, as it heard it and as the kernel printed it: it counts once. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class JournaldTwiceTest {

  private static final int TIMES = 8;

  @Test
  void counts_an_event_once_that_journald_wrote_twice(@TempDir Path directory) throws Exception {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    OciContainer.Engine.RUNC.isNeeded();
    Agent.needsDistribution();
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "nfsservctl");
    String steps = "calls:180-180:" + TIMES + ":1000";
    try (Journald journald = Journald.start(directory);
        Agent agent = Agent.start(directory, "--source", journald.source(), "--from", "end")) {
      KernelLog.awaitRoom(TIMES);
      try (OciContainer container =
          OciContainer.create(directory, filter, steps, "pause").start()) {
        Await.until(
            "both forms of each",
            Await.PATIENCE,
            () -> journald.linesWith(container.comm()).size() >= 2 * TIMES,
            agent::state);
        Await.until(
            "each told or a duplicate",
            Await.PATIENCE,
            () ->
                agent.metrics().sum("seccomp_watch_records_duplicate_total") >= TIMES
                    && agent.violationsOf(container).size() >= TIMES,
            agent::state);

        List<String> lines = journald.linesWith(container.comm());
        assertThat(lines).filteredOn(line -> line.contains(": SECCOMP ")).hasSize(TIMES);
        assertThat(lines).filteredOn(line -> line.contains(" kernel: audit: ")).hasSize(TIMES);
        assertThat(agent.violationsOf(container)).hasSize(TIMES);
        agent.metrics().assertBooksBalance();
      }
    }
  }
}
