package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.seccompwatch.http.Site.FrontPage;
import io.seccompwatch.http.Site.RefusedRequests;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.RecentViolations;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestClock;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real server, asked over a socket. */
class WebServerTest {

  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";
  private static final String PLAIN = "text/plain; charset=utf-8";
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Site NOTHING = Site.local(Map.of(), "127.0.0.1", new RefusedRequests());

  private final HttpClient client = HttpClient.newHttpClient();
  private final RecentViolations recent = new RecentViolations(10);
  private final WebServer api;

  WebServerTest() throws IOException {
    Books books = new Books(new TestClock(), 10);
    books.open("audit-log");
    PrometheusRegistry registry = new PrometheusRegistry();
    registry.register(Scrape.metrics(books));
    Map<String, Page> pages =
        Map.of(
            "/", new FrontPage(),
            "/metrics", new MetricsPage(registry),
            "/api/v1/violations", new ViolationsPage(recent, InstantSource.system()),
            "/livez", request -> Response.text(200, "ok\n"),
            "/readyz", request -> Response.text(503, "source audit-log: is not there\n"),
            "/empty", request -> new Response(200, "text/plain", new byte[0]),
            "/defect",
                request -> {
                  throw new IllegalStateException("a defect");
                },
            "/query", request -> Response.text(200, request.query()));
    api =
        new WebServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            Site.local(pages, "127.0.0.1", new RefusedRequests()),
            null,
            WebServer.Limits.DEFAULT);
  }

  @BeforeEach
  void someViolations() {
    recent.publish(Samples.denied(1));
    recent.publish(Samples.logged(2));
  }

  @AfterEach
  void close() {
    api.close();
    client.close();
  }

  @ParameterizedTest
  @CsvSource({
    "GET,     /,                          200",
    "GET,     /metrics,                   200",
    "GET,     /livez,                     200",
    "GET,     /readyz,                    503",
    "GET,     /api/v1/violations,         200",
    "GET,     /empty,                     200",
    "HEAD,    /metrics,                   200",
    "HEAD,    /readyz,                    503",
    "HEAD,    /nothing,                   404",
    "GET,     /nothing,                   404",
    "GET,     /metrics/,                  404",
    "GET,     /metrics/x,                 404",
    "GET,     /METRICS,                   404",
    "GET,     //metrics,                  404",
    "GET,     /livez/../metrics,          404",
    "GET,     /%2e%2e/etc/passwd,         404",
    "GET,     /api/v1,                    404",
    "GET,     /defect,                    500",
    "POST,    /metrics,                   405",
    "PUT,     /,                          405",
    "DELETE,  /api/v1/violations,         405",
    "OPTIONS, /metrics,                   405",
    "TRACE,   /metrics,                   405",
    "BREW,    /nothing,                   405",
  })
  void aPathAndAMethodHaveTheirStatus(String method, String path, int status) throws Exception {
    assertThat(
            raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status + " ");
  }

  @Test
  void aRefusedMethodIsToldWhichOnesAreServed() throws Exception {
    HttpResponse<String> response =
        send(request("/metrics").POST(HttpRequest.BodyPublishers.ofString("x")));
    assertThat(response.headers().firstValue("Allow")).hasValue("GET, HEAD");
    assertThat(response.body()).isEqualTo("only GET and HEAD are served\n");
  }

  @Test
  void headAnswersLikeGetWithoutItsBody() throws Exception {
    HttpResponse<String> response = send(request("/livez").HEAD());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue(PLAIN);
    assertThat(response.body()).isEmpty();
  }

  @Test
  void whatIsNotReadySaysWhy() throws Exception {
    assertThat(get("/readyz").body()).isEqualTo("source audit-log: is not there\n");
  }

  @Test
  void aNameThatWasTurnedToLoopbackDoesNotReachTheApi() throws Exception {
    String rebound = " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assertThat(raw("GET /livez" + rebound)).startsWith("HTTP/1.1 200 ");
    assertThat(raw("GET /api/v1/violations" + rebound))
        .startsWith("HTTP/1.1 403 ")
        .endsWith("the query API is not served under this Host: ask localhost or 127.0.0.1\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET foo:bar HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /metrics?%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\n\r\n\r\n",
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "\u0016\u0003\u0001\u0002",
      })
  void nonsenseIsAnsweredOrHungUpOnAndTheNextOneServed(String request) throws Exception {
    raw(request);
    assertThat(get("/livez").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/openmetrics-text;version=1.0.0                        | om",
        "application/openmetrics-text; version=1.0.0; charset=utf-8;q=0.9  | om",
        "text/plain;version=0.0.4                                          | text",
        "*/*                                                               | text",
        "text/html                                                         | text",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            + "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5 | om",
        "application/vnd.google.protobuf                                   | text",
        "','                                                               | text",
      })
  void metricsComeInTheFormatThatTheScraperAsksFor(String accept, String format) throws Exception {
    HttpResponse<String> response = send(request("/metrics").header("Accept", accept));
    assertThat(response.statusCode()).isEqualTo(200);
    boolean openMetrics = format.equals("om");
    assertThat(response.headers().firstValue("Content-Type").orElseThrow())
        .startsWith(openMetrics ? OPEN_METRICS : "text/plain; version=0.0.4");
    assertThat(response.body()).contains("seccomp_watch_records_total{source=\"audit-log\"} 0");
    assertThat(response.body().endsWith("# EOF\n")).isEqualTo(openMetrics);
  }

  @Test
  void anEndlessAcceptHeaderIsTakenForNone() throws Exception {
    String accept = "application/openmetrics-text;version=1.0.0," + "x/y,".repeat(1_000);
    assertThat(send(request("/metrics").header("Accept", accept)).body()).doesNotContain("# EOF");
  }

  @Test
  void noBrowserGuessesWhatABodyIs() throws Exception {
    assertThat(get("/").headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
  }

  @Test
  void aQueryThatIsTooLongIsRefusedAndNotIgnored() throws Exception {
    assertThat(get("/query?" + "a".repeat(1_024)).body()).hasSize(1_024);
    assertThat(get("/query?" + "a".repeat(1_025)).statusCode()).isEqualTo(414);
  }

  /** More of them than there used to be threads: a probe must not wait for any of them. */
  @Test
  void slowClientsDoNotKeepOthersWaiting() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 10; i++) {
        Socket socket = connect();
        socket
            .getOutputStream()
            .write("GET /metrics HTTP/1.1\r\nHos".getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
        slow.add(socket);
      }
      assertThat(get("/livez").statusCode()).isEqualTo(200);
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  /** All of 127/8 is this machine: somebody, and the kubelet's probe. */
  @Test
  void whoTakesAllTheConnectionsItCanGetLeavesOneForTheProbe() throws Exception {
    int more = 2 * WebServer.Limits.DEFAULT.connections();
    List<Socket> taken = new ArrayList<>();
    try {
      for (int i = 0; i < more; i++) {
        taken.add(connect());
      }
      int port = api.address().getPort();
      try (Socket probe =
          new Socket(
              InetAddress.getLoopbackAddress(), port, InetAddress.ofLiteral("127.0.0.2"), 0)) {
        probe.setSoTimeout((int) PATIENCE.toMillis());
        probe
            .getOutputStream()
            .write("GET /livez HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
            .startsWith("HTTP/1.1 200 ");
      }
    } finally {
      for (Socket socket : taken) {
        socket.close();
      }
    }
  }

  /** From the probe's own address, as on the node's network. */
  @Test
  void connectionsThatDoNothingGiveWayToTheProbe() throws Exception {
    try (Clients idle = new Clients()) {
      for (int i = 0; i < 3 * WebServer.Limits.DEFAULT.connections(); i++) {
        idle.connect("127.0.0.1");
      }
      assertThat(probed()).startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void asManyAddressesWithOneIdleConnectionEachGiveWayToo() throws Exception {
    try (Clients idle = new Clients()) {
      for (int i = 0; i < 2 * WebServer.Limits.DEFAULT.connections(); i++) {
        idle.connect("127.0.1." + (i + 1));
      }
      assertThat(probed()).startsWith("HTTP/1.1 200 ");
    }
  }

  /** Of four places three may answer about workloads; the others are left for health. */
  @Test
  void largeAnswersLeaveThePlacesOfHealth() throws Exception {
    CountDownLatch made = new CountDownLatch(1);
    try (WebServer small = smallServer(made);
        Clients clients = new Clients(small.address().getPort())) {
      for (int i = 1; i <= 4; i++) {
        clients.ask("127.0.0." + i, "GET /metrics HTTP/1.0\r\n\r\n");
      }
      Await.until("one of them is refused, and three answer", () -> clients.answered() == 1);
      for (int i = 0; i < 10; i++) {
        clients.connect("127.0.0.5");
        assertThat(clients.answer(clients.ask("127.0.0.6", "GET /livez HTTP/1.0\r\n\r\n")))
            .startsWith("HTTP/1.1 200 ");
      }
      made.countDown();
    }
  }

  /**
   * An answer to a probe. One of the connections before it may be accepted after it, when the
   * kernel's queue was full, and take its place: like the kubelet it tries again.
   */
  private String probed() throws IOException {
    String answer = "";
    for (int tries = 1; answer.isEmpty() && tries <= 5; tries++) {
      try {
        answer = raw("GET /livez HTTP/1.0\r\n\r\n");
      } catch (SocketException e) {
        answer = ""; // hung up on
      }
    }
    return answer;
  }

  private static WebServer smallServer(CountDownLatch made) throws IOException {
    Page slow =
        request -> {
          try {
            made.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return Response.text(200, "made\n");
        };
    return new WebServer(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        Site.local(
            Map.of("/metrics", slow, "/livez", request -> Response.text(200, "ok\n")),
            "127.0.0.1",
            new RefusedRequests()),
        null,
        new WebServer.Limits(4, PATIENCE, PATIENCE, PATIENCE));
  }

  /** All of 127/8 is this machine: clients of any address there. */
  private final class Clients implements AutoCloseable {
    private final List<Socket> sockets = new ArrayList<>();
    private final int port;

    private Clients() {
      this(api.address().getPort());
    }

    private Clients(int port) {
      this.port = port;
    }

    private Socket connect(String address) throws IOException {
      Socket socket =
          new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.ofLiteral(address), 0);
      socket.setSoTimeout((int) PATIENCE.toMillis());
      sockets.add(socket);
      return socket;
    }

    private Socket ask(String address, String request) throws IOException {
      Socket socket = connect(address);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      return socket;
    }

    private String answer(Socket socket) throws IOException {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private int answered() throws IOException {
      int answered = 0;
      for (Socket socket : sockets) {
        answered += socket.getInputStream().available() > 0 ? 1 : 0;
      }
      return answered;
    }

    @Override
    public void close() throws IOException {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  @Test
  void metricsAreCompressedForWhoAsksForIt() throws Exception {
    String plain = get("/metrics").body();
    HttpResponse<byte[]> response =
        client.send(
            request("/metrics").header("Accept-Encoding", "gzip").build(),
            HttpResponse.BodyHandlers.ofByteArray());
    assertThat(response.headers().firstValue("Content-Encoding")).hasValue("gzip");
    assertThat(response.headers().firstValue("Vary")).hasValue("Accept, Accept-Encoding");
    assertThat(response.body()).hasSizeLessThan(plain.length() / 4);
    try (GZIPInputStream body = new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
      assertThat(new String(body.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(plain);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http://localhost/api/v1/violations,          200",
    "http://evil.example/api/v1/violations,       403",
    "//evil.example/api/v1/violations,            404",
    "http:/api/v1/violations,                     400",
    "http:///api/v1/violations,                   400",
    "ftp://localhost/api/v1/violations,           400",
    "file:/etc/passwd,                            400",
  })
  void anAbsoluteTargetIsOfThisServerOrRefused(String target, int status) throws Exception {
    assertThat(raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status + " ");
  }

  @Test
  void aBodyThatNobodyReadsDoesNotTakeTheAnswerBack() throws Exception {
    int length = 1 << 20;
    assertThat(
            raw(
                "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n".formatted(length)
                    + "x".repeat(length)))
        .startsWith("HTTP/1.1 405 ")
        .endsWith("only GET and HEAD are served\n");
  }

  @Test
  void manySlowClientsAreHungUpOnInTheEnd() throws Exception {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        Socket socket = connect();
        socket.getOutputStream().write("GET /".getBytes(StandardCharsets.US_ASCII));
        slow.add(socket);
      }
      Await.until("it serves again", () -> serves());
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void theAddressIsFreeAgainAfterClose() throws Exception {
    InetSocketAddress address = api.address();
    api.close();
    try (WebServer again = new WebServer(address, NOTHING, null, WebServer.Limits.DEFAULT)) {
      assertThat(again.address()).isEqualTo(address);
    }
  }

  @Test
  void anAddressThatIsTakenIsAnError() {
    assertThatThrownBy(
            () -> new WebServer(api.address(), NOTHING, null, WebServer.Limits.DEFAULT).close())
        .isInstanceOf(IOException.class);
  }

  private boolean serves() throws InterruptedException {
    try {
      return get("/livez").statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path));
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.address().getPort() + path))
        .timeout(PATIENCE);
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.address().getPort());
    socket.setSoTimeout((int) PATIENCE.toMillis());
    return socket;
  }

  /** What the server answers until it hangs up; what no HTTP client would send. */
  private String raw(String request) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
