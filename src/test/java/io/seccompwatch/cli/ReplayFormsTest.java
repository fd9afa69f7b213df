package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The forms in which tools give a record to {@code replay}: lines of real tools and threads, and
 * beside them lines that only look alike.
 */
class ReplayFormsTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String BODY =
      "auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7421 comm=\"nginx\" exe=\"/usr/sbin/nginx\""
          + " sig=0 arch=c000003e syscall=425 compat=0 ip=0x7f2c1d0a3b4d code=0x50000";
  private static final String AUDITD = "type=SECCOMP msg=audit(1796068866.882:2295): " + BODY;
  private static final String KERNEL = "audit: type=1326 audit(1796068866.882:2295): " + BODY;

  record Form(String name, String line, JsonNode expected) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Form> forms() throws IOException {
    List<Form> forms = new ArrayList<>();
    for (String row :
        new String(resource("forms.jsonl"), StandardCharsets.UTF_8).lines().toList()) {
      JsonNode node = JSON.readTree(row);
      forms.add(new Form(node.get("name").asText(), node.get("line").asText(), node));
    }
    return forms.stream();
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aLineIsReadAsTheToolWroteIt(Form form) throws IOException {
    Cli.Ran ran = Cli.runOn(form.line() + "\n", "replay", "--output", "json");
    assertThat(ran.exit()).isZero();
    JsonNode pid = form.expected().get("pid");
    if (pid.isNull()) {
      assertThat(ran.out()).isEmpty();
      if (form.expected().hasNonNull("rejected")) {
        assertThat(ran.err()).contains(form.expected().get("rejected").asText() + " 1");
      }
      return;
    }
    assertThat(ran.out()).hasLineCount(1);
    JsonNode violation = JSON.readTree(ran.out());
    assertThat(violation.at("/process/pid")).isEqualTo(pid);
    assertThat(violation.at("/syscall/number")).isEqualTo(form.expected().get("syscall"));
    assertThat(violation.get("auditId")).isEqualTo(form.expected().get("auditId"));
  }

  /**
   * What systemd 252 printed of five entries: journald's record of an event and the kernel's line
   * of the same, what a user logged as "audit", what a user logged with fields of the journal in
   * it, and one more line of the kernel's.
   */
  @ParameterizedTest
  @CsvSource({
    // Only the forms that give the transport can tell who logged the second
    "short, 3, 0",
    "short-full, 3, 0",
    "short-iso, 3, 0",
    "short-iso-precise, 3, 0",
    "short-precise, 3, 0",
    "short-monotonic, 3, 0",
    "short-delta, 3, 0",
    "short-unix, 3, 0",
    "with-unit, 3, 0",
    "cat, 3, 0",
    "verbose, 2, 1",
    "json, 2, 1",
    "json-pretty, 2, 1",
    "json-sse, 2, 1",
    "json-seq, 2, 1",
    "export, 2, 1",
  })
  void theJournalIsReadInEveryForm(String form, int shown, int untrusted) throws IOException {
    Cli.Ran ran =
        Cli.runOn(
            new ByteArrayInputStream(resource("journal/" + form)), "replay", "--output", "json");
    List<String> ids = new ArrayList<>();
    for (String line : ran.out().lines().toList()) {
      ids.add(JSON.readTree(line).get("auditId").asText());
    }
    assertThat(ids).hasSize(shown).contains("1796068866.882:2295", "1796068867.001:2301");
    assertThat(ran.err()).contains("duplicates 1, ");
    assertThat(ran.err()).contains(untrusted == 0 ? "rejected 0" : "(untrusted_origin 1)");
  }

  /** A process may have auditd's text in a message; dmesg and journalctl indent what follows. */
  @ParameterizedTest
  @CsvSource({
    "'[  123.456789] audit: type=1400 audit(1.0:1): some', 0",
    "'kern  :notice: [  123.456789] audit: some', 0",
    "'Nov 30 20:01:06 node-1 evil: hello', 0",
    "'2026-11-30T20:01:06+0000 node-1 evil: hello', 0",
    "'1796068866.885000 node-1 evil: hello', 0",
    "'Here is the log:', 1",
    "'log: |', 1",
    "'type=SYSCALL msg=audit(1.0:1): arch=c000003e', 1",
  })
  void anIndentedLineMayBeTheRestOfTheOneAboveIt(String above, int records) {
    assertThat(Cli.runOn(above + "\n      " + AUDITD + "\n", "replay").err())
        .contains("records " + records + ",", "rejected " + (1 - records));
  }

  @Test
  void aBraceThatStandsAloneHidesNothing() {
    String own = Cli.runOn(KERNEL, "replay", "--output", "json").out();
    assertThat(Cli.runOn("{\n" + KERNEL + "\n{\n" + own + "[\n[  1.000000] x\n", "replay").err())
        .contains("records 2,");
  }

  @Test
  void dmesgsJsonIsReadRecordByRecord() {
    String record = KERNEL.replace("\"", "\\\"");
    String list =
        """
        {
           "dmesg": [
              {
                 "fac": "kern",
                 "pri": "notice",
                 "time":   123.456789,
                 "msg": "%s"
              },{
                 "fac": "user",
                 "pri": "warn",
                 "time":   124.456789,
                 "msg": "%s"
              },{
                 "pri": 5,
                 "time":   125.456789,
                 "msg": "%s"
              }
           ]
        }
        """
            .formatted(record, record.replace("2295", "2296"), record.replace("2295", "2297"));
    assertThat(Cli.runOn(list, "replay").err())
        .contains("records 2, shown 2", "rejected 1 (untrusted_origin 1)");
  }

  @Test
  void lossesAreToldThroughAWrapper() {
    String line = "kern.log:3:[  1.000000] audit: audit_lost=3 audit_rate_limit=0 ";
    assertThat(Cli.runOn(line + "audit_backlog_limit=64\n", "replay").err())
        .contains("lost notices 1");
  }

  @Test
  void aRecordBehindSomethingUnknownIsTold() {
    Cli.Ran ran = Cli.runOn("one\nx!y{z} " + KERNEL + "\nx!y " + KERNEL + "\n", "replay");
    assertThat(ran.err().lines().toList())
        .hasSize(2)
        .first()
        .asString()
        .startsWith("seccomp-watch: replay: note: 2 lines hold a record behind text")
        .contains("standard input line 2: x!y{z} audit: type=1326");
  }

  /** Auditd's own lines of commands and paths may quote anything. */
  @Test
  void auditdsOtherTypesAreNoHint() {
    String line = "type=USER_CMD msg=audit(1796068866.882:1): msg='" + KERNEL + "'\n";
    assertThat(Cli.runOn(line, "replay").err()).hasLineCount(1).contains("rejected 0");
  }

  @Test
  void hostileLinesAreReadInBoundedTime() {
    Random random = new Random(7);
    String[] pieces = {
      "audit: type=1326 audit(",
      "[ 1.000000] ",
      "{\"log\":\"",
      "a:",
      "- ",
      "\"",
      " ",
      "<5>",
      "\\",
      "node-1 ",
      "2026-11-30T20:01:06Z ",
      "type=1701 audit(1.1:1): ",
      " pid=1 comm=",
      "{",
      "[",
      "SECCOMP auid=",
      "\u001b[1m",
      "kern  :notice: ",
      "Nov 30 20:01:06 ",
      "1326",
      "\u00e9",
    };
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 3_000; i++) {
      int count = i % 100 == 0 ? 6_000 : random.nextInt(12);
      String only = pieces[random.nextInt(pieces.length)];
      for (int j = 0; j < count; j++) {
        lines.append(i % 100 == 0 ? only : pieces[random.nextInt(pieces.length)]);
      }
      lines.append(" 1326\n");
    }
    assertThat(Cli.runOn(lines.toString(), "replay").exit()).isZero();
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ReplayFormsTest.class.getResourceAsStream("/replay/" + name))) {
      return in.readAllBytes();
    }
  }
}
