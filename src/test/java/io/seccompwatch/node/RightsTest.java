package io.seccompwatch.node;

import static io.seccompwatch.cluster.ContainerState.waiting;
import static io.seccompwatch.node.KubernetesNode.DENIED;
import static io.seccompwatch.node.KubernetesNode.denying;
import static io.seccompwatch.node.KubernetesNode.pod;
import static io.seccompwatch.node.KubernetesNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.seccompwatch.chart.Chart;
import io.seccompwatch.cluster.TestPod;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rights that the chart gives, under a running agent: they suffice, and none can be left out
 * without something being missed.
 */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RightsTest {

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
  void suffice() throws Exception {
    give("");
    TestPod pod = pod("whole").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (Agent agent = node().agent();
        OciContainer container = container(uid)) {
      node().report(pod.now("app", running(container)));
      assertThat(agent.awaitViolation(container, any -> true).names().container()).isEqualTo("app");
      awaitEvent(pod, agent);
      container.letGoOn("go");
      Await.until(
          "the Event's series",
          Await.PATIENCE,
          () -> node().events(pod).getFirst().at("/series/count").asInt() == 2,
          agent::state);
      assertThat(problems(agent)).isEmpty();
    }
  }

  @Test
  void without_listing_pods_the_agent_is_never_ready() throws Exception {
    give("list");
    try (Agent agent = node().agentWithoutPods()) {
      awaitProblem(agent, "cannot list resource \"pods\"");
      assertThat(agent.page("/readyz").statusCode()).isEqualTo(503);
    }
  }

  @Test
  void without_watching_pods_it_does_not_stay_ready() throws Exception {
    give("watch");
    try (Agent agent = node().agentWithoutPods()) {
      awaitProblem(agent, "cannot watch resource \"pods\"");
      assertThat(agent.page("/readyz").statusCode()).isEqualTo(503);
    }
  }

  @Test
  void without_creating_events_there_is_none() throws Exception {
    give("create");
    TestPod pod = pod("without-events").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (Agent agent = node().agent();
        OciContainer container = container(uid)) {
      node().report(pod.now("app", running(container)));
      awaitProblem(agent, "cannot create resource \"events\"");
      assertThat(node().events(pod)).isEmpty();
    }
  }

  @Test
  void without_patching_events_their_repeats_are_not_told() throws Exception {
    give("patch");
    TestPod pod = pod("without-series").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (Agent agent = node().agent();
        OciContainer container = container(uid)) {
      node().report(pod.now("app", running(container)));
      awaitEvent(pod, agent);
      container.letGoOn("go");
      awaitProblem(agent, "cannot patch resource \"events\"");
      assertThat(node().events(pod)).singleElement().matches(event -> !event.has("series"));
    }
  }

  /** Gives the agent's account the chart's rights, without a verb. */
  private void give(String without) {
    ObjectNode role = JsonNodeFactory.instance.objectNode();
    role.set("rules", Chart.render("").the("ClusterRole").get("rules"));
    int left = 0;
    for (JsonNode rule : role.get("rules")) {
      ObjectNode changed = (ObjectNode) rule;
      var verbs = changed.get("verbs");
      var kept = changed.putArray("verbs");
      for (JsonNode verb : verbs) {
        if (verb.asText().equals(without)) {
          left++;
        } else {
          kept.add(verb);
        }
      }
    }
    assertThat(left).as("the chart gives " + without).isEqualTo(without.isEmpty() ? 0 : 1);
    node()
        .server()
        .admin()
        .text("patch", "clusterrole", "seccomp-watch", "--type=merge", "-p", role.toString());
  }

  /** Is denied once, and once more when it is let go on. */
  private OciContainer container(String uid) throws Exception {
    return node()
        .container(uid, denying(), DENIED, "wait:/go", "calls:163-163:1:1000", "pause")
        .start();
  }

  private void awaitEvent(TestPod pod, Agent agent) {
    Await.until(
        "an Event of " + pod.name(),
        Await.PATIENCE,
        () -> !node().events(pod).isEmpty(),
        agent::state);
  }

  private static void awaitProblem(Agent agent, String problem) {
    Await.until(
        "the problem that it " + problem,
        Await.PATIENCE,
        () -> problems(agent).contains(problem),
        agent::state);
  }

  private static String problems(Agent agent) throws Exception {
    StringBuilder problems = new StringBuilder();
    for (JsonNode problem : agent.json("/api/v1/status").path("problems")) {
      problems.append(problem.asText()).append('\n');
    }
    return problems.toString();
  }

  private KubernetesNode node() {
    return Objects.requireNonNull(node);
  }
}
