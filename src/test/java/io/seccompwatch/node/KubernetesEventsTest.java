package io.seccompwatch.node;

import static io.seccompwatch.cluster.ContainerState.waiting;
import static io.seccompwatch.node.KubernetesNode.DENIED;
import static io.seccompwatch.node.KubernetesNode.LOGGED;
import static io.seccompwatch.node.KubernetesNode.denying;
import static io.seccompwatch.node.KubernetesNode.pod;
import static io.seccompwatch.node.KubernetesNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.seccompwatch.cluster.TestPod;
import io.seccompwatch.record.AuditArch;
import io.seccompwatch.syscall.SyscallTables;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Kubernetes Events of violations, read back from the API server with kubectl. */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KubernetesEventsTest {

  private static final String EVENTS = "seccomp_watch_kubernetes_events_total";

  /** As many as client-go's recorder allows a source and an object at once. */
  private static final int BURST = 25;

  private static final Duration END = Duration.ofSeconds(5);

  private @Nullable KubernetesNode node;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    node = KubernetesNode.start(directory);
  }

  @AfterAll
  void end() {
    if (node != null) {
      node.close();
    }
  }

  @Test
  void tells_a_denial_as_an_event_of_its_pod_whose_repeats_are_its_series() throws Exception {
    TestPod pod = pod("api-1").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    String[] steps = {DENIED, LOGGED, "wait:/go", "calls:163-163:4:1000", "pause"};
    try (Agent agent = node().agent();
        OciContainer container = node().container(uid, denying(), steps).start()) {
      node().report(pod.now("app", running(container)));
      JsonNode event = awaitEvent(pod, agent);

      assertThat(event.at("/type").asText()).isEqualTo("Warning");
      assertThat(event.at("/reason").asText()).isEqualTo("SeccompDenied");
      assertThat(event.at("/action").asText()).isEqualTo("Syscall");
      assertThat(event.at("/note").asText())
          .isEqualTo(
              "acct (163, x86_64) denied with errno in container app (process "
                  + container.comm()
                  + ")");
      assertThat(event.at("/reportingInstance").asText()).isEqualTo("n1");
      assertThat(event.at("/reportingController").asText()).isEqualTo("seccomp-watch");
      assertThat(event.get("series")).isNull();
      JsonNode regarding =
          JsonNodeFactory.instance
              .objectNode()
              .put("apiVersion", "v1")
              .put("kind", "Pod")
              .put("namespace", "prod")
              .put("name", "api-1")
              .put("uid", uid)
              .put("fieldPath", "spec.containers{app}");
      assertThat(event.get("regarding")).isEqualTo(regarding);
      assertThat(node().server().admin().text("-n", "prod", "events", "--for", "pod/api-1"))
          .containsPattern("Warning +SeccompDenied +Pod/api-1 +acct \\(163, x86_64\\) denied");

      container.letGoOn("go");
      Await.until(
          "a series of five",
          Await.PATIENCE,
          () -> node().events(pod).getFirst().at("/series/count").asInt() == 5,
          agent::state);
      assertThat(node().events(pod)).as("the logged call is not told").hasSize(1);
      Metrics metrics = agent.metrics();
      assertThat(metrics.sum(EVENTS, "result", "published")).isEqualTo(1);
      assertThat(metrics.sum(EVENTS, "result", "aggregated")).isEqualTo(4);
      assertThat(metrics.sum(EVENTS)).isEqualTo(5);
    }
  }

  @Test
  void tells_logged_calls_too_when_asked_for_all() throws Exception {
    TestPod pod = pod("all-1").init("setup", waiting("x")).container("app", waiting("x"));
    String uid = node().create(pod);
    try (Agent agent = node().agent("--events", "all");
        OciContainer container = node().container(uid, denying(), LOGGED, "pause").start()) {
      node().report(pod.now("setup", running(container)));
      JsonNode event = awaitEvent(pod, agent);

      assertThat(event.at("/reason").asText()).isEqualTo("SeccompLogged");
      assertThat(event.at("/note").asText())
          .startsWith("keyctl (250, x86_64) logged in container setup ");
      assertThat(event.at("/regarding/fieldPath").asText()).isEqualTo("spec.initContainers{setup}");
    }
  }

  @Test
  void tells_nothing_when_switched_off() throws Exception {
    TestPod pod = pod("off-1").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (Agent agent = node().agent("--events", "off");
        OciContainer container = node().denied(uid).start()) {
      node().report(pod.now("app", running(container)));
      assertThat(agent.awaitViolation(container, any -> true).names().pod()).isEqualTo("off-1");
      assertThat(agent.metrics().sum(EVENTS)).isZero();
      // It would send at its end what it had not yet
      agent.terminate();
      assertThat(agent.awaitExit(END)).isZero();

      assertThat(node().events(pod)).isEmpty();
    }
  }

  @Test
  void gives_the_storm_of_a_pod_few_events_and_accounts_for_the_rest() throws Exception {
    // 40 calls, none of which the program or its start needs, five times over
    int calls = 40;
    int times = 5;
    SyscallTables tables = new SyscallTables();
    String[] names =
        LongStream.range(159, 159 + calls)
            .mapToObj(number -> Objects.requireNonNull(tables.name(AuditArch.X86_64, number)))
            .toArray(String[]::new);
    Filter filter = Filter.allowing().but("SCMP_ACT_ERRNO", names).telling();
    TestPod pod = pod("storm").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (Agent agent = node().agent();
        OciContainer container =
            node().container(uid, filter, "calls:159-198:" + times + ":500", "pause")) {
      node().report(pod.now("app", running(container)));
      long before = creations();
      container.start();
      Await.until(
          "all denials accounted for",
          Await.PATIENCE,
          () -> agent.metrics().sum(EVENTS) == calls * times,
          agent::state);

      Metrics metrics = agent.metrics();
      assertThat(metrics.sum("seccomp_denials_total", "pod", "storm")).isEqualTo(calls * times);
      assertThat(metrics.sum(EVENTS, "result", "published")).isEqualTo(BURST);
      assertThat(metrics.sum(EVENTS, "result", "aggregated")).isEqualTo(BURST * (times - 1));
      assertThat(metrics.sum(EVENTS, "result", "suppressed")).isEqualTo((calls - BURST) * times);
      assertThat(node().events(pod)).hasSize(BURST);
      assertThat(creations() - before).as("requests for them").isEqualTo(BURST);
    }
  }

  @Test
  void says_once_that_it_may_not_write_events() throws Exception {
    TestPod pod = pod("forbidden").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    takeRightToEvents();
    try (Agent agent = node().agent()) {
      String[] steps = {DENIED, "wait:/go", "calls:163-163:2:1000", "pause"};
      try (OciContainer container = node().container(uid, denying(), steps).start()) {
        node().report(pod.now("app", running(container)));
        Await.until(
            "the problem is told",
            Await.PATIENCE,
            () -> agent.json("/api/v1/status").get("problems").toString().contains("Events"),
            agent::state);
        Await.until(
            "the problem is logged",
            Await.PATIENCE,
            () -> !forbidden(agent).isEmpty(),
            agent::state);
        container.letGoOn("go");
        Await.until(
            "three that failed",
            Await.PATIENCE,
            () -> agent.metrics().sum(EVENTS, "result", "failed") == 3,
            agent::state);

        assertThat(agent.page("/readyz").statusCode()).as("names do not suffer").isEqualTo(200);
        assertThat(agent.awaitViolation(container, any -> true).names().container())
            .isEqualTo("app");
        assertThat(agent.json("/api/v1/status").get("problems").toString())
            .contains("create", "namespace prod", "events.k8s.io");
        assertThat(forbidden(agent)).hasSize(1);
        assertThat(node().events(pod)).isEmpty();
      }
    } finally {
      node().server().giveRights();
    }
  }

  /** As an API server does that has just started. */
  @Test
  void tells_later_what_was_forbidden_for_a_moment() throws Exception {
    TestPod pod = pod("moment").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    takeRightToEvents();
    try (Agent agent = node().agent();
        OciContainer container = node().denied(uid).start()) {
      long before = refusals();
      node().report(pod.now("app", running(container)));
      Await.until("an Event is refused", Await.PATIENCE, () -> refusals() > before, agent::state);
      node().server().giveRights();

      assertThat(awaitEvent(pod, agent).at("/reason").asText()).isEqualTo("SeccompDenied");
      assertThat(forbidden(agent)).isEmpty();
      assertThat(agent.json("/api/v1/status").get("problems")).isEmpty();
    } finally {
      node().server().giveRights();
    }
  }

  private void takeRightToEvents() {
    String withoutEvents = "[{\"op\": \"remove\", \"path\": \"/rules/1\"}]";
    node()
        .server()
        .admin()
        .text("patch", "clusterrole/seccomp-watch", "--type=json", "-p", withoutEvents);
  }

  private long refusals() {
    return node().asked().stream()
        .filter(asked -> asked.what().equals("create events") && asked.code() == 403)
        .count();
  }

  private static List<String> forbidden(Agent agent) {
    return agent.log().stream().filter(line -> line.contains("forbid")).toList();
  }

  private JsonNode awaitEvent(TestPod pod, Agent agent) {
    return Await.value(
        "an Event of " + pod.name(),
        Await.PATIENCE,
        () -> node().events(pod).stream().findFirst(),
        agent::state);
  }

  private long creations() {
    return node().asked().stream().filter(asked -> asked.what().equals("create events")).count();
  }

  private KubernetesNode node() {
    return Objects.requireNonNull(node, "no node");
  }
}
