package io.seccompwatch.node;

import static io.seccompwatch.cluster.ContainerState.waiting;
import static io.seccompwatch.node.KubernetesNode.DENIED;
import static io.seccompwatch.node.KubernetesNode.awaitReady;
import static io.seccompwatch.node.KubernetesNode.denying;
import static io.seccompwatch.node.KubernetesNode.pod;
import static io.seccompwatch.node.KubernetesNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.seccompwatch.cluster.ContainerState;
import io.seccompwatch.cluster.TestPod;
import io.seccompwatch.node.Told.Names;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The API server goes away, comes back, and refuses: the agent goes on counting, says so, and
 * recovers by itself.
 */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiServerOutageTest {

  private static final String SYNCED = "seccomp_watch_kubernetes_synced";
  private static final String PENDING = "seccomp_watch_violations_pending";

  /** The agent asks again at growing intervals. */
  private static final Duration RECOVERY = Duration.ofSeconds(60);

  private @Nullable KubernetesNode node;
  private boolean away;

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

  @AfterEach
  void is_back() {
    if (away) {
      comeBack();
    }
  }

  @Test
  void counts_and_names_known_pods_while_the_server_is_away_and_recovers() throws Exception {
    TestPod known = pod("known").container("app", waiting("ContainerCreating"));
    String uid = node().create(known);
    String[] steps = {DENIED, "wait:/away", DENIED, "pause"};
    try (Agent agent = node().agent();
        OciContainer container = node().container(uid, denying(), steps).start()) {
      node().report(known.now("app", running(container)));
      assertNamed(agent.awaitViolation(container, any -> true), "known");

      kill();
      awaitOutOfTouch(agent);
      container.letGoOn("away");
      Await.until(
          "the second violation",
          Await.PATIENCE,
          () -> agent.violationsOf(container).size() == 2,
          agent::state);
      assertThat(agent.violationsOf(container)).allSatisfy(told -> assertNamed(told, "known"));
      assertThat(agent.metrics().sum("seccomp_denials_total", "pod", "known")).isEqualTo(2);
      agent.metrics().assertBooksBalance();

      comeBack();
      awaitInTouch(agent);
      assertNamedAnew(agent, pod("later"));
      Await.until(
          "the Event counts what came while the server was away",
          RECOVERY,
          () -> node().events(known).stream().anyMatch(e -> e.at("/series/count").asInt() == 2),
          agent::state);
    }
  }

  @Test
  void names_what_waited_when_the_server_is_back_in_time() throws Exception {
    TestPod pod = pod("patient").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (Agent agent = node().agent();
        OciContainer container = node().denied(uid)) {
      kill();
      container.start();
      awaitPending(agent, 1);
      agent.metrics().assertBooksBalance();
      assertThat(agent.violationsOf(container)).isEmpty();

      // Its pauses between attempts grow; how they fall is not to decide this
      agent.suspend();
      try {
        comeBack();
        node().report(pod.now("app", running(container)));
      } finally {
        agent.resume();
      }
      assertNamed(agent.awaitViolation(container, any -> true), "patient");
      assertThat(agent.violationsOf(container)).hasSize(1);
      awaitPending(agent, 0);
    }
  }

  /** What changed while the server was away is behind its window: the watch ends with 410. */
  @Test
  void reads_all_pods_again_when_its_place_in_the_watch_has_expired() throws Exception {
    TestPod gone = pod("gone").container("app", ContainerState.running("containerd://gone"));
    TestPod stays = pod("stays").container("app", waiting("ContainerCreating"));
    TestPod fresh = pod("fresh").container("app", waiting("ContainerCreating"));
    String staysUid = node().create(stays);
    node().create(gone);
    try (Agent agent = node().agent()) {
      double lists =
          agent.metrics().sum("seccomp_watch_kubernetes_requests_total", "request", "list");
      String freshUid = changeUnseen(agent, gone, fresh);
      try (OciContainer ofStays = node().denied(staysUid).start();
          OciContainer ofFresh = node().denied(freshUid).start()) {
        node().report(stays.now("app", running(ofStays)));
        node().report(fresh.now("app", running(ofFresh)));
        assertNamed(agent.awaitViolation(ofStays, any -> true), "stays");
        assertNamed(agent.awaitViolation(ofFresh, any -> true), "fresh");
      }
      awaitInTouch(agent);
      assertThat(agent.metrics().sum("seccomp_watch_kubernetes_requests_total", "request", "list"))
          .as("lists")
          .isGreaterThan(lists);
    }
  }

  @Test
  void starts_without_the_server_counts_and_is_ready_when_it_comes() throws Exception {
    TestPod pod = pod("early").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    String[] steps = {"wait:/down", DENIED, "wait:/up", DENIED, "pause"};
    try (OciContainer container = node().container(uid, denying(), steps).start()) {
      node().report(pod.now("app", running(container)));
      stop();
      try (Agent agent = node().agentWithoutPods()) {
        awaitOutOfTouch(agent);
        assertThat(agent.page("/livez").statusCode()).isEqualTo(200);
        container.letGoOn("down");
        Told nameless = agent.awaitViolation(container, any -> true);
        assertThat(nameless.outcome()).isEqualTo("container");
        assertThat(nameless.reason()).isEqualTo("kubernetes_unavailable");
        assertThat(nameless.podUid()).isEqualTo(uid);
        assertThat(nameless.names()).isEqualTo(Names.NONE);
        assertThat(agent.metrics().sum("seccomp_denials_total", "syscall", "acct")).isEqualTo(1);
        agent.metrics().assertBooksBalance();

        comeBack();
        awaitInTouch(agent);
        container.letGoOn("up");
        assertNamed(agent.awaitViolation(container, told -> !told.equals(nameless)), "early");
      }
    }
  }

  @Test
  void takes_a_new_token_when_the_old_one_is_refused() throws Exception {
    try (Agent agent = node().agent()) {
      node().server().revokeTokens();
      // The server remembers good tokens for some seconds, and does not end what is under way
      kill();
      comeBack();
      awaitProblem(agent, "401");
      node().server().renewToken();
      awaitInTouch(agent);
      assertNamedAnew(agent, pod("token"));
    } finally {
      node().server().renewToken();
    }
  }

  @Test
  void recovers_when_it_is_given_its_rights_back() throws Exception {
    try (Agent agent = node().agent()) {
      node().server().admin().text("delete", "clusterrolebinding", "seccomp-watch");
      kill();
      comeBack();
      awaitProblem(agent, "403");
      node().server().giveRights();
      awaitInTouch(agent);
      assertNamedAnew(agent, pod("rights"));
    } finally {
      node().server().giveRights();
    }
  }

  /** Has one pod deleted and another made where no watch of the agent's can tell. */
  private String changeUnseen(Agent agent, TestPod deleted, TestPod made) {
    agent.suspend();
    try {
      stop();
      comeBack();
      node().server().delete(deleted);
      String uid = node().create(made);
      // What it has in its memory for watches begins with its start
      stop();
      comeBack();
      return uid;
    } finally {
      agent.resume();
    }
  }

  /** A pod that is made now is named. */
  private void assertNamedAnew(Agent agent, TestPod pod) throws Exception {
    pod.container("app", waiting("ContainerCreating"));
    try (OciContainer container = node().denied(node().create(pod)).start()) {
      node().report(pod.now("app", running(container)));
      assertNamed(agent.awaitViolation(container, any -> true), pod.name());
    }
  }

  private static void assertNamed(Told told, String pod) {
    assertThat(told.names().pod()).as(told.toString()).isEqualTo(pod);
    assertThat(told.names().container()).as(told.toString()).isEqualTo("app");
    assertThat(told.reason()).isNull();
  }

  /** Metric, readiness and status say so, and the log. */
  private static void awaitOutOfTouch(Agent agent) throws Exception {
    Await.until(
        "the agent knows that the API server is away",
        Await.PATIENCE,
        () -> agent.metrics().sum(SYNCED) == 0,
        agent::state);
    HttpResponse<String> readiness = agent.page("/readyz");
    assertThat(readiness.statusCode()).isEqualTo(503);
    assertThat(readiness.body()).contains("kubernetes: ", "pods are not synced");
    JsonNode status = agent.json("/api/v1/status").get("kubernetes");
    assertThat(status.get("on").asBoolean()).isTrue();
    assertThat(status.get("synced").asBoolean()).isFalse();
    assertThat(status.get("outOfTouchSince").isTextual()).as(status.toString()).isTrue();
    Await.until(
        "the log says so",
        Await.PATIENCE,
        () -> agent.log().stream().anyMatch(line -> line.contains("level=warn msg=\"kubernetes")),
        agent::state);
  }

  private static void awaitInTouch(Agent agent) throws Exception {
    Await.until(
        "the pods are synced", RECOVERY, () -> agent.metrics().sum(SYNCED) == 1, agent::state);
    awaitReady(agent);
    JsonNode status = agent.json("/api/v1/status").get("kubernetes");
    assertThat(status.get("synced").asBoolean()).isTrue();
    assertThat(status.get("outOfTouchSince").isNull()).as(status.toString()).isTrue();
    assertThat(status.get("problem").isNull()).as(status.toString()).isTrue();
  }

  private static void awaitProblem(Agent agent, String code) {
    Await.until(
        "HTTP " + code + " among the agent's problems",
        RECOVERY,
        () ->
            agent.json("/api/v1/status").at("/kubernetes/problem").asText().contains(code)
                && agent.page("/readyz").body().contains(code),
        agent::state);
  }

  private static void awaitPending(Agent agent, int count) {
    Await.until(
        count + " violations pending",
        Await.PATIENCE,
        () -> agent.metrics().sum(PENDING) == count,
        agent::state);
  }

  private void kill() {
    node().server().kill();
    away = true;
  }

  private void stop() {
    node().server().stop();
    away = true;
  }

  private void comeBack() {
    node().server().startAgain();
    away = false;
  }

  private KubernetesNode node() {
    return Objects.requireNonNull(node, "no node");
  }
}
