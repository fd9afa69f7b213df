package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Commands that are executed in a running container and end at once: {@code kubectl exec} and the
 * exec probes of the kubelet.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
class ExecOneShotsTest {

  private static final int COMMANDS = 40;
  private static final String ATTRIBUTIONS = "seccomp_watch_attributions_total";

  /** Without process events a process can be gone before anything looks at it. */
  @ParameterizedTest(name = "{0} {1} process events {2}")
  @CsvSource({
    "RUNC, audit-netlink, auto, 20",
    "RUNC, audit-log, auto, 20",
    "CRUN, audit-netlink, auto, 15",
    "RUNC, audit-netlink, off, 0",
    "RUNC, audit-log, off, 0"
  })
  void belong_to_their_container(
      Engine engine, String source, String events, int least, @TempDir Path directory)
      throws Exception {
    Command.needs("gcc", "gcc libc6-dev");
    engine.isNeeded();
    Agent.needsDistribution();
    Files.createDirectories(directory.resolve("root"));
    try (RecordWriter writer = writer(source, directory);
        Agent agent =
            Agent.start(
                directory,
                "--source",
                writer.source(),
                "--from",
                "end",
                "--process-events",
                events,
                "--host-root",
                directory.resolve("root").toString());
        OciContainer container =
            OciContainer.create(
                    engine,
                    directory,
                    Filter.allowing().but("SCMP_ACT_KILL_PROCESS", "mount"),
                    "pause")
                .keptBelow(directory.resolve("root"))
                .start()) {
      // The lines of one kind have a budget; the metrics have all
      double before = agent.metrics().sum(ATTRIBUTIONS);
      double unknownBefore = agent.metrics().sum(ATTRIBUTIONS, "outcome", "unknown");
      for (int i = 0; i < COMMANDS; i++) {
        container.execute("165");
      }
      Await.until(
          "records of all commands",
          Await.PATIENCE,
          () -> agent.metrics().sum(ATTRIBUTIONS) - before >= COMMANDS,
          agent::state);
      double unknown = agent.metrics().sum(ATTRIBUTIONS, "outcome", "unknown") - unknownBefore;
      System.out.printf(
          "%s %s, process events %s: unknown %.0f of %d%n",
          engine, source, events, unknown, COMMANDS);
      for (Told told : agent.violationsOf(container)) {
        if (!told.outcome().equals("unknown")) {
          assertThat(told.outcome()).as(told.toString()).isEqualTo("container");
          assertThat(told.containerId()).as(told.toString()).isEqualTo(container.id());
          assertThat(told.podUid()).isEqualTo(container.podUid());
          assertThat(told.names().pod()).isEqualTo("pod-of-" + container.comm());
          assertThat(told.names().namespace()).isEqualTo("annotated");
          assertThat(told.names().container()).isEqualTo(container.comm());
        }
      }
      assertThat(COMMANDS - unknown).isGreaterThanOrEqualTo(least);
    }
  }

  private static RecordWriter writer(String source, Path directory) throws Exception {
    if (source.equals("audit-log")) {
      return Auditd.start(directory, Auditd.Format.RAW);
    }
    KernelLog.awaitNoDaemon();
    return RecordWriter.auditSocket(() -> {});
  }
}
