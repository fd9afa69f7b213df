package io.seccompwatch.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.AgentException;
import io.seccompwatch.config.ConfigException;
import io.seccompwatch.config.RunOption;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestCertificate;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole agent in this process, on a log file of the test's own, without privilege. */
class AgentTest {

  private static final AgentMetrics.Build BUILD = new AgentMetrics.Build("1", "abc", "25");
  private static final String RECORDS = "seccomp_watch_records_total";
  private static final String DENIALS = "seccomp_denials_total";
  private static final String RECORD =
      "type=SECCOMP msg=audit(1795342823.836:15): auid=4294967295 uid=0 gid=0 ses=4294967295"
          + " pid=2147483647 comm=\"kc\" exe=\"/bin/kc\" sig=0 arch=c000003e syscall=165 compat=0"
          + " ip=0x439fea code=0x50000\n";

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<RunOption, List<String>> given = new EnumMap<>(RunOption.class);

  @TempDir Path directory = Path.of("");
  private Path log = Path.of("");

  @BeforeEach
  void configures() throws IOException {
    log = directory.resolve("audit.log");
    given.put(RunOption.SOURCE, List.of("audit-log=" + log));
    given.put(RunOption.FROM, List.of("beginning"));
    given.put(RunOption.STATE_DIR, List.of(directory.resolve("state").toString()));
    given.put(RunOption.VIOLATIONS_LOG, List.of(directory.resolve("v.jsonl").toString()));
    given.put(RunOption.LISTEN, List.of("127.0.0.1:0"));
    given.put(RunOption.PROCESS_EVENTS, List.of("off"));
    given.put(RunOption.KUBERNETES, List.of("off"));
    given.put(RunOption.CANARY, List.of("off"));
    // The machine's own would tell an agent in a container that no process can be looked up
    Path proc = Files.createDirectories(directory.resolve("proc"));
    Files.writeString(proc.resolve("stat"), "cpu 0\n");
    given.put(RunOption.PROC, List.of(proc.toString()));
  }

  @Test
  void aRecordBecomesAMetricALineAndAnAnswer() throws Exception {
    Files.writeString(log, "");
    try (Agent agent = start()) {
      Await.until("ready", () -> get(agent, "/readyz").statusCode() == 200);
      Files.writeString(log, RECORD + RECORD, StandardOpenOption.APPEND);
      Await.until("both counted", () -> scrape(agent).sum("seccomp_watch_records_total") == 2);

      Scrape scrape = scrape(agent);
      assertThat(scrape.value("seccomp_denials_total", "syscall", "mount")).isEqualTo(1);
      assertThat(scrape.sum("seccomp_watch_records_duplicate_total")).isEqualTo(1);
      assertThat(scrape.value("seccomp_watch_attributions_total", "outcome", "unknown"))
          .isEqualTo(1);
      assertThat(get(agent, "/api/v1/violations?syscall=mount").body())
          .contains("\"auditId\":\"1795342823.836:15\"");
      assertThat(get(agent, "/api/v1/status").body())
          .contains("\"balanced\" : true", "\"problem\" : \"switched off\"");
    }
    assertThat(Files.readAllLines(directory.resolve("v.jsonl"))).hasSize(1);
  }

  @Test
  void isAliveAndNotReadyWhileItsSourceIsMissing() throws Exception {
    try (Agent agent = start()) {
      Await.until("says so", () -> get(agent, "/readyz").statusCode() == 503);
      assertThat(get(agent, "/readyz").body()).startsWith("source audit-log: " + log);
      assertThat(get(agent, "/livez").statusCode()).isEqualTo(200);
      assertThat(scrape(agent).value("seccomp_watch_source_up", "source", "audit-log")).isZero();

      Files.writeString(log, RECORD);
      Await.until("ready", () -> get(agent, "/readyz").statusCode() == 200);
      Await.until("counted", () -> scrape(agent).sum("seccomp_denials_total") == 1);
    }
  }

  @Test
  void servesOverTlsWhatItWouldServeWithout() throws Exception {
    Files.writeString(log, RECORD);
    TestCertificate certificate = TestCertificate.make(directory, "EC", "ip:127.0.0.1");
    Path crt = Files.writeString(directory.resolve("tls.crt"), certificate.certificatePem());
    Path key = Files.writeString(directory.resolve("tls.key"), certificate.keyPem());
    given.put(RunOption.TLS_CERT, List.of(crt.toString()));
    given.put(RunOption.TLS_KEY, List.of(key.toString()));
    try (Agent agent = start();
        HttpClient https = HttpClient.newBuilder().sslContext(certificate.trust()).build()) {
      String base = "https://127.0.0.1:" + agent.address().getPort();
      for (String page : List.of("/metrics", "/livez", "/api/v1/status", "/api/v1/violations")) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + page)).build();
        HttpResponse<String> response = https.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(page).isEqualTo(200);
        if (page.equals("/metrics")) {
          assertThat(response.body())
              .contains("seccomp_watch_tls_reload_failures_total 0.0")
              .contains("seccomp_watch_tls_certificate_not_after_timestamp_seconds 1.")
              .contains("seccomp_watch_http_denied_requests_total{reason=\"not_loopback\"} 0.0");
        }
      }
    }
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains(" msg=\"serving over TLS\" certificate=" + crt);
  }

  @Test
  void filesForTlsThatCannotBeUsedAreWrongConfigurationAndNothingElseIsSaid() throws Exception {
    Path crt = Files.writeString(directory.resolve("tls.crt"), "no certificate");
    given.put(RunOption.TLS_CERT, List.of(crt.toString()));
    given.put(RunOption.TLS_KEY, List.of(crt.toString()));
    assertThatThrownBy(() -> start().close())
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "tls-cert: "
                + crt
                + " holds no certificate: give the certificate chain as PEM, the server's own"
                + " first");
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void isNamedAfterItsHostWhenNobodyNamesItAndItRunsInNoPod() throws Exception {
    Assumptions.assumeTrue(System.getenv("KUBERNETES_SERVICE_HOST") == null, "runs in a pod");
    Files.writeString(log, "");
    Path proc = Files.createDirectories(directory.resolve("proc/sys/kernel"));
    Files.writeString(proc.resolve("hostname"), "n7\n");
    Files.writeString(directory.resolve("proc/stat"), "cpu 0\n");
    given.put(RunOption.PROC, List.of(directory.resolve("proc").toString()));
    try (Agent agent = start()) {
      assertThat(get(agent, "/api/v1/status").body()).contains("\"node\" : \"n7\"");
    }
    given.put(RunOption.NODE_NAME, List.of("n1"));
    try (Agent agent = start()) {
      assertThat(get(agent, "/api/v1/status").body()).contains("\"node\" : \"n1\"");
    }
  }

  /** The first source's place is older than what the second one has brought since. */
  @Test
  void whatAnotherSourceHasBroughtSinceIsADuplicateAndWhatItHasNotIsCounted() throws Exception {
    Path other = directory.resolve("other.log");
    Files.writeString(other, "");
    given.put(RunOption.FROM, List.of("checkpoint"));
    Files.writeString(log, "");
    runUntil(RECORDS, 1, () -> Files.writeString(log, record(1), StandardOpenOption.APPEND));

    Files.writeString(log, record(2) + record(3) + record(4), StandardOpenOption.APPEND);
    given.put(RunOption.SOURCE, List.of("audit-log=" + other));
    Files.writeString(other, record(2) + record(4));
    runUntil(RECORDS, 2, () -> {});

    given.put(RunOption.SOURCE, List.of("audit-log=" + log));
    Scrape third = runUntil(RECORDS, 3, () -> {});
    assertThat(third.sum("seccomp_watch_records_duplicate_total")).isEqualTo(2);
    assertThat(third.sum("seccomp_denials_total")).isEqualTo(1);
    assertThat(Files.readAllLines(directory.resolve("v.jsonl")))
        .extracting(line -> line.replaceAll(".*auditId\":\"[^:]*:(\\d+)\".*", "$1"))
        .containsExactly("1", "2", "4", "3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"damaged", "deleted", "all deleted"})
  void aCheckpointThatIsGoneLosesNothingOfWhatCameMeanwhile(String how) throws Exception {
    given.put(RunOption.FROM, List.of("checkpoint"));
    Files.writeString(log, "");
    runUntil(DENIALS, 10, () -> append(1, 10));
    append(11, 60);
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(directory.resolve("state"), "*.checkpoint*")) {
      for (Path file : files) {
        if (how.equals("damaged")) {
          Files.writeString(file, "x");
        } else if (how.equals("all deleted") || file.toString().endsWith(".checkpoint")) {
          Files.delete(file);
        }
      }
    }
    Scrape second = runUntil(DENIALS, 50, () -> {});
    assertThat(second.sum(DENIALS)).isEqualTo(50);
  }

  @Test
  void aFifoInPlaceOfTheLogIsNotReadyAndSaysWhy() throws Exception {
    assertThat(new ProcessBuilder("mkfifo", log.toString()).start().waitFor()).isZero();
    try (Agent agent = start()) {
      Await.until("says so", () -> get(agent, "/readyz").body().contains("is a FIFO"));
      assertThat(scrape(agent).value("seccomp_watch_source_up", "source", "audit-log")).isZero();
      Files.delete(log);
      Files.writeString(log, RECORD);
      Await.until("ready", () -> get(agent, "/readyz").statusCode() == 200);
      Await.until("counted", () -> scrape(agent).sum("seccomp_denials_total") == 1);
    }
  }

  /** Runs an agent until a metric has come to a sum; the metrics of then. */
  private Scrape runUntil(String metric, int sum, Step step) throws Exception {
    try (Agent agent = start()) {
      Await.until("ready", () -> get(agent, "/readyz").statusCode() == 200);
      step.take();
      Await.until(metric + " is " + sum, () -> scrape(agent).sum(metric) >= sum);
      return scrape(agent);
    }
  }

  @FunctionalInterface
  private interface Step {
    void take() throws IOException;
  }

  private void append(int first, int last) throws IOException {
    for (int i = first; i <= last; i++) {
      Files.writeString(log, record(i), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
  }

  /** Each of a process and call of its own. */
  private static String record(int number) {
    return RECORD.replace(":15)", ":" + number + ")").replace("syscall=165", "syscall=" + number);
  }

  /** The process that has its PID here is another's. */
  @Test
  void aRecordOfAnotherNodeIsGivenToNobodyHere() throws Exception {
    Path process = Files.createDirectories(directory.resolve("proc/100007"));
    String pod = "aaaaaaaa-1234-4abc-8def-000000001001";
    Files.writeString(
        process.resolve("cgroup"), "0::/kubepods/burstable/pod" + pod + "/" + "ab".repeat(32));
    Files.writeString(
        process.resolve("stat"),
        "100007 (localapp) S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 1000 1 1 1 0 0 0 0 0 0 0 0"
            + " 0 0 0 0 17 0\n");
    Files.writeString(directory.resolve("proc/uptime"), "50.00 50.00\n");
    given.put(RunOption.PROC, List.of(directory.resolve("proc").toString()));
    given.put(RunOption.NODE_NAME, List.of("n1"));
    Files.writeString(log, "");
    String record = RECORD.replace("2147483647", "100007");
    try (Agent agent = start()) {
      Await.until("ready", () -> get(agent, "/readyz").statusCode() == 200);
      String stamp = "audit(" + System.currentTimeMillis() / 1_000 + ".000:";
      String now = record.replaceFirst("audit[(][0-9]+[.]836:", Matcher.quoteReplacement(stamp));
      Files.writeString(
          log,
          "node=othernode.example " + now + "node=n1 " + now.replace(":15)", ":16)"),
          StandardOpenOption.APPEND);
      Await.until("both counted", () -> scrape(agent).sum("seccomp_denials_total") == 2);
      assertThat(get(agent, "/api/v1/violations").body())
          .contains("\"node\":\"othernode.example\"")
          .contains("{\"outcome\":\"unknown\",\"by\":null,\"reason\":\"foreign_node\"}")
          .contains("\"node\":\"n1\"")
          .containsOnlyOnce(pod);
      assertThat(get(agent, "/api/v1/status").body()).contains("\"balanced\" : true");
    }
  }

  @Test
  void aSecondOneOnTheSameStateIsRefused() throws IOException {
    Files.writeString(log, "");
    try (Agent first = start()) {
      assertThat(first.address().getPort()).isPositive();
      assertThatThrownBy(() -> start().close())
          .isInstanceOf(AgentException.class)
          .hasMessageContaining("is held by another seccomp-watch");
    }
    start().close();
  }

  @Test
  void anAddressThatIsTakenIsOneLineAndLeavesNothingHeld() throws IOException {
    Files.writeString(log, "");
    try (Agent first = start()) {
      given.put(RunOption.STATE_DIR, List.of(directory.resolve("other").toString()));
      given.put(RunOption.LISTEN, List.of("127.0.0.1:" + first.address().getPort()));
      assertThatThrownBy(() -> start().close())
          .isInstanceOf(AgentException.class)
          .message()
          .startsWith("cannot listen: 127.0.0.1:")
          .hasLineCount(1);
    }
    start().close();
  }

  @Test
  void aStateDirectoryThatCannotBeUsedIsAWarningAndCountingGoesOn() throws Exception {
    Files.writeString(log, RECORD);
    given.put(RunOption.STATE_DIR, List.of(log.resolve("below").toString()));
    try (Agent agent = start()) {
      Await.until("counted", () -> scrape(agent).sum("seccomp_denials_total") == 1);
      assertThat(get(agent, "/api/v1/status").body()).contains("state directory: ");
    }
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("state directory cannot be used: a restart may lose or repeat records");
  }

  private Agent start() {
    return Agent.start(
        AgentConfig.of(given), BUILD, new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private Scrape scrape(Agent agent) throws IOException, InterruptedException {
    String ours =
        String.join(
            "\n",
            get(agent, "/metrics").body().lines().filter(l -> l.contains("seccomp")).toList());
    return new Scrape(ours);
  }

  private HttpResponse<String> get(Agent agent, String path)
      throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + agent.address().getPort() + path);
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
