package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.seccompwatch.chart.Chart;
import io.seccompwatch.chart.Manifests;
import io.seccompwatch.cluster.ApiServerUnderTest;
import io.seccompwatch.testing.TestCertificate;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code tls.authorization} of the chart: the agent with its configuration and its account, a real
 * API server with its roles, and {@code helm test}'s own command line.
 */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChartAuthorizationTest {

  private static final String VALUES =
      """
      source: audit-netlink
      tls:
        enabled: true
        secretName: certificate
        authorization: true
        scrapers: [{namespace: monitoring, name: prometheus}]
        readers: [{namespace: monitoring, name: portal}]
      """;

  /** Where the chart mounts the certificate. */
  private static final String SECRET = "/etc/seccomp-watch/tls/";

  private static final List<String> ACCESS =
      List.of("ServiceAccount", "ClusterRole", "ClusterRoleBinding");

  private static final Path COMMAND =
      Path.of("target", "seccomp-watch", "bin", "seccomp-watch").toAbsolutePath();
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int DOCTOR_SECONDS = 60;

  private Path directory;
  private ApiServerUnderTest server;
  private HttpClient http;
  private Agent agent;

  /** How a command ended, and what it said. */
  private record Ended(int exit, String said) {}

  @BeforeAll
  void start(@TempDir Path parent) throws Exception {
    Agent.needsDistribution();
    directory = parent;
    server = ApiServerUnderTest.start(parent);
    server.createNamespace(Chart.NAMESPACE);
    for (String account : List.of("prometheus", "portal", "somebody")) {
      server.admin().text("-n", Chart.NAMESPACE, "create", "serviceaccount", account);
    }
    giveRights();
    TestCertificate certificate =
        TestCertificate.make(parent, "EC", "dns:seccomp-watch.monitoring.svc,ip:127.0.0.1");
    Files.writeString(parent.resolve("tls.crt"), certificate.certificatePem());
    Files.writeString(parent.resolve("ca.crt"), certificate.certificatePem());
    Files.writeString(parent.resolve("tls.key"), certificate.keyPem());
    http = HttpClient.newBuilder().sslContext(certificate.trust()).build();
    agent = agent();
  }

  @AfterAll
  void stop() {
    if (agent != null) {
      agent.close();
      http.close();
    }
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void giveRights() {
    ObjectNode list = JsonNodeFactory.instance.objectNode();
    ArrayNode items = list.put("apiVersion", "v1").put("kind", "List").putArray("items");
    Chart.render(VALUES).all().stream()
        .filter(it -> ACCESS.contains(it.get("kind").asText()))
        .forEach(items::add);
    server.admin().textOf(list, "apply", "-f", "-");
  }

  @Test
  void scrapers_scrape_and_do_not_read_the_api() {
    awaitStatus("/metrics", "prometheus", 200);
    awaitStatus("/api/v1/violations", "prometheus", 403);
    awaitStatus("/api/v1/status", "prometheus", 403);
  }

  @Test
  void readers_read_the_api_and_do_not_scrape() {
    awaitStatus("/api/v1/violations", "portal", 200);
    awaitStatus("/api/v1/status", "portal", 200);
    awaitStatus("/metrics", "portal", 403);
  }

  @Test
  void nobody_else_does_either() {
    awaitStatus("/metrics", "somebody", 403);
    awaitStatus("/api/v1/violations", "somebody", 403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokenreviews", "subjectaccessreviews"})
  void without_either_right_of_its_own_the_agent_lets_nobody_in(String resource) {
    awaitStatus("/metrics", "prometheus", 200);
    ObjectNode role = JsonNodeFactory.instance.objectNode();
    ArrayNode rules = role.putArray("rules");
    String name = Chart.NAMESPACE + "." + Chart.RELEASE;
    JsonNode given = Chart.render(VALUES).the("ClusterRole", name).get("rules");
    for (JsonNode rule : given) {
      if (!rule.get("resources").toString().equals("[\"" + resource + "\"]")) {
        rules.add(rule);
      }
    }
    assertThat(rules).hasSize(given.size() - 1);
    server.admin().text("patch", "clusterrole", name, "--type=merge", "-p", role.toString());
    awaitStatus("/metrics", "prometheus", 503);
  }

  @Test
  void helm_test_finds_that_the_agent_sees() throws Exception {
    Ended test = helmTest("seccomp-watch-test", "127.0.0.1 seccomp-watch.monitoring.svc\n");
    assertThat(test.exit()).as(test.said()).isZero();
    assertThat(test.said()).containsPattern("canary +seen \\d+ s ago");
  }

  @Test
  void helm_test_fails_with_an_account_that_has_no_right() throws Exception {
    Ended test = helmTest("somebody", "127.0.0.1 seccomp-watch.monitoring.svc\n");
    assertThat(test.exit()).as(test.said()).isEqualTo(1);
    assertThat(test.said()).contains("HTTP 403", "nonResourceURL /metrics");
  }

  @Test
  void helm_test_fails_while_the_service_has_no_agents() throws Exception {
    Ended test = helmTest("seccomp-watch-test", "127.0.0.1 localhost\n");
    assertThat(test.exit()).as(test.said()).isEqualTo(1);
    assertThat(test.said()).contains("nobody has this name");
  }

  /** The test's container, with this name service in place of the cluster's. */
  private Ended helmTest(String account, String hosts) throws Exception {
    Path work = Files.createTempDirectory(directory, "test");
    Manifests manifests = Chart.render(VALUES + "listen: {port: " + port() + "}\n");
    List<String> command = new ArrayList<>(List.of(COMMAND.toString()));
    for (JsonNode argument : manifests.the("Pod").at("/spec/containers/0/args")) {
      command.add(argument.asText().replace(SECRET, directory + "/"));
    }
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(work.resolve("said").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("SECCOMP_WATCH_"));
    Path token = Files.writeString(work.resolve("token"), token(account));
    builder.environment().put("KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN", token.toString());
    Path file = Files.writeString(work.resolve("hosts"), hosts);
    builder.environment().put("JDK_JAVA_OPTIONS", "-Djdk.net.hosts.file=" + file);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(DOCTOR_SECONDS, TimeUnit.SECONDS)).as("it ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ended(process.exitValue(), Command.text(work.resolve("said")));
  }

  /** With the chart's configuration, but for where the node's things are. */
  private Agent agent() throws IOException {
    Path config =
        Files.writeString(
            directory.resolve("seccomp-watch.yaml"),
            Chart.render(VALUES).the("ConfigMap").at("/data/seccomp-watch.yaml").asText());
    List<String> arguments = new ArrayList<>(List.of("--config", config.toString()));
    arguments.addAll(List.of("--proc", "/proc", "--cgroup", "/sys/fs/cgroup", "--host-root", "/"));
    arguments.addAll(List.of("--tls-cert", directory.resolve("tls.crt").toString()));
    arguments.addAll(List.of("--tls-key", directory.resolve("tls.key").toString()));
    arguments.addAll(List.of("--kubeconfig", kubeconfig().toString(), "--node-name", "n1"));
    return Agent.startInCluster(directory, List.of(), arguments.toArray(String[]::new));
  }

  private Path kubeconfig() throws IOException {
    return Files.writeString(
        directory.resolve("chart.kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        current-context: test
        contexts: [{name: test, context: {cluster: test, user: test}}]
        clusters: [{name: test, cluster: {server: "%s", certificate-authority: "%s"}}]
        users: [{name: test, user: {token: "%s"}}]
        """
            .formatted(
                server.address(), server.serviceAccount().resolve("ca.crt"), token(Chart.RELEASE)));
  }

  private String token(String account) {
    return server.admin().text("-n", Chart.NAMESPACE, "create", "token", account).strip();
  }

  private int port() {
    return URI.create("https://" + agent.authority()).getPort();
  }

  /** With a new token each time: the agent remembers what the API server said of one. */
  private void awaitStatus(String path, String account, int status) {
    Await.until(
        account + " gets " + status + " at " + path,
        PATIENCE,
        () -> status(path, token(account)) == status,
        agent::state);
  }

  private int status(String path, String token) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port() + path))
            .header("Authorization", "Bearer " + token)
            .build();
    return http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
  }
}
