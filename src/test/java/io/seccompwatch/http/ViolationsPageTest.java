package io.seccompwatch.http;

import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.LOG;
import static io.seccompwatch.testing.Samples.X86_64;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.seccompwatch.publish.RecentViolations;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.testing.Samples;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ViolationsPageTest {

  private final RecentViolations recent = new RecentViolations(2_000);
  private final ViolationsPage page = new ViolationsPage(recent, () -> Instant.ofEpochSecond(63));

  /** Serial n at second n; even ones logged, the third of nobody. */
  @BeforeEach
  void four() {
    recent.publish(Samples.violation(record(1, ERRNO), Samples.workload("a")));
    recent.publish(Samples.violation(record(2, LOG), Samples.workload("a")));
    recent.publish(Samples.violation(record(3, ERRNO), null, Samples.unknown()));
    recent.publish(Samples.violation(record(4, LOG), "keyctl", Samples.workload("b")));
  }

  @ParameterizedTest
  @CsvSource({
    "'',                                    4 3 2 1",
    "limit=2,                               4 3",
    "pod=a,                                 2 1",
    "namespace=prod,                        4 2 1",
    "namespace=Prod,                        ''",
    "container=app&limit=1,                 4",
    "workload=api,                          4 2 1",
    "syscall=keyctl,                        4",
    "syscall=165,                           4 3 2 1",
    "action=errno,                          3 1",
    "action=errno&pod=a,                    1",
    "pod=,                                  ''",
    "pod,                                   ''",
    "&&pod=a&&,                             2 1",
    "p%6Fd=%61,                             2 1",
    "since=1970-01-01T00:00:03Z,            4 3",
    "since=1970-01-01T00:00:03.001Z,        4",
    "since=1970-01-01T01:00:03%2B01:00,     4 3",
    "since=60s,                             4 3",
    "since=1m,                              4 3",
    "since=1h,                              4 3 2 1",
    "since=7d,                              4 3 2 1",
  })
  void givesTheNewestFirstOfWhatWasAskedFor(String query, String serials) throws IOException {
    Response response = get(query);
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.contentType()).isEqualTo("application/json");
    assertThat(String.join(" ", serials(response))).isEqualTo(serials);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "limit=0",
        "limit=-1",
        "limit=1001",
        "limit=ten",
        "limit=",
        "limit=99999999999",
        "limit=1&limit=2",
        "pod=a&pod=b",
        "since=yesterday",
        "since=",
        "since=2026-11-22",
        "since=30",
        "since=9999999d",
        "unknown=1",
        "action=Errno",
        "action=",
        "Pod=a",
        "%zz=1",
        "pod=%",
        "=",
        "pod=%zz",
      })
  void aQueryThatCannotBeAnsweredIsRefusedInOneLine(String query) throws IOException {
    Response response = get(query);
    assertThat(response.status()).isEqualTo(400);
    assertThat(text(response)).endsWith("\n").hasLineCount(1).hasSizeLessThan(200);
  }

  @Test
  void tooManyParametersAreRefused() throws IOException {
    assertThat(get("&".repeat(64)).status()).isEqualTo(400);
  }

  @Test
  void thePageIsBoundedWithoutALimitToo() throws IOException {
    for (int i = 10; i < 1_500; i++) {
      recent.publish(Samples.denied(i));
    }
    assertThat(serials(get(""))).hasSize(100);
    assertThat(serials(get("limit=1000"))).hasSize(1_000);
  }

  @Test
  void aViolationHasTheFormThatItHasInTheLog() throws IOException {
    SeccompRecord hostile =
        Samples.record(new AuditStamp(5, 0, 3, 5), X86_64, 1, ERRNO, "\u202e\"<script>", "/e\n");
    recent.publish(Samples.violation(hostile, Samples.unknown()));
    Response response = get("limit=1");
    assertThat(text(response)).matches("[\\x20-\\x7e]*");
    JsonNode violation = new ObjectMapper().readTree(response.body()).at("/violations/0");
    assertThat(violation.get("schema").asText()).isEqualTo("seccomp-watch/v1");
    assertThat(violation.at("/process/comm").asText()).isEqualTo("\u202e\"<script>");
  }

  @Test
  void anAnswerIsCutBeforeHostileStringsMakeItTooLong() throws IOException {
    String exe = "/" + "\u20ac".repeat(1_000);
    for (int serial = 1; serial <= 1_000; serial++) {
      recent.publish(
          Samples.violation(
              Samples.record(
                  new AuditStamp(1, 0, 3, serial), Samples.X86_64, 165, Samples.ERRNO, "c", exe),
              Samples.unknown()));
    }
    Response response = get("limit=1000");
    assertThat(response.body().length).isBetween(1 << 20, (1 << 20) + 20_000);
    assertThat(text(response)).endsWith("],\"truncated\":true}");
  }

  private static SeccompRecord record(long number, int code) {
    return Samples.record(new AuditStamp(number, 0, 3, number), X86_64, 165, code, "kc", null);
  }

  private Response get(String query) throws IOException {
    return page.get(new Page.Request(query, ""));
  }

  private static List<String> serials(Response response) throws IOException {
    List<String> serials = new ArrayList<>();
    for (JsonNode violation : new ObjectMapper().readTree(response.body()).get("violations")) {
      String id = violation.get("auditId").asText();
      serials.add(id.substring(id.indexOf(':') + 1));
    }
    return serials;
  }

  private static String text(Response response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }
}
