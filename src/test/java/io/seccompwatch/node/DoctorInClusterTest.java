package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.cluster.ApiServerUnderTest;
import io.seccompwatch.cluster.ContainerState;
import io.seccompwatch.cluster.TestPod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What {@code doctor} says of the agent's rights, asked of a real API server. */
@Tag("node")
@Tag("kubernetes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DoctorInClusterTest {

  /** The server's authorizer learns of a changed role after a moment. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private Path directory;
  private ApiServerUnderTest server;

  @BeforeAll
  void start(@TempDir Path parent) throws IOException {
    Agent.needsDistribution();
    directory = parent;
    server = ApiServerUnderTest.start(parent);
    server.createNamespace("prod");
    server.create(
        TestPod.on("n1", "prod", "api").container("app", ContainerState.running("containerd://1")));
  }

  @AfterAll
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void rights() {
    server.giveRights();
  }

  @Test
  void the_documented_role_allows_all_that_the_agent_does() {
    await(
        "n1",
        "ok api: "
            + server.address()
            + "/: may list pods, watch pods, create events.events.k8s.io, patch"
            + " events.events.k8s.io",
        "ok node: n1 has pods");
  }

  @Test
  void a_verb_that_is_missing_is_named_with_the_rule_that_gives_it() {
    server
        .admin()
        .text(
            "patch",
            "clusterrole",
            "seccomp-watch",
            "--type=json",
            "-p",
            "[{\"op\":\"replace\",\"path\":\"/rules/1/verbs\",\"value\":[\"create\"]}]");
    await(
        "n1",
        "problem rbac: may not patch events.events.k8s.io: repeats of an Event are not counted"
            + " -> give the agent's ClusterRole: apiGroups: [\"events.k8s.io\"], resources:"
            + " [events], verbs: [patch]");
  }

  @Test
  void without_a_binding_nothing_is_allowed() {
    server.admin().text("delete", "clusterrolebinding", "seccomp-watch");
    await(
        "n1",
        "problem rbac: may not list pods: pods have no names -> give the agent's ClusterRole:"
            + " apiGroups: [\"\"], resources: [pods], verbs: [list]");
  }

  @Test
  void a_node_name_that_has_no_pods_is_doubted() {
    await(
        "n7",
        "problem node: no pod is bound to a node named n7 -> give --node-name as kubectl get nodes"
            + " shows it, spec.nodeName in a pod");
  }

  private void await(String node, String... findings) {
    Await.until(
        "doctor finds " + List.of(findings),
        PATIENCE,
        () -> kubernetes(node).containsAll(List.of(findings)),
        () -> "it finds " + kubernetes(node));
  }

  /** No source is needed for this: a file that nobody writes is quick. */
  private List<String> kubernetes(String node) {
    try {
      Path log = directory.resolve("audit.log");
      Files.writeString(log, "");
      DoctorRun run =
          DoctorRun.through(
              directory,
              List.of(),
              "--kubernetes",
              "required",
              "--kubeconfig",
              server.agentKubeconfig().toString(),
              "--node-name",
              node,
              "--source",
              "audit-log=" + log,
              "--timeout",
              "50ms");
      assertThat(run.exit()).as(run.stderr()).isEqualTo(1);
      return run.findings("kubernetes");
    } catch (IOException e) {
      throw new AssertionError("cannot run doctor", e);
    }
  }
}
