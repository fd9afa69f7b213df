package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import io.seccompwatch.testing.TlsServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApiConnectionTest {

  private static final Duration PATIENCE = Duration.ofMinutes(5);

  @TempDir Path work;

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private volatile String accepted = "first";

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      String token = exchange.getRequestHeaders().getFirst("Authorization");
      requests.add(
          String.join(
              " ",
              exchange.getRequestMethod(),
              exchange.getRequestURI().toString(),
              String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type")),
              String.valueOf(exchange.getRequestHeaders().getFirst("User-Agent")),
              String.valueOf(token),
              body));
      boolean known = ("Bearer " + accepted).equals(token);
      String path = exchange.getRequestURI().getPath();
      byte[] answer = path.equals("/large") ? new byte[1 << 20] : new byte[] {'{', '}'};
      exchange.getResponseHeaders().add("Retry-After", "7");
      exchange.sendResponseHeaders(!known ? 401 : path.equals("/busy") ? 429 : 200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private TlsServer serve() throws IOException, InterruptedException {
    return new TlsServer(work, this::answer);
  }

  private ApiConnection inPod(TlsServer server, String token) throws IOException {
    Files.writeString(work.resolve("ca.crt"), server.certificate());
    Files.writeString(work.resolve("token"), token + "\n");
    return ApiConnection.open(
        new ApiAccess.InCluster("127.0.0.1", String.valueOf(server.port()), work), "watch/1");
  }

  private static ApiServer.Answer get(ApiConnection connection, String path)
      throws IOException, InterruptedException {
    return connection.send("GET", path, null, new byte[0], PATIENCE);
  }

  @Test
  void sendsWithTheAccountOfThePod() throws Exception {
    try (TlsServer server = serve();
        ApiConnection connection = inPod(server, "first")) {
      byte[] body = "{\"a\":\"é\"}".getBytes(StandardCharsets.UTF_8);
      String patch = "application/merge-patch+json";
      assertThat(connection.send("PATCH", "/a/b?c=d%2Fe", patch, body, PATIENCE))
          .isEqualTo(new ApiServer.Answer(200, Duration.ofSeconds(7), "{}"));
      assertThat(get(connection, "/busy").status()).isEqualTo(429);
      assertThat(requests)
          .containsExactly(
              "PATCH /a/b?c=d%2Fe " + patch + " watch/1 Bearer first {\"a\":\"é\"}",
              "GET /busy null watch/1 Bearer first ");
    }
  }

  @Test
  void aTokenThatTheKubeletRenewedIsUsedFromTheNextRequestOn() throws Exception {
    try (TlsServer server = serve();
        ApiConnection connection = inPod(server, "first")) {
      assertThat(get(connection, "/").status()).isEqualTo(200);
      accepted = "second";
      assertThat(get(connection, "/").status()).isEqualTo(401);
      Files.writeString(work.resolve("token"), "second");
      assertThat(get(connection, "/").status()).isEqualTo(200);
      Files.delete(work.resolve("token"));
      assertThat(get(connection, "/").status()).as("the last one stands").isEqualTo(200);
    }
  }

  @Test
  void anAuthorityThatWasReplacedIsTrustedAfterRenewal() throws Exception {
    try (TlsServer server = serve();
        TlsServer other = serve();
        ApiConnection connection = inPod(server, "first")) {
      Files.writeString(work.resolve("ca.crt"), other.certificate());
      assertThat(get(connection, "/").status()).isEqualTo(200);
      connection.renew();
      assertThatThrownBy(() -> get(connection, "/"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("PKIX");
      Files.writeString(work.resolve("ca.crt"), server.certificate());
      connection.renew();
      assertThat(get(connection, "/").status()).isEqualTo(200);
    }
  }

  @Test
  void readsAKubeconfigAndItsRenewedToken() throws Exception {
    try (TlsServer server = serve()) {
      Path file = Files.writeString(work.resolve("kubeconfig"), server.kubeconfig("first"));
      try (ApiConnection connection =
          ApiConnection.open(new ApiAccess.Kubeconfig(file), "watch/1")) {
        assertThat(get(connection, "/").status()).isEqualTo(200);
        accepted = "second";
        Files.writeString(file, server.kubeconfig("second"));
        assertThat(get(connection, "/").status())
            .as("the client asks again after a 401")
            .isEqualTo(200);
      }
    }
  }

  @Test
  void aLargeBodyIsCut() throws Exception {
    try (TlsServer server = serve();
        ApiConnection connection = inPod(server, "first")) {
      assertThat(get(connection, "/large").body()).hasSize(64 * 1024);
    }
  }

  @Test
  void nobodyThereIsAnErrorThatSaysSo() throws Exception {
    TlsServer server = serve();
    try (ApiConnection connection = inPod(server, "first")) {
      server.close();
      assertThatThrownBy(() -> get(connection, "/"))
          .isInstanceOf(IOException.class)
          .hasMessage("cannot connect: refused, or nobody there");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kind: Config",
        "contexts: [{name: a, context: {cluster: c}}]",
        "current-context: a",
        "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: b",
        "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: a",
        "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: a\nclusters: [{name: c}]"
      })
  void aKubeconfigThatNamesNoServerIsRefused(String text) throws IOException {
    Path file = Files.writeString(work.resolve("kubeconfig"), "apiVersion: v1\n" + text);
    assertThatThrownBy(() -> ApiConnection.open(new ApiAccess.Kubeconfig(file), "w"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("kubeconfig " + file + ": ");
  }

  @Test
  void withoutItsTokenTheAgentDoesNotGoAsSomebodyElse() throws Exception {
    try (TlsServer server = serve();
        ApiConnection connection = inPod(server, "")) {
      assertThatThrownBy(() -> get(connection, "/"))
          .hasMessage("token file " + work.resolve("token") + " is empty");
      Files.delete(work.resolve("token"));
      assertThatThrownBy(() -> get(connection, "/"))
          .hasMessage("token file " + work.resolve("token") + " cannot be read");
    }
  }

  @Test
  void credentialsThatCannotBeReadAreNamed() throws IOException {
    assertThatThrownBy(
            () -> ApiConnection.open(new ApiAccess.Kubeconfig(work.resolve("none")), "w"))
        .isInstanceOf(IOException.class)
        .hasMessage("kubeconfig " + work.resolve("none") + ": not readable");
    Path broken = Files.writeString(work.resolve("broken"), "}{ no yaml");
    assertThatThrownBy(() -> ApiConnection.open(new ApiAccess.Kubeconfig(broken), "w"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("kubeconfig " + broken + ": ");
    assertThatThrownBy(
            () -> ApiConnection.open(new ApiAccess.InCluster("127.0.0.1", "1", work), "w"))
        .isInstanceOf(IOException.class)
        .hasMessage(work.resolve("ca.crt") + ": not readable");
  }

  @Test
  void aTokenFileThatHoldsSeveralIsNamedAndNotQuoted() throws Exception {
    try (TlsServer server = serve();
        ApiConnection connection = inPod(server, "secret\nother")) {
      assertThatThrownBy(() -> get(connection, "/"))
          .isInstanceOf(IOException.class)
          .hasMessage("token file " + work.resolve("token") + " is not one token");
      Files.writeString(work.resolve("token"), "first");
      assertThat(get(connection, "/").status()).isEqualTo(200);
      Files.writeString(work.resolve("token"), "secret\nother");
      assertThat(get(connection, "/").status()).as("the last one stands").isEqualTo(200);
    }
  }

  @Test
  void aTokenThatNoHeaderCanCarryIsNotQuoted() throws Exception {
    try (TlsServer server = serve()) {
      Path file =
          Files.writeString(work.resolve("kubeconfig"), server.kubeconfig("\"secret\\nother\""));
      try (ApiConnection connection =
          ApiConnection.open(new ApiAccess.Kubeconfig(file), "watch/1")) {
        assertThatThrownBy(() -> get(connection, "/"))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("a form that cannot be used")
            .hasMessageNotContaining("secret");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "users: [{name: test, user: {token: secret]}]",
        "users:\n- name: test\n  user: {token: secret\n",
        "users: [{name: test, user: {token: [secret]}}]",
        "users: [{name: test, user: secret}]",
        "users: secret",
        "\tsecret: %s @secret"
      })
  void aKubeconfigThatCannotBeReadIsNotQuoted(String text) throws IOException {
    Path file = Files.writeString(work.resolve("kubeconfig"), "apiVersion: v1\n" + text);
    assertThatThrownBy(() -> ApiConnection.open(new ApiAccess.Kubeconfig(file), "w"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("kubeconfig " + file + ": ")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @CsvSource({
    "https://h:6443/,https://h:6443/api/v1/pods?a=b%3Dc",
    "https://h,https://h/api/v1/pods?a=b%3Dc",
    "https://rancher/k8s/clusters/c-1,https://rancher/k8s/clusters/c-1/api/v1/pods?a=b%3Dc",
    "https://rancher/k8s/clusters/c-1/,https://rancher/k8s/clusters/c-1/api/v1/pods?a=b%3Dc"
  })
  void thePathOfAServerIsKept(String server, String expected) {
    assertThat(ApiConnection.below(server, "/api/v1/pods?a=b%3Dc")).hasToString(expected);
  }

  @ParameterizedTest
  @CsvSource({"7,7", "0,0", "300,300", "301,300", "99999999999999,300"})
  void retryAfterIsReadInSecondsWithinBounds(String header, long seconds) {
    assertThat(ApiConnection.retryAfter(header)).isEqualTo(Duration.ofSeconds(seconds));
  }

  @ParameterizedTest
  @CsvSource({",", "-1,", "7.5,", "'Wed, 21 Oct 2026 07:28:00 GMT',", "9999999999999999999,"})
  void anyOtherRetryAfterIsNone(@Nullable String header, @Nullable String nothing) {
    assertThat(ApiConnection.retryAfter(header)).isNull();
    assertThat(nothing).isNull();
  }
}
