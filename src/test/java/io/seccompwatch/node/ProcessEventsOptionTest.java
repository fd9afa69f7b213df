package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code --process-events} of the built agent, on a node and where they cannot be had. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class ProcessEventsOptionTest {

  private static final String COMMAND =
      Path.of("target", "seccomp-watch", "bin", "seccomp-watch").toAbsolutePath().toString();

  @Test
  void areUsedByThemselvesOnANode(@TempDir Path directory) throws Exception {
    Agent.needsDistribution();
    try (Agent agent = Agent.start(directory, "--source", "audit-log=" + directory.resolve("a"))) {
      assertThat(agent.metrics().sum("seccomp_watch_process_events_active")).isEqualTo(1);
      assertThat(agent.get("/api/v1/status"))
          .contains("\"processEvents\" : {", "\"active\" : true");
    }
  }

  @Test
  void areLeftOutWhenSwitchedOff(@TempDir Path directory) throws Exception {
    Agent.needsDistribution();
    try (Agent agent =
        Agent.start(
            directory,
            "--source",
            "audit-log=" + directory.resolve("a"),
            "--process-events",
            "off")) {
      assertThat(agent.metrics().sum("seccomp_watch_process_events_active")).isZero();
      assertThat(agent.get("/api/v1/status")).contains("\"reason\" : \"switched off\"");
    }
  }

  @Test
  void areInsistedUponOrTheAgentDoesNotStart(@TempDir Path directory) throws Exception {
    Agent.needsDistribution();
    Path output = directory.resolve("out");
    Process process =
        Command.start(
            directory,
            output,
            List.of(
                "unshare",
                "--net",
                COMMAND,
                "run",
                "--source",
                "audit-log=" + directory.resolve("a"),
                "--state-dir",
                directory.resolve("state").toString(),
                "--kubernetes",
                "off",
                "--process-events",
                "on"));
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(Command.text(output).lines().filter(line -> !line.startsWith("SLF4J")))
        .containsExactly(
            "seccomp-watch: cannot start: process-events: this is another network namespace than"
                + " the node's: give hostNetwork (request: ECONNREFUSED): or give --process-events"
                + " auto");
  }
}
