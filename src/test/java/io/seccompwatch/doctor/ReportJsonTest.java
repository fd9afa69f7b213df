package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.seccompwatch.doctor.Finding.Section;
import java.io.StringWriter;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReportJsonTest {

  private static String written(Report report) throws Exception {
    StringWriter to = new StringWriter();
    ReportJson.write(report, to);
    return to.toString();
  }

  private static Report report(String what) {
    List<CanaryResult> heard =
        List.of(
            new CanaryResult("audit-log", "/var/log/audit/audit.log", true, 4L, null),
            new CanaryResult("kmsg", "/dev/kmsg", true, null, "normal"));
    return new Report(
        Instant.parse("2026-11-24T00:00:00Z"),
        "n1",
        "6.1.0",
        "0.1.0",
        List.of(
            Finding.ok(Section.CANARY, "audit-log", "seen after 4 ms"),
            Finding.problem(Section.AUDIT, "rules", what, "delete it")),
        heard,
        Verdict.of(List.of(), heard, null, 0, 0));
  }

  @Test
  void has_the_findings_in_their_order_and_the_verdict() throws Exception {
    JsonNode json = new ObjectMapper().readTree(written(report("dropped")));
    assertThat(json.path("schema").asText()).isEqualTo("seccomp-watch/doctor/v1");
    assertThat(json.at("/findings/0").toString())
        .isEqualTo(
            "{\"section\":\"audit\",\"subject\":\"rules\",\"level\":\"problem\",\"what\":\"dropped\",\"remedy\":\"delete"
                + " it\"}");
    assertThat(json.at("/findings/1/remedy").isNull()).isTrue();
    assertThat(json.at("/canary/0/delayMillis").asInt()).isEqualTo(4);
    assertThat(json.at("/canary/1/seen").asBoolean(true)).isFalse();
    assertThat(json.path("verdict").toString())
        .isEqualTo(
            "{\"blind\":false,\"carriers\":[\"audit-log\"],\"why\":[],\"containers\":0,\"silent\":0}");
  }

  @Test
  void escapes_what_could_harm_a_terminal_and_ends_with_a_newline() throws Exception {
    String text = written(report("\u001b[2J\u202e\n"));
    assertThat(text).contains("\\u001B[2J\\u202E\\n").endsWith("}\n");
    assertThat(text.chars()).allMatch(c -> c == '\n' || (c >= ' ' && c < 0x7f));
  }
}
