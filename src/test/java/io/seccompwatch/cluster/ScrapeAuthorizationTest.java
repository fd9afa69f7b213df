package io.seccompwatch.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.agent.Agent;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.ConfigException;
import io.seccompwatch.config.RunOption;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestCertificate;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Who may scrape an agent, decided by a real API server: its tokens, its roles, its own rights. */
@Tag("kubernetes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScrapeAuthorizationTest {

  /** The server's authorizer learns of a new role after a moment; the agent asks again. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final Path PROMETHEUS = Path.of("/usr/bin/prometheus");

  private static final String ROLES =
      """
      apiVersion: v1
      kind: List
      items:
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: seccomp-watch-authorization}
        rules:
        - apiGroups: [authentication.k8s.io]
          resources: [tokenreviews]
          verbs: [create]
        - apiGroups: [authorization.k8s.io]
          resources: [subjectaccessreviews]
          verbs: [create]
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: seccomp-watch-authorization}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: seccomp-watch-authorization}
        subjects: [{kind: ServiceAccount, name: seccomp-watch, namespace: seccomp-watch}]
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: seccomp-watch-scraper}
        rules: [{nonResourceURLs: [/metrics], verbs: [get]}]
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: seccomp-watch-scraper}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: seccomp-watch-scraper}
        subjects: [{kind: ServiceAccount, name: prometheus, namespace: monitoring}]
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: seccomp-watch-reader}
        rules: [{nonResourceURLs: [/seccomp-watch/api/*], verbs: [get]}]
      - apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: seccomp-watch-reader}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: seccomp-watch-reader}
        subjects: [{kind: ServiceAccount, name: reader, namespace: monitoring}]
      """;

  private Path directory;
  private TestCertificate certificate;
  private ApiServerUnderTest server;
  private Agent agent;
  private HttpClient client;

  @BeforeAll
  void start(@TempDir Path parent) throws Exception {
    directory = parent;
    server = ApiServerUnderTest.start(parent);
    Kubectl admin = server.admin();
    server.createNamespace("monitoring");
    admin.text("-n", "monitoring", "create", "serviceaccount", "prometheus");
    admin.text("-n", "monitoring", "create", "serviceaccount", "somebody");
    admin.text("-n", "monitoring", "create", "serviceaccount", "reader");
    admin.text("apply", "-f", Files.writeString(parent.resolve("roles.yaml"), ROLES).toString());
    certificate = TestCertificate.make(parent, "EC", "ip:127.0.0.1");
    Files.writeString(parent.resolve("tls.crt"), certificate.certificatePem());
    Files.writeString(parent.resolve("tls.key"), certificate.keyPem());
    Files.writeString(parent.resolve("audit.log"), "");
    client = HttpClient.newBuilder().sslContext(certificate.trust()).build();
    agent = agent(server.agentKubeconfig());
  }

  @AfterAll
  void stop() {
    if (agent != null) {
      agent.close();
      client.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private Agent agent(Path kubeconfig) throws IOException {
    Map<RunOption, List<String>> given = new EnumMap<>(RunOption.class);
    given.put(RunOption.SOURCE, List.of("audit-log=" + directory.resolve("audit.log")));
    given.put(
        RunOption.STATE_DIR, List.of(Files.createTempDirectory(directory, "state").toString()));
    given.put(RunOption.LISTEN, List.of("127.0.0.1:0"));
    given.put(RunOption.PROCESS_EVENTS, List.of("off"));
    given.put(RunOption.VIOLATIONS_LOG, List.of("off"));
    given.put(RunOption.CANARY, List.of("off"));
    given.put(RunOption.KUBECONFIG, List.of(kubeconfig.toString()));
    given.put(RunOption.NODE_NAME, List.of("n1"));
    given.put(RunOption.TLS_CERT, List.of(directory.resolve("tls.crt").toString()));
    given.put(RunOption.TLS_KEY, List.of(directory.resolve("tls.key").toString()));
    given.put(RunOption.AUTHORIZATION, List.of("kubernetes"));
    return Agent.start(
        AgentConfig.of(given),
        new AgentMetrics.Build("1", "abc", "25"),
        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8));
  }

  private String token(String account, String... options) {
    String[] command = {"-n", "monitoring", "create", "token", account};
    String[] all = Arrays.copyOf(command, command.length + options.length);
    System.arraycopy(options, 0, all, command.length, options.length);
    return server.admin().text(all).strip();
  }

  private HttpResponse<String> get(Agent asked, String path, @Nullable String token)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + asked.address().getPort() + path));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private int status(String path, @Nullable String token) throws IOException, InterruptedException {
    return get(agent, path, token).statusCode();
  }

  @Test
  void an_account_with_the_right_scrapes_and_nothing_else() throws Exception {
    String prometheus = token("prometheus");
    Await.until("it may", PATIENCE, () -> status("/metrics", prometheus) == 200);
    assertThat(get(agent, "/metrics", prometheus).body()).contains("seccomp_watch_source_up");
    assertThat(status("/api/v1/status", prometheus)).isEqualTo(403);
  }

  @Test
  void the_query_api_has_a_right_of_its_own() throws Exception {
    String reader = token("reader");
    Await.until("it may", PATIENCE, () -> status("/api/v1/violations", reader) == 200);
    assertThat(status("/api/v1/status", reader)).isEqualTo(200);
    assertThat(status("/metrics", reader)).isEqualTo(403);
  }

  @Test
  void an_account_without_the_right_is_told_what_it_lacks() throws Exception {
    Await.until("it may not", PATIENCE, () -> status("/metrics", token("somebody")) == 403);
    assertThat(get(agent, "/metrics", token("somebody")).body())
        .isEqualTo(
            "this account may not get the nonResourceURL /metrics: give it a role with it\n");
    assertThat(status("/api/v1/status", token("somebody")))
        .as("although system:discovery lets everybody get /api/*")
        .isEqualTo(403);
  }

  @Test
  void who_is_nobody_is_not_let_in_and_health_is_open() throws Exception {
    HttpResponse<String> none = get(agent, "/metrics", null);
    assertThat(none.statusCode()).isEqualTo(401);
    assertThat(none.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
    for (String bad : List.of("garbage", forged(token("prometheus")), foreign())) {
      Await.until("refused: " + bad, PATIENCE, () -> status("/metrics", bad) == 401);
    }
    assertThat(status("/livez", null)).isEqualTo(200);
    Await.until("ready", PATIENCE, () -> status("/readyz", null) == 200);
    assertThat(status("/", "garbage")).isEqualTo(200);
  }

  /** Another account's name under the signature of a token that is good. */
  private static String forged(String token) {
    String[] parts = token.split("\\.", -1);
    String claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
    String other = claims.replace("prometheus", "prometheuz");
    return parts[0]
        + "."
        + Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(other.getBytes(StandardCharsets.UTF_8))
        + "."
        + parts[2];
  }

  /** A token of this cluster that is for somebody else to take: Vault, say. */
  private String foreign() {
    return token("prometheus", "--audience", "vault");
  }

  @Test
  void a_token_whose_account_was_deleted_is_worth_nothing_after_a_minute() throws Exception {
    server.admin().text("-n", "monitoring", "create", "serviceaccount", "leaver");
    String leaver = token("leaver");
    Await.until("known", PATIENCE, () -> status("/metrics", leaver) == 403);
    server.admin().text("-n", "monitoring", "delete", "serviceaccount", "leaver");
    // The agent forgets after ten seconds, and the server itself after as many
    Await.until("not known", PATIENCE, () -> status("/metrics", leaver) == 401);
  }

  /** The flood comes from the scraper's own address, and the agent knows neither of them. */
  @Test
  void a_flood_of_bad_tokens_does_not_keep_a_new_scraper_out() throws Exception {
    String prometheus = token("prometheus");
    Await.until("it may", PATIENCE, () -> status("/metrics", prometheus) == 200);
    try (Agent fresh = agent(server.agentKubeconfig())) {
      Await.until("it asks", PATIENCE, () -> get(fresh, "/metrics", "first").statusCode() == 401);
      long busy = 0;
      for (int i = 0; i < 200; i++) {
        busy += get(fresh, "/metrics", "bad" + i).statusCode() == 503 ? 1 : 0;
      }
      assertThat(busy).as("the flood is refused without a question").isPositive();
      for (int i = 0; i < 4; i++) {
        assertThat(get(fresh, "/metrics", prometheus).statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void without_its_own_rights_the_agent_lets_nobody_in_and_says_so() throws Exception {
    String prometheus = token("prometheus");
    Path other = directory.resolve("somebody.kubeconfig");
    String address = server.address().toString();
    Files.writeString(
        other,
        """
        apiVersion: v1
        kind: Config
        current-context: test
        contexts: [{name: test, context: {cluster: test, user: test}}]
        clusters: [{name: test, cluster: {server: "%s", certificate-authority: "%s"}}]
        users: [{name: test, user: {token: "%s"}}]
        """
            .formatted(address, server.serviceAccount().resolve("ca.crt"), token("somebody")));
    try (Agent without = agent(other)) {
      HttpResponse<String> answer = get(without, "/metrics", prometheus);
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("Retry-After")).hasValue("5");
      assertThat(answer.body()).hasLineCount(1).doesNotContain(prometheus);
    }
    assertThatThrownBy(() -> agent(directory.resolve("none")).close())
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("kubeconfig: " + directory.resolve("none") + " is not there");
  }

  /** Prometheus as it is, with a token and an authority from files. */
  @Test
  void a_real_prometheus_scrapes_with_its_accounts_token() throws Exception {
    Assumptions.assumeTrue(Files.isExecutable(PROMETHEUS), "needs Debian's prometheus");
    Path home = Files.createDirectory(directory.resolve("prometheus"));
    Files.writeString(home.resolve("token"), token("prometheus"));
    int port = agent.address().getPort();
    Files.writeString(
        home.resolve("prometheus.yml"),
        """
        global: {scrape_interval: 1s, scrape_timeout: 1s}
        scrape_configs:
        - job_name: seccomp-watch
          scheme: https
          authorization: {credentials_file: %s}
          tls_config: {ca_file: %s}
          static_configs: [{targets: ["127.0.0.1:%d"]}]
        """
            .formatted(home.resolve("token"), directory.resolve("tls.crt"), port));
    int own = freePort();
    Process prometheus =
        new ProcessBuilder(
                PROMETHEUS.toString(),
                "--config.file=" + home.resolve("prometheus.yml"),
                "--storage.tsdb.path=" + home.resolve("data"),
                "--web.listen-address=127.0.0.1:" + own)
            .redirectErrorStream(true)
            .redirectOutput(home.resolve("log").toFile())
            .start();
    try {
      Await.until(
          "the agent's metrics are in Prometheus: " + home.resolve("log"),
          PATIENCE,
          () -> query(own, "seccomp_watch_source_up").contains("\"audit-log\""));
      assertThat(query(own, "seccomp_watch_http_denied_requests_total"))
          .contains("\"reason\":\"no_token\"", "\"reason\":\"too_many_reviews\"");
      assertThat(query(own, "seccomp_watch_tls_certificate_not_after_timestamp_seconds"))
          .contains("\"" + certificate.certificate().getNotAfter().toInstant().getEpochSecond());
    } finally {
      prometheus.destroy();
      if (!prometheus.waitFor(20, TimeUnit.SECONDS)) {
        prometheus.destroyForcibly().waitFor();
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** What Prometheus answers; nothing while it is not there yet. */
  private String query(int port, String query) throws InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + port + "/api/v1/query?query=" + query);
    try {
      return client
          .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void every_refusal_is_counted() throws Exception {
    String prometheus = token("prometheus");
    Await.until("it may", PATIENCE, () -> status("/metrics", prometheus) == 200);
    double before = denied(prometheus);
    assertThat(status("/metrics", null)).isEqualTo(401);
    assertThat(denied(prometheus)).isEqualTo(before + 1);
  }

  private double denied(String token) throws IOException, InterruptedException {
    List<String> ours =
        get(agent, "/metrics", token).body().lines().filter(l -> l.contains("seccomp")).toList();
    return new Scrape(String.join("\n", ours))
        .value("seccomp_watch_http_denied_requests_total", "reason", "no_token");
  }
}
