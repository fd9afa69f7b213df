package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.CanaryResult;
import io.seccompwatch.doctor.Finding;
import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.Report;
import io.seccompwatch.doctor.Verdict;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DoctorTextTest {

  private static Finding finding(
      Section section, String subject, Level level, String what, @Nullable String remedy) {
    return new Finding(section, subject, level, what, remedy);
  }

  private static String printed(Report report) {
    StringWriter to = new StringWriter();
    PrintWriter out = new PrintWriter(to);
    DoctorText.print(report, out);
    out.flush();
    return to.toString();
  }

  private static Report report(String node, Verdict verdict, Finding... findings) {
    return new Report(
        Instant.parse("2026-11-24T00:00:00Z"),
        node,
        "6.1.0-9-amd64",
        "0.1.0",
        List.of(findings),
        List.of(new CanaryResult("kmsg", "/dev/kmsg", true, null, "a rule")),
        verdict);
  }

  @Test
  void a_whole_report_reads_like_this() throws Exception {
    String expected;
    try (var in = DoctorTextTest.class.getResourceAsStream("doctor.txt")) {
      expected = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    Report report =
        report(
            "n1",
            new Verdict(List.of(), List.of("no source brought the canary", "kmsg: a rule"), 0, 0),
            finding(Section.CANARY, "kmsg", Level.PROBLEM, "not seen: a rule", "mend it"),
            finding(Section.KERNEL, "build", Level.OK, "has CONFIG_AUDIT", null),
            finding(Section.KERNEL, "kernel log", Level.NOTE, "takes 10 in 5 s", "read another"),
            finding(
                Section.AUDIT,
                "rules",
                Level.BLIND,
                "loaded: -a always,exclude -F msgtype<1400: dropped",
                "delete the rule"),
            finding(Section.AUDIT, "kernel", Level.UNKNOWN, "not permitted", null));
    assertThat(printed(report)).isEqualTo(expected);
  }

  @Test
  void what_files_and_servers_say_cannot_move_the_cursor() {
    String hostile = "\u001b[2J\u202eevil";
    String text =
        printed(
            report(
                hostile,
                new Verdict(List.of(), List.of(hostile), 0, 0),
                finding(Section.AUDIT, hostile, Level.PROBLEM, hostile, hostile)));
    assertThat(text.chars()).allMatch(c -> c == '\n' || (c >= ' ' && c < 0x7f));
  }

  @Test
  void the_last_line_says_through_what_denials_are_seen() {
    assertThat(printed(report("n1", new Verdict(List.of("audit-log", "kmsg"), List.of(), 32, 27))))
        .endsWith(
            "\nverdict: NOT SEEN: denials of 27 of 32 containers may leave no trace; records come"
                + " through audit-log, kmsg\n");
  }
}
