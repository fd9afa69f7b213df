package io.seccompwatch.cluster;

import static io.seccompwatch.cluster.ContainerState.crashed;
import static io.seccompwatch.cluster.ContainerState.running;
import static io.seccompwatch.cluster.ContainerState.terminated;
import static io.seccompwatch.cluster.ContainerState.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.seccompwatch.testing.Await;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server that other tests lean on does what they take for granted. */
@Tag("kubernetes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiServerUnderTestTest {

  private static final String WATCH =
      "/api/v1/pods?watch=1&timeoutSeconds=600&fieldSelector=spec.nodeName%3Dnobody";

  private ApiServerUnderTest server;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    server = ApiServerUnderTest.start(directory);
    server.createNamespace("prod");
  }

  @AfterAll
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void keeps_every_kind_of_container_as_a_kubelet_reports_it() {
    TestPod pod =
        TestPod.on("n1", "prod", "api-7d9f-x2x")
            .owner("ReplicaSet", "api-7d9f")
            .label("pod-template-hash", "7d9f")
            .annotation("example/of", "all")
            .seccomp("RuntimeDefault", null)
            .init("setup", terminated("containerd://init", 0))
            .container("app", running("containerd://app"), "Localhost", "profiles/app.json")
            .container("again", running("containerd://2").after(terminated("containerd://1", 159)))
            .container("loop", crashed("containerd://3", 159))
            .container("new", waiting("ContainerCreating"))
            .ephemeral("debugger", running("containerd://debug"));

    JsonNode made = server.create(pod).getFirst();

    assertThat(made).isEqualTo(server.admin().json("-n", "prod", "get", "pod", "api-7d9f-x2x"));
    assertThat(made.at("/metadata/uid").asText()).isNotEmpty();
    assertThat(made.at("/spec/nodeName").asText()).isEqualTo("n1");
    assertThat(made.at("/spec/securityContext/seccompProfile/type").asText())
        .isEqualTo("RuntimeDefault");
    assertThat(made.at("/spec/ephemeralContainers/0/name").asText()).isEqualTo("debugger");
    JsonNode status = made.get("status");
    assertThat(status.at("/initContainerStatuses/0/state/terminated/containerID").asText())
        .isEqualTo("containerd://init");
    assertThat(status.at("/ephemeralContainerStatuses/0/containerID").asText())
        .isEqualTo("containerd://debug");
    assertThat(status.get("containerStatuses").findValuesAsText("containerID"))
        .contains("containerd://app", "containerd://2", "containerd://1", "containerd://3");
    assertThat(status.at("/containerStatuses/1/lastState/terminated/exitCode").asInt())
        .isEqualTo(159);
    assertThat(status.at("/containerStatuses/3/containerID").isMissingNode()).isTrue();

    JsonNode later = server.writeStatus(pod.now("new", running("containerd://4"))).getFirst();
    assertThat(later.at("/status/containerStatuses/3/containerID").asText())
        .isEqualTo("containerd://4");
    assertThat(later.at("/metadata/uid")).isEqualTo(made.at("/metadata/uid"));

    server.delete(pod);
    assertThat(server.admin().json("-n", "prod", "get", "pods").get("items")).isEmpty();
  }

  @Test
  @Timeout(60)
  void ends_its_watches_when_it_is_stopped_and_keeps_what_it_stored() throws Exception {
    server.createNode("n8");
    try (InputStream watch = server.agentRequests().watch(WATCH)) {
      server.stop();
      assertThat(watch.readAllBytes()).as("what the watch told before its end").isEmpty();
    }
    assertStopped();
    server.startAgain();
    assertThat(server.admin().text("get", "node", "n8", "-o", "name")).isEqualTo("node/n8\n");
  }

  @Test
  @Timeout(60)
  void cuts_its_watches_off_when_it_is_killed_and_keeps_what_it_stored() throws Exception {
    server.createNode("n9");
    try (InputStream watch = server.agentRequests().watch(WATCH)) {
      server.kill();
      assertThatThrownBy(watch::readAllBytes).isInstanceOf(IOException.class);
    }
    assertStopped();
    server.startAgain();
    assertThat(server.admin().text("get", "node", "n9", "-o", "name")).isEqualTo("node/n9\n");
  }

  @Test
  void refuses_revoked_tokens_and_takes_the_new_one_from_the_same_file() throws Exception {
    AgentRequests requests = server.agentRequests();
    Path token = server.serviceAccount().resolve("token");
    String old = Files.readString(token);

    server.renewToken();
    assertThat(Files.readString(token)).isNotEqualTo(old);
    assertThat(requests.send("GET", "/api/v1/pods", "").status()).isEqualTo(200);

    server.revokeTokens();
    Await.until(
        "401 for a revoked token",
        Duration.ofSeconds(30),
        () -> requests.send("GET", "/api/v1/pods", "").status() == 401);
    server.renewToken();
    assertThat(requests.send("GET", "/api/v1/pods", "").status()).isEqualTo(200);
  }

  private void assertStopped() {
    assertThatThrownBy(() -> server.admin().text("get", "nodes")).hasMessageContaining("refused");
  }
}
