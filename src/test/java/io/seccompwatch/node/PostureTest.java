package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What is said of the visibility of a container's denials is what the kernel then does: real
 * filters by real runtimes, and the records that come of them or do not.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostureTest {

  private static final String INFO = "seccomp_container_info";
  private static final String VISIBLE = "seccomp_container_denials_visible";

  /** acct of the machine's own ABI, which the filters deny. */
  private static final int DENIED = 163;

  /** keyctl, which they log, after the denial: what has not come by then does not come. */
  private static final int MARK = 250;

  private @Nullable Path temporary;
  private @Nullable Auditd auditd;
  private @Nullable Agent agent;

  @BeforeAll
  void watch(@TempDir Path directory) throws Exception {
    temporary = directory;
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    Engine.RUNC.isNeeded();
    Engine.CRUN.isNeeded();
    Agent.needsDistribution();
    auditd = Auditd.start(directory, Auditd.Format.RAW);
    agent =
        Agent.start(
            directory,
            "--source",
            auditd.source(),
            "--from",
            "end",
            "--process-events",
            "off",
            "--host-root",
            Files.createDirectories(directory.resolve("root")).toString());
  }

  @AfterAll
  void end() {
    if (agent != null) {
      agent.close();
    }
    if (auditd != null) {
      auditd.close();
    }
  }

  @ParameterizedTest(name = "{0} {1} with the flag: {2}")
  @CsvSource(
      delimiter = '|',
      value = {
        "RUNC | SCMP_ACT_ERRNO        | false | false | the profile returns ERRNO without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
        "CRUN | SCMP_ACT_ERRNO        | false | false | the profile returns ERRNO without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
        "CRUN | SCMP_ACT_ERRNO        | true  | true  | the kernel writes down ERRNO",
        "RUNC | SCMP_ACT_TRAP         | false | false | the profile returns TRAP without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
        "CRUN | SCMP_ACT_TRAP         | true  | true  | the kernel writes down TRAP",
        "RUNC | SCMP_ACT_KILL_PROCESS | false | true  | the kernel writes down KILL_PROCESS",
        "CRUN | SCMP_ACT_KILL_THREAD  | false | true  | the kernel writes down KILL_THREAD",
      })
  void a_denial_is_recorded_where_it_is_said_to_be_visible(
      Engine engine, String action, boolean flag, boolean visible, String reason) throws Exception {
    Filter filter = Filter.allowing().but(action, "acct").but("SCMP_ACT_LOG", "keyctl");
    String[] steps = {"fork:" + DENIED, Integer.toString(MARK), "pause"};
    try (OciContainer container =
        OciContainer.create(engine, directory(), flag ? filter.telling() : filter, steps)) {
      container.keptBelow(directory().resolve("root")).start();
      agent().awaitViolation(container, told -> told.number() == MARK);
      assertThat(
              agent().violationsOf(container).stream()
                  .filter(told -> told.number() == DENIED)
                  .count())
          .as("records of the denial")
          .isEqualTo(visible ? 1 : 0);

      JsonNode told = awaitPosture(container);
      assertThat(told.get("reason").asText()).isEqualTo(reason);
      assertThat(told.get("denialsVisible").asBoolean()).isEqualTo(visible);
      assertThat(told.get("filters").asInt()).isEqualTo(1);
      assertThat(told.at("/asked/type").asText()).isEqualTo("unknown");
      Await.until(
          "the metrics of " + container.comm(),
          () -> agent().metrics().has(INFO, labels(container, "mode", "filter")));
      assertThat(agent().metrics().sum(VISIBLE, labels(container))).isEqualTo(visible ? 1 : 0);
      assertThat(agent().metrics().sum(INFO, labels(container))).isEqualTo(1);
    }
  }

  /** The kernel keeps the rule; that of this test goes with it. */
  @Test
  void an_audit_rule_that_drops_the_records_makes_every_denial_invisible() throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_KILL_PROCESS", "acct");
    List<String> rule = List.of("exclude,always", "-F", "msgtype=SECCOMP");
    auditctl("-a", rule);
    try (OciContainer container =
        OciContainer.create(
            Engine.RUNC,
            directory(),
            filter,
            "fork:" + DENIED,
            "wait:/go",
            "fork:" + DENIED,
            "pause")) {
      container.keptBelow(directory().resolve("root")).start();
      assertThat(awaitPosture(container).get("reason").asText())
          .isEqualTo("an audit rule drops every seccomp record: -a always,exclude -F msgtype=1326");
      assertThat(agent().metrics().sum(VISIBLE, labels(container))).isZero();
      auditctl("-d", rule);
      container.letGoOn("go");
      agent().awaitViolation(container, told -> told.number() == DENIED);
      assertThat(agent().violationsOf(container)).hasSize(1);
    } finally {
      auditctl("-d", rule, "|| true");
    }
  }

  private void auditctl(String what, List<String> rule, String... otherwise) {
    String command =
        "auditctl " + what + " " + String.join(" ", rule) + " " + String.join(" ", otherwise);
    Command.run(directory(), List.of("sh", "-c", command));
  }

  /** What the status says of the container once its filter is loaded. */
  private JsonNode awaitPosture(OciContainer container) {
    return Await.value(
        "the posture of " + container.comm(),
        Await.PATIENCE,
        () -> {
          for (JsonNode one : agent().json("/api/v1/status").get("containers")) {
            boolean same = one.get("containerId").asText().equals(container.id());
            if (same && one.get("mode").asText().equals("filter")) {
              return Optional.of(one);
            }
          }
          return Optional.empty();
        },
        agent()::state);
  }

  private static String[] labels(OciContainer container) {
    return new String[] {
      "namespace", "annotated", "pod", "pod-of-" + container.comm(), "container", container.comm()
    };
  }

  private static String[] labels(OciContainer container, String name, String value) {
    String[] names = labels(container);
    return new String[] {names[0], names[1], names[2], names[3], names[4], names[5], name, value};
  }

  private Path directory() {
    return Objects.requireNonNull(temporary, "no directory");
  }

  private Agent agent() {
    return Objects.requireNonNull(agent, "no agent");
  }
}
