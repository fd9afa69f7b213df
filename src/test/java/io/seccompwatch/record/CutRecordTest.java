package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.pipeline.Deduplicator;
import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.SeccompRecord.Extent;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records whose line the kernel or a syslog daemon has cut, since a path was long. */
class CutRecordTest {

  /** What kernel 6.18 keeps of a message. */
  private static final int PRINTK = 1_021;

  private static final String HEAD =
      "audit: type=1326 audit(1796077491.452:16): auid=1000 uid=33 gid=34 ses=4294967295"
          + " subj==cri-containerd.apparmor.d (enforce) pid=3668";
  private static final String TAIL =
      " sig=31 arch=c000003e syscall=110 compat=0 ip=0x7f2c1d0a3b4d code=0x80000000";
  private static final String KMSG = "5,385,1100647225,-;";
  private static final String SYSLOG = "Nov 30 20:01:02 node-1 kernel: [  123.456789] ";

  @Test
  void aRecordThatPrintkCutWithinItsPathCountsWithWhatIsLeft() {
    SeccompRecord record = recognised(Dialect.KMSG, KMSG + cut(quoted(1_500), PRINTK));
    assertThat(record)
        .returns(Extent.PROCESS, SeccompRecord::extent)
        .returns("1796077491.452:16", it -> it.stamp() == null ? null : it.stamp().id())
        .returns(1000L, SeccompRecord::auid)
        .returns(33L, SeccompRecord::uid)
        .returns("=cri-containerd.apparmor.d (enforce)", SeccompRecord::label)
        .returns(3668, SeccompRecord::pid)
        .returns("victim", SeccompRecord::comm)
        .returns(null, SeccompRecord::exe)
        .returns(false, SeccompRecord::hasArch)
        .returns("unknown", SeccompRecord::syscallText)
        .returns(SeccompAction.UNKNOWN, SeccompRecord::action);
    assertThat(record.action().denies()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {973, 989, 1_021})
  void everyKernelsLimitIsKnown(int limit) {
    assertThat(recognised(Dialect.KMSG, KMSG + cut(quoted(1_500), limit)).isWhole()).isFalse();
    assertThat(recognised(Dialect.SYSLOG, SYSLOG + cut(quoted(1_500), limit)).isWhole()).isFalse();
  }

  /** Every place at which the limit can fall, by paths of every length. */
  @Test
  void whatIsKnownIsNeverWrongWhereverTheCutFalls() {
    for (String unit : new String[] {"a", "é"}) {
      for (int length = 150; length < 1_100; length++) {
        String path = "/" + unit.repeat(length);
        String text = HEAD + " comm=\"victim\" exe=" + printed(path) + TAIL;
        if (text.length() <= PRINTK) {
          continue;
        }
        SeccompRecord record = recognised(Dialect.KMSG, KMSG + text.substring(0, PRINTK));
        assertThat(record.pid()).isEqualTo(3668);
        assertThat(record.exe()).isIn(null, path);
        if (record.hasSignal()) {
          assertThat(record.signal()).isEqualTo(31);
        }
        if (record.hasArch()) {
          assertThat(record.archToken()).isEqualTo(0xc000003e);
        }
        if (record.hasSyscall()) {
          assertThat(record.syscall()).isEqualTo(110);
          assertThat(record.arch()).isEqualTo(AuditArch.X86_64);
        }
        boolean codeBegun = text.length() - PRINTK < "80000000".length();
        assertThat(record.isWhole()).isEqualTo(codeBegun);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "' sig=3'                                   | PROCESS",
        "' sig=31'                                  | PROCESS",
        "' sig=31 ar'                               | SIGNAL",
        "' sig=31 arch=c00000'                      | SIGNAL",
        "' sig=31 arch=c000003e sys'                | SIGNAL",
        "' sig=31 arch=c000003e syscall=11'         | SIGNAL",
        "' sig=31 arch=c000003e syscall=110 '       | CALL",
        "' sig=31 arch=c000003e syscall=110 compat=0 ip=0x7f' | CALL",
        "' sig=31 syscall=110 compat=0 ip=0x7f'     | CALL",
        "' sig=0 arch=c000003e syscall=110 compat=0 ip=0x7f code=0x7ffc' | CALL",
      })
  void theLastFieldThatIsWholeIsTheLastThatIsKnown(String end, Extent extent) {
    String start = HEAD + " comm=\"victim\" exe=\"/";
    String path = "a".repeat(PRINTK - start.length() - 1 - end.length());
    SeccompRecord record = recognised(Dialect.KMSG, KMSG + start + path + '"' + end);
    assertThat(record.extent()).isEqualTo(extent);
    assertThat(record.exe()).isEqualTo("/" + path);
  }

  @Test
  void aCutWithinTheNameLeavesTheProcess() {
    String label = " subj=" + "l".repeat(PRINTK - HEAD.length() - " subj= comm=\"vic".length());
    String text = HEAD.replace(" subj==cri-containerd.apparmor.d (enforce)", "");
    text = text.replace(" pid=", label + " pid=") + " comm=\"vic";
    text = text + "t".repeat(PRINTK - text.length());
    assertThat(recognised(Dialect.KMSG, KMSG + text))
        .returns(3668, SeccompRecord::pid)
        .returns(null, SeccompRecord::comm);
  }

  @Test
  void aCutBeforeTheProcessIsStillRejected() {
    String text = HEAD.replace("=cri-containerd.apparmor.d", "=" + "l".repeat(2_000));
    for (String end : new String[] {"", " pid=3668", " pid=3668 com"}) {
      String cut = text.substring(0, PRINTK - end.length()) + end;
      assertThat(parse(Dialect.KMSG, KMSG + cut))
          .isEqualTo(new Line.Rejected(RejectReason.TRUNCATED, LineForm.KMSG));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 500, 900, 959})
  void aShorterLineWasCutByAnotherHandAndIsRejected(int length) {
    assertThat(parse(Dialect.KMSG, KMSG + cut(quoted(1_500), length)))
        .isEqualTo(new Line.Rejected(RejectReason.TRUNCATED, LineForm.KMSG));
    assertThat(parse(Dialect.SYSLOG, SYSLOG + cut(quoted(1_500), length)))
        .isEqualTo(new Line.Rejected(RejectReason.TRUNCATED, LineForm.SYSLOG_KERNEL));
  }

  @Test
  void aLongerLineWasNotCutByPrintk() {
    assertThat(parse(Dialect.KMSG, KMSG + cut(quoted(1_500), 1_025)))
        .isInstanceOf(Line.Rejected.class);
  }

  @Test
  void whatAPersonOrATerminalMayHaveCutIsRejected() {
    String text = cut(quoted(1_500), PRINTK);
    assertThat(parse(Dialect.ANY, "[  123.456789] " + text))
        .isEqualTo(new Line.Rejected(RejectReason.TRUNCATED, LineForm.KERNEL_TEXT));
    String auditd = "type=SECCOMP msg=" + text.substring("audit: type=1326 ".length());
    assertThat(parse(Dialect.AUDIT_LOG, auditd))
        .isEqualTo(new Line.Rejected(RejectReason.TRUNCATED, LineForm.AUDITD));
  }

  @Test
  void aCutLineOfAnotherFacilityIsUntrusted() {
    assertThat(parse(Dialect.KMSG, "12,385,1100647225,-;" + cut(quoted(1_500), PRINTK)))
        .isEqualTo(new Line.Rejected(RejectReason.UNTRUSTED_ORIGIN, LineForm.KMSG));
  }

  @Test
  void aFieldThatIsWrongIsMalformedAndNotCut() {
    String text = cut(quoted(1_500), PRINTK).replace("uid=33", "uid=ab");
    assertThat(parse(Dialect.KMSG, KMSG + text))
        .isEqualTo(new Line.Rejected(RejectReason.MALFORMED, LineForm.KMSG));
  }

  /** Debian's BusyBox reads 1,024 bytes of a message, one as it comes 256; both less one. */
  @ParameterizedTest
  @CsvSource({"256, true", "256, false", "512, true", "1024, false", "2048, true"})
  void aLineThatBusyBoxCutAtItsReadBufferCounts(int buffer, boolean timed) {
    int priorityAndTime = timed ? "<5>Nov 30 20:01:02 ".length() : "<5>".length();
    String whole = "kernel: [  123.456789] " + HEAD + " comm=\"victim\" exe=" + quoted(3_000);
    String message = whole.substring(0, buffer - 1 - priorityAndTime);
    String header = "Nov 30 20:01:02 vm kern.notice ";
    assertThat(recognised(Dialect.SYSLOG, header + message).pid()).isEqualTo(3668);
    for (String other :
        new String[] {message + "aaa", message.substring(0, message.length() - 3)}) {
      if (!LengthLimits.isPrintks(other.length() - "kernel: [  123.456789] ".length())) {
        assertThat(parse(Dialect.SYSLOG, header + other)).isInstanceOf(Line.Rejected.class);
      }
    }
    if (buffer < 1_024) {
      assertThat(parse(Dialect.SYSLOG, "Nov 30 20:01:02 vm " + message))
          .isInstanceOf(Line.Rejected.class);
    }
  }

  @Test
  void aRepetitionThatRsyslogCutAt800BytesCounts() {
    String fields = HEAD.substring(HEAD.indexOf("auid=")) + " comm=\"victim\" exe=" + quoted(900);
    String content = (" SECCOMP " + fields).substring(0, 800);
    String header = "Nov 30 20:01:02 node-1 audit[3668]: message repeated 5 times: [";
    assertThat(parse(Dialect.SYSLOG, header + content + "]"))
        .isInstanceOfSatisfying(
            Line.Repeated.class,
            line -> {
              assertThat(line.times()).isEqualTo(5);
              assertThat(line.line().record().pid()).isEqualTo(3668);
            });
    assertThat(parse(Dialect.SYSLOG, header + content.substring(0, 790) + "]"))
        .isInstanceOf(Line.Rejected.class);
  }

  @Test
  void theCutRecordAndItsWholeTwinAreOne() {
    String text = HEAD + " comm=\"victim\" exe=" + quoted(1_500) + TAIL;
    SeccompRecord cut = recognised(Dialect.KMSG, KMSG + text.substring(0, PRINTK));
    SeccompRecord whole =
        recognised(
            Dialect.AUDIT_LOG, "type=SECCOMP msg=" + text.substring("audit: type=1326 ".length()));
    SeccompRecord stampless =
        recognised(
            Dialect.SYSLOG,
            "Nov 30 20:01:02 node-1 audit[3668]: SECCOMP " + text.substring(text.indexOf("auid=")));
    for (SeccompRecord[] order :
        new SeccompRecord[][] {
          {cut, whole}, {whole, cut}, {cut, stampless}, {stampless, cut}, {whole, stampless}
        }) {
      Deduplicator filter = new Deduplicator(true);
      assertThat(filter.isDuplicate(order[0], 0)).isFalse();
      assertThat(filter.isDuplicate(order[1], 0)).isTrue();
      assertThat(filter.isKnown(order[1], 0, null)).isEqualTo(order[1].stamp() != null);
    }
  }

  private static String cut(String exe, int length) {
    return (HEAD + " comm=\"victim\" exe=" + exe + TAIL).substring(0, length);
  }

  private static String quoted(int length) {
    return "\"/" + "a".repeat(length - 1) + '"';
  }

  /** A string as the kernel prints it. */
  private static String printed(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return bytes.length == text.length()
        ? '"' + text + '"'
        : HexFormat.of().formatHex(bytes).toUpperCase(Locale.ROOT);
  }

  private static SeccompRecord recognised(Dialect dialect, String line) {
    assertThat(parse(dialect, line)).isInstanceOf(Line.Recognised.class);
    return ((Line.Recognised) parse(dialect, line)).record();
  }

  private static Line parse(Dialect dialect, String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return new LineParser(dialect).parse(bytes, 0, bytes.length);
  }
}
