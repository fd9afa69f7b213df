package io.seccompwatch.node;

import static io.seccompwatch.cluster.ContainerState.waiting;
import static io.seccompwatch.node.KubernetesNode.denying;
import static io.seccompwatch.node.KubernetesNode.pod;
import static io.seccompwatch.node.KubernetesNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.seccompwatch.cluster.TestPod;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What pods of a real API server ask for stands beside what their containers have. */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
class PostureOfPodsTest {

  private static final String INFO = "seccomp_container_info";
  private static final String VISIBLE = "seccomp_container_denials_visible";

  @Test
  void tells_what_each_container_asks_for_and_what_it_has(@TempDir Path directory)
      throws Exception {
    Path root = Files.createDirectories(directory.resolve("root/var/lib/kubelet/seccomp"));
    Files.writeString(root.resolve("app.json"), denying().json().toString());
    try (KubernetesNode node = KubernetesNode.start(directory);
        Agent agent = node.agent("--host-root", directory.resolve("root").toString())) {
      TestPod pod =
          pod("api-7d9f-x2x")
              .seccomp("RuntimeDefault", null)
              .container("own", waiting("ContainerCreating"), "Localhost", "app.json")
              .container("pods", waiting("ContainerCreating"))
              .privileged("mighty", waiting("ContainerCreating"));
      String uid = node.create(pod);
      try (OciContainer own = node.container(uid, denying(), "pause").start();
          OciContainer pods = node.container(uid, Filter.allowing(), "pause").start();
          OciContainer mighty = node.container(uid, Filter.allowing(), "pause").start()) {
        node.report(
            pod.now("own", running(own)).now("pods", running(pods)).now("mighty", running(mighty)));

        assertThat(await(agent, "own"))
            .isEqualTo(
                "Localhost app.json container privileged=false filter true:"
                    + " the kernel writes down ERRNO");
        assertThat(await(agent, "pods"))
            .isEqualTo(
                "RuntimeDefault null pod privileged=false filter false: RuntimeDefault returns"
                    + " ERRNO without SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing (inferred:"
                    + " every known runtime's default does)");
        assertThat(await(agent, "mighty"))
            .startsWith("RuntimeDefault null pod privileged=true filter false:")
            .contains("the container is privileged, yet a filter is loaded");
        Metrics metrics = agent.metrics();
        assertThat(
                metrics.has(
                    INFO,
                    "namespace",
                    "prod",
                    "pod",
                    pod.name(),
                    "container",
                    "own",
                    "profile_type",
                    "Localhost",
                    "localhost_profile",
                    "app.json",
                    "mode",
                    "filter"))
            .isTrue();
        assertThat(metrics.sum(VISIBLE, "pod", pod.name(), "container", "own")).isEqualTo(1);
        assertThat(node.doctor("--timeout", "1s").findings("containers"))
            .as("what a doctor says, who reads the pods too")
            .anyMatch(
                line ->
                    line.startsWith(
                        "problem containers: denials of 1 are not written down: RuntimeDefault"
                            + " returns ERRNO without SECCOMP_FILTER_FLAG_LOG: the kernel writes"
                            + " nothing (inferred: every known runtime's default does) (prod/"
                            + pod.name()
                            + "/pods)"));
        assertThat(metrics.has(VISIBLE, "pod", pod.name(), "container", "pods")).isTrue();
        assertThat(metrics.sum(VISIBLE, "pod", pod.name(), "container", "pods")).isZero();
      }
    }
  }

  private static String await(Agent agent, String container) {
    return Await.value(
        "the posture of " + container,
        Await.PATIENCE,
        () -> {
          for (JsonNode one : agent.json("/api/v1/status").get("containers")) {
            if (one.get("container").asText().equals(container)
                && one.get("mode").asText().equals("filter")) {
              return Optional.of(text(one));
            }
          }
          return Optional.empty();
        },
        agent::state);
  }

  private static String text(JsonNode one) {
    return one.at("/asked/type").asText()
        + " "
        + one.at("/asked/localhostProfile").asText()
        + " "
        + one.at("/asked/from").asText()
        + " privileged="
        + one.get("privileged").asText()
        + " "
        + one.get("mode").asText()
        + " "
        + one.get("denialsVisible").asText()
        + ": "
        + one.get("reason").asText();
  }
}
