package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.http.Site.RefusedRequests;
import io.seccompwatch.http.WebServer.Connection;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.TestCertificate;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real TLS server, asked over a socket. */
class WebServerTlsTest {

  private static final int BIG = 16 << 20;
  private static final int PATIENCE_MILLIS = 10_000;

  /** Short ones, so that a client that holds on to something is seen to be let go of. */
  private static final WebServer.Limits SHORT =
      new WebServer.Limits(
          4, Duration.ofMillis(500), Duration.ofMillis(500), Duration.ofMillis(500));

  private static final Map<String, Page> PAGES =
      Map.of(
          "/livez", request -> Response.text(200, "ok\n"),
          "/readyz", request -> Response.text(503, "not yet\n"),
          "/big", request -> new Response(200, "text/plain", new byte[BIG]),
          "/empty", request -> new Response(200, "text/plain", new byte[0]),
          "/defect",
              request -> {
                throw new IllegalStateException("a defect");
              },
          "/query", request -> Response.text(200, request.query() + " " + request.accept() + "\n"),
          "/api/v1/status", request -> Response.text(200, "{}\n"));

  private static final Site SITE = Site.local(PAGES, "127.0.0.1", new RefusedRequests());

  @TempDir private static Path keys = Path.of("");
  private static TestCertificate rsa;
  private static TestCertificate ec;

  @TempDir private Path work;
  private TlsFiles files;
  private WebServer api;
  private SSLContext trust;

  @BeforeAll
  static void makeKeys() throws Exception {
    rsa = TestCertificate.make(keys, "RSA", "ip:127.0.0.1");
    ec = TestCertificate.make(keys, "EC", "ip:127.0.0.1");
  }

  @BeforeEach
  void serve() throws Exception {
    use(ec);
    files = new TlsFiles(work.resolve("tls.crt"), work.resolve("tls.key"));
    trust = ec.trust();
    open(WebServer.Limits.DEFAULT);
  }

  private void use(TestCertificate certificate) throws IOException {
    Files.writeString(work.resolve("tls.crt"), certificate.certificatePem());
    Files.writeString(work.resolve("tls.key"), certificate.keyPem());
  }

  private void open(WebServer.Limits limits) throws IOException {
    api =
        new WebServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), SITE, files, limits);
  }

  @AfterEach
  void close() {
    api.close();
  }

  @ParameterizedTest
  @CsvSource({
    "GET,     /livez,           200",
    "GET,     /readyz,          503",
    "GET,     /empty,           200",
    "GET,     /api/v1/status,   200",
    "HEAD,    /livez,           200",
    "HEAD,    /nothing,         404",
    "GET,     /nothing,         404",
    "GET,     /livez/../readyz, 404",
    "GET,     //livez,          404",
    "GET,     *,                404",
    "GET,     /defect,          500",
    "POST,    /livez,           405",
    "DELETE,  /api/v1/status,   405",
    "BREW,    /nothing,         405",
  })
  void a_path_and_a_method_have_their_status(String method, String path, int status)
      throws Exception {
    assertThat(
            raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status + " ")
        .contains("\r\nX-Content-Type-Options: nosniff\r\n", "\r\nConnection: close\r\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nonsense~~                                              | 400",
        "GET  /livez HTTP/1.1~Host: x~~                          | 400",
        "GET /livez~Host: x~~                                    | 400",
        "G(T /livez HTTP/1.1~Host: x~~                           | 400",
        "GET /%zz HTTP/1.1~Host: x~~                             | 400",
        "GET /livez HTTP/2.0~Host: x~~                           | 505",
        "GET /livez HTTP/1.1~~                                   | 400",
        "GET /livez HTTP/1.1~Host: x~Host: y~~                   | 400",
        "GET /livez HTTP/1.1~Host: x~no colon~~                  | 400",
        "GET /livez HTTP/1.1~Host: x~ folded: y~~                | 400",
        "GET /livez HTTP/1.1~Host: x~Content-Length : 0~~        | 400",
        "GET /livez HTTP/1.1~Host: x~A: \u0001~~                 | 400",
        "GET /livez HTTP/1.1~Host: x~A: \u007fb~~                | 400",
        "GET /livez HTTP/1.1~Host: x~A:{LF}Content-Length: 9~~   | 400",
        "GET /livez HTTP/1.1~Host: x~A: b{LF}~~                  | 400",
        "GET /livez HTTP/1.1~Host: x~A: b{CR}~~                  | 400",
        "GET /livez HTTP/1.0~Authorization: a~authorization: b~~ | 400",
        "GET /livez HTTP/1.0~~                                   | 200",
        "~~GET /livez HTTP/1.0~~                                 | 200",
      })
  void what_could_be_read_in_two_ways_is_refused(String request, int status) throws Exception {
    String sent = request.replace("~", "\r\n").replace("{LF}", "\n").replace("{CR}", "\r");
    assertThat(raw(sent)).startsWith("HTTP/1.1 " + status + " ");
  }

  @Test
  void a_head_has_a_bound_in_bytes_and_in_fields() throws Exception {
    String begin = "GET /livez HTTP/1.0\r\n";
    assertThat(raw(begin + "A: " + "a".repeat(16_000) + "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
    assertThat(raw(begin + "A: " + "a".repeat(16_384))).startsWith("HTTP/1.1 431 ");
    assertThat(raw(begin + "A: a\r\n".repeat(101) + "\r\n")).startsWith("HTTP/1.1 431 ");
  }

  @Test
  void requests_follow_each_other_on_a_connection_and_none_follows_a_body() throws Exception {
    String one = "GET /query?%s HTTP/1.1\r\nHost: x\r\nAccept: a\r\naccept: b\r\n\r\n";
    String body =
        "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nGET /empty HTTP/1.1\r\n\r\n";
    String answers = raw(one.formatted("first") + "\r\n" + one.formatted("second") + body);
    assertThat(answers.split("HTTP/1.1 200 OK", -1)).hasSize(4);
    assertThat(answers)
        .contains("\r\n\r\nfirst a,b\n", "\r\n\r\nsecond a,b\n")
        .endsWith("\r\n\r\nok\n");
  }

  @Test
  void a_date_is_as_http_has_it() {
    assertThat(Connection.date(Instant.parse("2026-11-01T09:08:07.6Z")))
        .isEqualTo("Sun, 01 Nov 2026 09:08:07 GMT");
  }

  @Test
  void head_tells_the_length_and_has_no_body() throws Exception {
    assertThat(raw("HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        .contains("\r\nContent-Length: 3\r\n")
        .endsWith("\r\n\r\n");
  }

  @Test
  void an_ordinary_client_is_served_again_and_again() throws Exception {
    try (HttpClient client = HttpClient.newBuilder().sslContext(trust).build()) {
      URI uri = URI.create("https://127.0.0.1:" + api.address().getPort() + "/query?a=b");
      for (int i = 0; i < 3; i++) {
        HttpResponse<String> response =
            client.send(
                HttpRequest.newBuilder(uri).header("Accept", "x/y").build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(response.body()).isEqualTo("a=b x/y\n");
        assertThat(response.headers().firstValue("Date")).isPresent();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void both_kinds_of_keys_serve_both_protocols(String protocol) throws Exception {
    for (TestCertificate each : List.of(ec, rsa)) {
      use(each);
      files.look();
      trust = each.trust();
      try (SSLSocket socket = unconnected()) {
        socket.setEnabledProtocols(new String[] {protocol});
        socket.startHandshake();
        assertThat(socket.getSession().getProtocol()).isEqualTo(protocol);
        assertThat(ask(socket, "GET /livez HTTP/1.0\r\n\r\n")).endsWith("ok\n");
      }
    }
  }

  @Test
  void older_protocols_are_not_spoken() throws Exception {
    // The JDK's own client would not, either: this is a ClientHello of TLS 1.1
    byte[] hello = new byte[5 + 4 + 2 + 32 + 1 + 2 + 2 + 2];
    System.arraycopy(new byte[] {22, 3, 1, 0, (byte) (hello.length - 5), 1, 0, 0}, 0, hello, 0, 8);
    hello[8] = (byte) (hello.length - 9);
    hello[9] = 3;
    hello[10] = 2;
    hello[45] = 2;
    hello[46] = (byte) 0xc0;
    hello[47] = 0x09;
    hello[48] = 1;
    try (Socket socket = plain()) {
      socket.getOutputStream().write(hello);
      byte[] answer = socket.getInputStream().readAllBytes();
      assertThat(answer[0]).as("an alert").isEqualTo((byte) 21);
      assertThat(answer[6]).as("protocol_version").isEqualTo((byte) 70);
    }
  }

  @Test
  void a_new_certificate_is_served_to_who_comes_next() throws Exception {
    try (SSLSocket before = connect()) {
      assertThat(before.getSession().getPeerCertificates()[0]).isEqualTo(ec.certificate());
      use(rsa);
      assertThat(files.look()).isTrue();
      trust = rsa.trust();
      try (SSLSocket after = connect()) {
        assertThat(after.getSession().getPeerCertificates()[0]).isEqualTo(rsa.certificate());
      }
      assertThat(ask(before, "GET /livez HTTP/1.0\r\n\r\n")).as("goes on").endsWith("ok\n");
    }
  }

  @Test
  void who_speaks_no_tls_is_hung_up_on() throws Exception {
    try (Socket socket = plain()) {
      socket
          .getOutputStream()
          .write("GET /livez HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
          .doesNotContain("ok");
    }
    assertThat(livez()).isTrue();
  }

  @Test
  void who_says_nothing_or_half_of_something_is_hung_up_on() throws Exception {
    close();
    open(SHORT);
    List<Socket> held = new ArrayList<>();
    try {
      Socket silent = plain();
      held.add(silent);
      Socket half = plain();
      half.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1});
      held.add(half);
      SSLSocket noRequest = connect();
      held.add(noRequest);
      SSLSocket halfRequest = connect();
      halfRequest.getOutputStream().write("GET /livez HTTP".getBytes(StandardCharsets.US_ASCII));
      held.add(halfRequest);
      for (Socket socket : held) {
        drain(socket);
      }
      assertThat(livez()).isTrue();
    } finally {
      for (Socket socket : held) {
        socket.close();
      }
    }
  }

  /** The JDK's HttpsServer stands still for good after one of these. */
  @Test
  void who_does_not_read_its_answer_is_hung_up_on_and_the_others_are_served() throws Exception {
    close();
    open(SHORT);
    List<SSLSocket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < SHORT.connections(); i++) {
        SSLSocket socket = connect();
        socket
            .getOutputStream()
            .write("GET /big HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        slow.add(socket);
      }
      Await.until("others are served", this::livez);
      Await.until("all have been hung up on", () -> livezAtOnce(SHORT.connections()));
      for (SSLSocket socket : slow) {
        assertThat(drain(socket)).isLessThan(BIG);
      }
    } finally {
      for (SSLSocket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void who_comes_when_all_places_are_taken_gets_that_of_who_did_nothing_for_longest()
      throws Exception {
    close();
    open(
        new WebServer.Limits(
            2, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1)));
    try (SSLSocket first = connect();
        SSLSocket second = connect()) {
      first
          .getOutputStream()
          .write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(first.getInputStream().read()).isEqualTo('H');
      try (SSLSocket third = connect()) {
        drain(second);
        assertThat(ask(third, "GET /livez HTTP/1.0\r\n\r\n")).endsWith("ok\n");
      }
      assertThat(ask(first, "GET /livez HTTP/1.0\r\n\r\n")).endsWith("ok\n");
    }
  }

  /** 64 half handshakes, from the probe's own address and from as many others. */
  @Test
  void half_handshakes_give_way_to_the_probe() throws Exception {
    int port = api.address().getPort();
    List<Socket> half = new ArrayList<>();
    try {
      for (int i = 0; i < 2 * WebServer.Limits.DEFAULT.connections(); i++) {
        InetAddress from = InetAddress.ofLiteral(i % 2 == 0 ? "127.0.0.1" : "127.0.1." + (i + 1));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port, from, 0);
        socket.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1});
        half.add(socket);
      }
      assertThat(probed()).endsWith("ok\n");
    } finally {
      for (Socket socket : half) {
        socket.close();
      }
    }
  }

  /** All of 127/8 is this machine: a scraper, and the kubelet's probe. */
  @Test
  void who_has_the_most_places_gives_up_its_oldest_to_who_has_none() throws Exception {
    close();
    open(
        new WebServer.Limits(
            3, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofMinutes(1)));
    // The server may be late to see a handshake's end; an answer shows which was first
    try (SSLSocket other = connectFrom("127.0.0.3");
        SSLSocket first = answered(connect());
        SSLSocket second = answered(connect());
        SSLSocket probe = connectFrom("127.0.0.2")) {
      drain(first);
      for (SSLSocket socket : List.of(other, second, probe)) {
        assertThat(ask(socket, "GET /livez HTTP/1.0\r\n\r\n")).endsWith("ok\n");
      }
    }
  }

  @Test
  void closing_hangs_up_on_everybody_and_frees_the_address() throws Exception {
    InetSocketAddress address = api.address();
    try (SSLSocket socket = connect()) {
      api.close();
      drain(socket);
    }
    api = new WebServer(address, SITE, files, WebServer.Limits.DEFAULT);
    assertThat(livez()).isTrue();
    assertThatThrownBy(() -> new WebServer(address, SITE, files, SHORT).close())
        .isInstanceOf(IOException.class);
  }

  private boolean livez() {
    try {
      return raw("GET /livez HTTP/1.0\r\n\r\n").endsWith("ok\n");
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether so many clients find room beside each other. */
  private boolean livezAtOnce(int clients) throws IOException {
    List<SSLSocket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < clients; i++) {
        sockets.add(connect());
      }
      for (SSLSocket socket : sockets) {
        if (!ask(socket, "GET /livez HTTP/1.0\r\n\r\n").endsWith("ok\n")) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    } finally {
      for (SSLSocket socket : sockets) {
        socket.close();
      }
    }
  }

  private Socket plain() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.address().getPort());
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  private SSLSocket connectFrom(String address) throws IOException {
    int port = api.address().getPort();
    Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.ofLiteral(address), 0);
    socket.setSoTimeout(PATIENCE_MILLIS);
    SSLSocket tls =
        (SSLSocket) trust.getSocketFactory().createSocket(socket, "127.0.0.1", port, true);
    tls.startHandshake();
    return tls;
  }

  private SSLSocket unconnected() throws IOException {
    int port = api.address().getPort();
    return (SSLSocket) trust.getSocketFactory().createSocket(plain(), "127.0.0.1", port, true);
  }

  private SSLSocket connect() throws IOException {
    SSLSocket socket = unconnected();
    try {
      socket.startHandshake();
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** How many bytes come until the server hangs up; that it does not is an error. */
  private static long drain(Socket socket) throws IOException {
    long bytes = 0;
    try {
      InputStream in = socket.getInputStream();
      byte[] some = new byte[64 * 1_024];
      for (int read = in.read(some); read >= 0; read = in.read(some)) {
        bytes += read;
      }
    } catch (SocketTimeoutException e) {
      throw new AssertionError("it does not hang up", e);
    } catch (IOException e) {
      // Hung up without a word
    }
    return bytes;
  }

  /**
   * An answer to a probe. One of the connections before it may be accepted after it, when the
   * kernel's queue was full, and take the place of a handshake that is under way: like the kubelet
   * it tries again.
   */
  private String probed() throws IOException {
    for (int tries = 1; ; tries++) {
      try {
        return raw("GET /livez HTTP/1.0\r\n\r\n");
      } catch (IOException e) {
        if (tries == 5) {
          throw e;
        }
      }
    }
  }

  private String raw(String request) throws IOException {
    try (SSLSocket socket = connect()) {
      return ask(socket, request);
    }
  }

  /** A connection that has had an answer and stays. */
  private static SSLSocket answered(SSLSocket socket) throws IOException {
    socket
        .getOutputStream()
        .write("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.UTF_8));
    StringBuilder answer = new StringBuilder();
    for (int read = 0; read >= 0 && !answer.toString().endsWith("ok\n"); ) {
      read = socket.getInputStream().read();
      answer.append((char) read);
    }
    assertThat(answer).startsWith("HTTP/1.1 200");
    return socket;
  }

  private static String ask(SSLSocket socket, String request) throws IOException {
    socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
