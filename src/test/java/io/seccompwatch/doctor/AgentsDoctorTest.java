package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.seccompwatch.config.ConfigException;
import io.seccompwatch.doctor.AgentReport.AgentReportJson;
import io.seccompwatch.http.Page;
import io.seccompwatch.http.Response;
import io.seccompwatch.http.ReviewCache;
import io.seccompwatch.http.Site;
import io.seccompwatch.http.Site.RefusedRequests;
import io.seccompwatch.http.TlsFiles;
import io.seccompwatch.http.WebServer;
import io.seccompwatch.testing.TestCertificate;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real servers on loopback, with what agents would say. */
class AgentsDoctorTest {

  /** Started at 1,000,000 and up for an hour, with a canary each five minutes. */
  private static final String WELL =
      """
      # TYPE seccomp_watch_source_up gauge
      seccomp_watch_source_up{source="audit-log"} 1.0
      seccomp_watch_source_up{source="kmsg"} 1.0
      seccomp_watch_canary_last_success_timestamp_seconds 1003588.5
      seccomp_watch_source_canary_last_success_timestamp_seconds{source="audit-log"} 1003588.5
      seccomp_watch_source_canary_last_success_timestamp_seconds{source="kmsg"} 0.0
      seccomp_watch_canary_fired_total 13.0
      seccomp_watch_canary_missed_total 1.0
      seccomp_watch_records_lost_total{reason="printk_suppressed",source="kmsg"} 0.0
      seccomp_watch_series_overflow_total{metric="seccomp_denials_total"} 0.0
      process_start_time_seconds 1000000.0
      process_uptime_seconds 3600.0
      seccomp_denials_total{namespace="}\\"",pod="x"} 7.0
      """;

  private final Queue<String> metrics = new ConcurrentLinkedQueue<>(List.of(WELL));
  private String usual = WELL;
  private Response readiness = Response.text(200, "ok\n");

  @TempDir private Path work;

  private Map<String, Page> pages() {
    return Map.of(
        "/readyz", request -> readiness,
        "/metrics",
            request -> {
              String next = metrics.poll();
              return Response.text(200, next == null ? usual : next);
            });
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  @BeforeEach
  void nothingIsSaidBefore() {
    metrics.clear();
  }

  private AgentReport ask() throws Exception {
    Site site = Site.local(pages(), "127.0.0.1", new RefusedRequests());
    try (WebServer agent = new WebServer(loopback(), site, null, WebServer.Limits.DEFAULT)) {
      return ask("http://127.0.0.1:" + agent.address().getPort(), null, null);
    }
  }

  private static AgentReport ask(String url, @Nullable Path ca, @Nullable Path token)
      throws Exception {
    AgentTarget target =
        AgentTarget.of(
            url,
            ca == null ? null : ca.toString(),
            token == null ? null : token.toString(),
            Map.of("KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN", "/nowhere/token"),
            "1");
    return new AgentsDoctor(target, Duration.ofSeconds(5), InstantSource.system()).examine();
  }

  private static List<String> said(AgentReport report) {
    List<String> said = new ArrayList<>();
    for (Finding finding : report.agents().getFirst().findings()) {
      said.add(finding.level().label() + " " + finding.subject() + ": " + finding.what());
    }
    return said;
  }

  @Test
  void a_well_agent_is_said_to_be_so_by_its_own_clock() throws Exception {
    AgentReport report = ask();
    assertThat(said(report))
        .containsExactly(
            "ok ready: it is",
            "ok source audit-log: up",
            "ok source kmsg: up",
            "ok canary: seen 12 s ago, missed 1 of 13",
            "ok canary audit-log: seen 12 s ago",
            "note canary kmsg: never seen",
            "ok lost: no record is known to be lost",
            "ok series: below the cap");
    assertThat(report.isWell()).isTrue();
    assertThat(report.verdict())
        .isEqualTo("records come through to the agent; no container is known");
  }

  @Test
  void the_containers_that_are_not_seen_are_counted_first() throws Exception {
    String series =
        "seccomp_container_denials_visible{container=\"%s\",namespace=\"n\",pod=\"p\"} %s\n";
    usual += series.formatted("a", "1.0") + series.formatted("b", "0.0");
    AgentReport report = ask();
    assertThat(said(report))
        .contains("problem containers: NOT SEEN: denials of 1 of 2 containers may leave no trace");
    assertThat(report.isWell()).isTrue();
    assertThat(report.verdict())
        .isEqualTo(
            "NOT SEEN: denials of 1 of 2 containers may leave no trace; records come through to the"
                + " agent");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "source_up{source=\"kmsg\"} 1.0 | source_up{source=\"kmsg\"} 0.0 | blind source kmsg:"
            + " cannot be read",
        "canary_last_success_timestamp_seconds 1003588.5 | canary_last_success_timestamp_seconds"
            + " 0.0 | blind canary: never seen, missed 1 of 13",
        "canary_last_success_timestamp_seconds 1003588.5 | canary_last_success_timestamp_seconds"
            + " 1002984.0 | blind canary: last seen 10 min ago, missed 1 of 13",
        "canary_last_success_timestamp_seconds 1003588.5 | canary_last_success_timestamp_seconds"
            + " 1002990.0 | ok canary: seen 10 min ago, missed 1 of 13",
        "canary_fired_total 13.0 | canary_fired_total 1.0 | ok canary: seen 12 s ago, missed 1 of"
            + " 1",
        "seccomp_watch_canary_last_success_timestamp_seconds 1003588.5 | x 1 | note canary:"
            + " switched off: nothing proves that a denial would be seen",
        "source=\"kmsg\"} 0.0 | source=\"kmsg\"} 1000300.0 | note canary kmsg: last seen 55 min"
            + " ago",
        "suppressed\",source=\"kmsg\"} 0.0 | suppressed\",source=\"kmsg\"} 12.0 | problem lost: 12"
            + " records since its start: kmsg printk_suppressed 12",
        "denials_total\"} 0.0 | denials_total\"} 1.5E3 | problem series: 1500 increments beyond the"
            + " cap are counted as other",
      })
  void what_is_not_as_it_should_be_is_said(String from, String to, String finding)
      throws Exception {
    usual = usual.replaceFirst(Pattern.quote(from), to);
    if (finding.startsWith("blind canary: last seen")) {
      usual = usual.replace("uptime_seconds 3600.0", "uptime_seconds 3605.0");
    }
    AgentReport report = ask();
    assertThat(said(report)).contains(finding);
    assertThat(report.isWell()).isEqualTo(!finding.startsWith("blind"));
    if (finding.contains("switched off")) {
      assertThat(report.verdict())
          .isEqualTo(
              "the agent is ready; without a canary nothing proves that records come through");
    }
  }

  @Test
  void an_agent_that_is_not_ready_says_why() throws Exception {
    readiness = Response.text(503, "source kmsg: /dev/kmsg: no\nkubernetes: not synced\n");
    AgentReport report = ask();
    assertThat(said(report).getFirst())
        .isEqualTo("blind ready: HTTP 503: source kmsg: /dev/kmsg: no; kubernetes: not synced");
    assertThat(report.verdict())
        .matches(
            "BLIND: 127\\.0\\.0\\.1:\\d+: ready: HTTP 503: source kmsg: /dev/kmsg: no; kubernetes:"
                + " not synced");
  }

  @Test
  void a_canary_that_was_just_fired_is_waited_for() throws Exception {
    String pending =
        WELL.replaceFirst("seconds 1003588.5", "seconds 0.0")
            .replace("missed_total 1", "missed_total 0");
    metrics.add(pending);
    metrics.add(pending);
    assertThat(said(ask())).contains("ok canary: seen 12 s ago, missed 1 of 13");
    assertThat(metrics).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "up 1\n", "seccomp_watch_source_up{", "\u0000\u001b[2J"})
  void something_else_is_no_agent(String text) throws Exception {
    usual = text;
    AgentReport report = ask();
    assertThat(said(report)).contains("blind metrics: are not an agent's");
    assertThat(report.isWell()).isFalse();
  }

  @Test
  void where_nobody_is_that_is_said() throws Exception {
    int port;
    try (WebServer gone =
        new WebServer(
            loopback(),
            Site.local(Map.of(), "127.0.0.1", new RefusedRequests()),
            null,
            WebServer.Limits.DEFAULT)) {
      port = gone.address().getPort();
    }
    AgentReport report = ask("http://127.0.0.1:" + port, null, null);
    assertThat(said(report)).singleElement().asString().startsWith("blind reach: ");
    assertThat(said(ask("http://no.such.host.invalid:1", null, null)))
        .containsExactly("blind reach: nobody has this name");
  }

  @Test
  void a_certificate_is_held_to_the_name_in_the_url_and_a_token_shown() throws Exception {
    TestCertificate certificate = TestCertificate.make(work, "EC", "dns:localhost");
    Path pem = Files.writeString(work.resolve("ca.crt"), certificate.certificatePem());
    Path key = Files.writeString(work.resolve("tls.key"), certificate.keyPem());
    Path token = Files.writeString(work.resolve("token"), "good\n");
    ReviewCache reviews =
        new ReviewCache(
            (text, path) ->
                text.equals("good") ? ReviewCache.Verdict.ALLOWED : ReviewCache.Verdict.FORBIDDEN,
            () -> 0);
    Site site = Site.authorized(pages(), reviews, new RefusedRequests());
    try (WebServer agent =
        new WebServer(loopback(), site, new TlsFiles(pem, key), WebServer.Limits.DEFAULT)) {
      String port = ":" + agent.address().getPort();
      List<String> agents =
          ask("https://localhost" + port, pem, token).agents().stream()
              .filter(each -> each.blinding().isEmpty())
              .map(AgentReport.Agent::address)
              .toList();
      assertThat(agents).contains("127.0.0.1" + port);
      assertThat(said(ask("https://127.0.0.1" + port, pem, token)))
          .singleElement()
          .asString()
          .startsWith("blind reach: ")
          .contains("No subject alternative names");
      assertThat(ask("https://localhost" + port, null, null).why())
          .anyMatch(why -> why.contains(": reach: ") && why.contains("PKIX"));
      assertThat(ask("https://localhost" + port, pem, null).why())
          .anyMatch(why -> why.endsWith("metrics: HTTP 401: give a bearer token"));
      Files.writeString(token, "poor");
      assertThat(ask("https://localhost" + port, pem, token).why())
          .anyMatch(
              why ->
                  why.contains(
                      "metrics: HTTP 403: this account may not get the nonResourceURL /metrics"));
      assertThat(ask("http://127.0.0.1" + port, null, null).isWell()).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "agents:9326,              none, none, agent: 'agents:9326' is no agent's URL",
        "ftp://agents,             none, none, agent: ",
        "http://,                  none, none, agent: ",
        "http://a/metrics,         none, none, agent: ",
        "http://u:p@a,             none, none, agent: ",
        "http://a?b,               none, none, agent: ",
        "http://a b,               none, none, agent: ",
        "http://a,                 none, /t,   agent-token: is for https",
        "http://a,                 /c,   none, agent-ca: is for https",
        "https://a,                none, /dev/null/none, agent-token: /dev/null/none cannot be"
            + " read",
        "https://a,                none, /dev/null, agent-token: /dev/null is not one token",
        "https://a,                /dev/null, none, agent-ca: /dev/null holds no certificate",
      })
  void what_cannot_be_used_is_one_line(
      String url, @Nullable String ca, @Nullable String token, String message) {
    assertThatThrownBy(() -> AgentTarget.of(url, ca, token, Map.of(), "1"))
        .isInstanceOf(ConfigException.class)
        .message()
        .startsWith(message)
        .hasLineCount(1);
  }

  @Test
  void a_pods_own_token_is_shown_over_https_only() throws Exception {
    Path token = Files.writeString(work.resolve("token"), "secret\n");
    Map<String, String> pod = Map.of("KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN", token.toString());
    AgentTarget https = AgentTarget.of("https://agents:9326", null, null, pod, "1");
    assertThat(https.token()).isEqualTo("secret");
    assertThat(https.toString()).doesNotContain("secret");
    assertThat(AgentTarget.of("http://agents:9326", null, null, pod, "1").token()).isNull();
  }

  @Test
  void the_report_is_one_json_object() throws Exception {
    usual = WELL.replace("source_up{source=\"kmsg\"} 1.0", "source_up{source=\"kmsg\"} 0.0");
    StringWriter to = new StringWriter();
    AgentReportJson.write(ask(), to);
    JsonNode json = new ObjectMapper().readTree(to.toString());
    assertThat(json.path("schema").asText()).isEqualTo("seccomp-watch/doctor-agents/v1");
    assertThat(json.at("/verdict/blind").asBoolean()).isTrue();
    assertThat(json.at("/verdict/why/0").asText()).endsWith(": source kmsg: cannot be read");
    assertThat(json.at("/agents/0/blind").asBoolean()).isTrue();
    assertThat(json.at("/agents/0/findings/0").toString())
        .isEqualTo(
            "{\"section\":\"agent\",\"subject\":\"ready\",\"level\":\"ok\",\"what\":\"it"
                + " is\",\"remedy\":null}");
    assertThat(to.toString()).endsWith("}\n");
  }
}
