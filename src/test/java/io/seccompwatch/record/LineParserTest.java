package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.Line.RejectReason;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LineParserTest {

  private static final String BODY =
      "auid=4294967295 uid=0 gid=0 ses=4294967295 pid=100 comm=\"app\" exe=\"/app\" sig=0"
          + " arch=c000003e syscall=165 compat=0 ip=0x7f0000001000 code=0x50000";
  private static final String STAMP = "audit(1707501234.567:890): ";
  private static final String AUDITD = "type=SECCOMP msg=" + STAMP + BODY;
  private static final String KERNEL = "audit: type=1326 " + STAMP + BODY;

  @Test
  void everyCutOfARecordIsRejectedOrNoRecordButNeverTakenForAnother() {
    for (String whole :
        new String[] {AUDITD.replace("0x50000", "0x7ffc0000"), "[    1.234567] " + KERNEL}) {
      SeccompRecord expected = ((Line.Recognised) parse(whole)).record();
      for (int length = 0; length < whole.length(); length++) {
        Line line = parse(whole.substring(0, length));
        if (line instanceof Line.Recognised cut) {
          // Only the code's own digits can be cut without a trace; what is left must not blame more
          assertThat(cut.record().action()).isIn(expected.action(), SeccompAction.KILL_THREAD);
          assertThat(cut.record().code()).as("cut at %s", length).isZero();
        }
      }
    }
  }

  @Test
  void aCodeThatLostDigitsIsNotAKill() {
    assertThat(parse(AUDITD.replace("code=0x50000", "code=0x7ffc")))
        .isEqualTo(new Line.Rejected(RejectReason.TRUNCATED, LineForm.AUDITD));
    assertThat(parse(AUDITD.replace("code=0x50000", "code=0x7fc000")))
        .isEqualTo(new Line.Rejected(RejectReason.TRUNCATED, LineForm.AUDITD));
  }

  @Test
  void dataInTheLowerHalfOfTheCodeOfOldKernelsIsIgnored() {
    assertThat(action(AUDITD.replace("code=0x50000", "code=0x50001")))
        .isEqualTo(SeccompAction.ERRNO);
    assertThat(action(AUDITD.replace("sig=0", "sig=31").replace("code=0x50000", "code=0x9999")))
        .isEqualTo(SeccompAction.KILL_THREAD);
  }

  @ParameterizedTest
  @CsvSource({
    "auid=4294967296, MALFORMED",
    "auid=-1, MALFORMED",
    "auid=1x, MALFORMED",
    "auid=, MALFORMED",
    "auid=99999999999999999999, MALFORMED",
  })
  void aNumberOutOfItsRangeIsMalformed(String field, RejectReason reason) {
    assertThat(parse(AUDITD.replace("auid=4294967295", field)))
        .isEqualTo(new Line.Rejected(reason, LineForm.AUDITD));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "comm=app",
        "comm=0A0",
        "comm=6d79",
        "comm=",
        "comm=\"a b\"",
        "comm=\"é\"",
        "comm=(none)",
        "comm=\"ap\"p\"",
      })
  void aStringThatTheKernelWouldNotWriteIsMalformed(String comm) {
    assertThat(parse(AUDITD.replace("comm=\"app\"", comm)))
        .isEqualTo(new Line.Rejected(RejectReason.MALFORMED, LineForm.AUDITD));
  }

  @Test
  void stringsAreDecodedAsTheKernelEncodesThem() {
    assertThat(comm("comm=6D7920617070")).isEqualTo("my app");
    assertThat(comm("comm=\"DEADBEEF\"")).isEqualTo("DEADBEEF");
    assertThat(comm("comm=31323334")).isEqualTo("1234");
    assertThat(comm("comm=\"\"")).isEmpty();
    assertThat(comm("comm=(null)")).isNull();
    assertThat(comm("comm=FF")).isEqualTo("\ufffd");
  }

  @Test
  void theLastPidCountsWhereALabelImitatesFields() {
    String label = "prof pid=1 comm=\"init\" exe=\"/sbin/init\" sig=9 (complain)";
    Line line = parse(AUDITD.replace(" pid=100", " subj=" + label + " pid=100"));
    assertThat(((Line.Recognised) line).record())
        .returns(100, SeccompRecord::pid)
        .returns(label, SeccompRecord::label);
  }

  @Test
  void theCodeEndsWhereTheEnrichedNamesBegin() {
    for (String tail :
        new String[] {"\u001dAUID=\"x\"", "AUID=\"x\"", " AUID=\"x\"", "#035AUID="}) {
      assertThat(action(AUDITD + tail)).as(tail).isEqualTo(SeccompAction.ERRNO);
    }
    assertThat(parse("audit: type=1326 " + STAMP + BODY + "AUID=\"x\""))
        .isInstanceOf(Line.Rejected.class);
  }

  @Test
  void onlyTheKernelsFacilityIsTrustedInTheKernelLog() {
    assertThat(parse("5,385,1100647225,-;" + KERNEL)).isInstanceOf(Line.Recognised.class);
    for (String pri : new String[] {"13", "30", "8", "191"}) {
      assertThat(parse(pri + ",385,1100647225,-;" + KERNEL))
          .isEqualTo(new Line.Rejected(RejectReason.UNTRUSTED_ORIGIN, LineForm.KMSG));
    }
    assertThat(parse("<13>Feb  9 17:53:54 node1 kernel: " + KERNEL))
        .isEqualTo(new Line.Rejected(RejectReason.UNTRUSTED_ORIGIN, LineForm.SYSLOG_KERNEL));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "AUDIT_LOG | 'Feb  9 17:53:54 node1 kernel: '",
        "AUDIT_LOG | '[    1.234567] '",
        "AUDIT_LOG | '5,385,1100647225,-;'",
        "SYSLOG    | '[    1.234567] '",
        "SYSLOG    | ''",
        "SYSLOG    | '<5>[    1.234567] '",
        "KMSG      | 'Feb  9 17:53:54 node1 kernel: '",
        "KMSG      | ''",
      })
  void aSourceTakesNoFormButItsOwn(Dialect dialect, String header) {
    assertThat(parse(dialect, header + KERNEL)).isEqualTo(Line.OTHER);
    assertThat(parse(Dialect.ANY, header + KERNEL)).isInstanceOf(Line.Recognised.class);
  }

  @ParameterizedTest
  @EnumSource(Dialect.class)
  void anAuditdLineCountsInAuditdsFileOnly(Dialect dialect) {
    boolean expected = dialect == Dialect.AUDIT_LOG || dialect == Dialect.ANY;
    assertThat(parse(dialect, AUDITD) instanceof Line.Recognised).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // before the kernel's text | node= | host in the header
        "''                                                           |        |",
        "'[    1.234567] '                                            |        |",
        "'5,385,1100647225,-;'                                        |        |",
        "'Feb  9 17:53:54 node-1 kernel: '                            |        | node-1",
        "'Feb  9 17:53:54 kernel: '                                   |        |",
        "'<5>Feb  9 17:53:54 Node-1.example kernel: [    1.234567] '  |        | Node-1.example",
        "'2026-11-22T10:20:14.833580+00:00 10.0.0.5 kernel: '         |        | 10.0.0.5",
        "'<5>1 2026-11-22T10:20:14Z node-1 kernel - - - '             |        | node-1",
        "'<5>1 2026-11-22T10:20:14Z - kernel - - - '                  |        |",
      })
  void aLineSaysUnderWhichNameItsNodeCame(
      String before, @Nullable String node, @Nullable String host) {
    assertThat(parse(before + KERNEL))
        .isInstanceOfSatisfying(
            Line.Recognised.class,
            it -> assertThat(it.origin()).isEqualTo(new LineOrigin(node, host)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                                  |          |",
        "'node=n1 '                                          | n1       |",
        "'node=10.0.0.5 '                                    | 10.0.0.5 |",
        "'Feb  9 17:53:54 n1 audisp-syslog: '                |          | n1",
        "'Feb  9 17:53:54 n1 audispd[5]: node=n2.example '   | n2.example | n1",
      })
  void auditdGivesTheNameOfItsNode(String before, @Nullable String node, @Nullable String host) {
    LineParser parser = new LineParser(Dialect.ANY);
    byte[] named = ("node=of-the-line-before " + AUDITD).getBytes(StandardCharsets.UTF_8);
    parser.parse(named, 0, named.length);
    byte[] bytes = (before + AUDITD).getBytes(StandardCharsets.UTF_8);
    assertThat(parser.parse(bytes, 0, bytes.length))
        .isInstanceOfSatisfying(
            Line.Recognised.class,
            it -> assertThat(it.origin()).isEqualTo(new LineOrigin(node, host)));
    byte[] lost = (before + "type=UNKNOWN msg=lost").getBytes(StandardCharsets.UTF_8);
    assertThat(parser.parse(lost, 0, lost.length))
        .isInstanceOfSatisfying(
            Line.Loss.class, it -> assertThat(it.origin()).isEqualTo(new LineOrigin(node, host)));
  }

  @Test
  void aNameOfAnyLengthIsCut() {
    assertThat(parse("node=" + "x".repeat(5_000) + " " + AUDITD))
        .isInstanceOfSatisfying(
            Line.Recognised.class,
            it -> assertThat(it.origin().node()).isEqualTo("x".repeat(LineOrigin.MAX_BYTES)));
  }

  @Test
  void interpretedOutputIsToldApart() {
    assertThat(parse("type=SECCOMP msg=audit(03/04/2025 07:39:37.599:201) : auid=unset uid=root"))
        .isEqualTo(new Line.Rejected(RejectReason.INTERPRETED, LineForm.AUDITD));
  }

  private static Line parse(String line) {
    return parse(Dialect.ANY, line);
  }

  private static Line parse(Dialect dialect, String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return new LineParser(dialect).parse(bytes, 0, bytes.length);
  }

  private static SeccompAction action(String line) {
    return ((Line.Recognised) parse(line)).record().action();
  }

  private static @Nullable String comm(String field) {
    return ((Line.Recognised) parse(AUDITD.replace("comm=\"app\"", field))).record().comm();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                     | recognised",
        "'audit: type=1326 '    | MALFORMED",
        "'type=SECCOMP msg='    | MALFORMED",
      })
  void aMessageOfTheAuditSocketBeginsWithItsStamp(String before, String outcome) {
    String text =
        before
            + "audit(1795342823.836:15): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7355"
            + " comm=\"kc\" exe=\"/bin/kc\" sig=0 arch=c000003e syscall=165 compat=0 ip=0x439fea"
            + " code=0x50000";
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Line line = new LineParser(Dialect.AUDIT_NETLINK).parse(bytes, 0, bytes.length);
    if (outcome.equals("recognised")) {
      assertThat(line)
          .isInstanceOfSatisfying(
              Line.Recognised.class, it -> assertThat(it.form()).isEqualTo(LineForm.NETLINK));
      assertThat(new LineParser(Dialect.ANY).parse(bytes, 0, bytes.length)).isEqualTo(Line.OTHER);
    } else {
      assertThat(line)
          .isEqualTo(new Line.Rejected(RejectReason.valueOf(outcome), LineForm.NETLINK));
    }
  }
}
