package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.LossNotice.LossReason;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms in which syslog daemons on a node write a record, and near misses of them. */
class DaemonFormsTest {

  private static final String FIELDS =
      "auid=4294967295 uid=0 gid=0 ses=4294967295 subj=system_u:system_r:container_t:s0:c83,c152"
          + " pid=7421 comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=0 arch=c000003e syscall=425"
          + " compat=0 ip=0x7f2c1d0a3b4d code=0x50000";
  private static final String STAMPED = "audit(1796068866.882:2295): " + FIELDS;
  private static final String KERNEL = "audit: type=1326 " + STAMPED;

  @ParameterizedTest
  @ValueSource(
      strings = {
        // BusyBox syslogd 1.35; with klogd -n and without printk's time
        "Nov 30 20:01:02 vm kern.notice kernel: [  123.456789] ",
        "Nov 30 20:01:02 vm kern.notice kernel: ",
        "Nov 30 20:01:02 vm kern.warn kernel: [  123.456789] ",
        // OpenWrt's logd to a file, and its like: no host
        "Nov 30 20:01:02 kern.notice kernel: [  123.456789] ",
        "2026-11-30T20:01:02+00:00 node-1 kern.notice kernel: [  123.456789] ",
        // rsyslog: RFC 3164 relayed, written with RSYSLOG_SyslogProtocol23Format
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - -  [  123.456789] ",
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - - [  123.456789] ",
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - -  ",
        // rsyslog: RFC 5424 relayed, written with RSYSLOG_FileFormat and the traditional one
        "2026-11-30T20:01:03.000000+00:00 node-2 kernel [  124.456789] ",
        "2026-11-30T20:01:03.000000+00:00 node-2 kernel ",
        "Nov 30 20:01:03 node-2 kernel [  124.456789] ",
        // syslog-ng's syslog-protocol
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - [meta sequenceId=\"7\"] [  123.456789] ",
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - [a b=\"\\\"]\"][c d=\"e\"] \ufeff",
      })
  void theKernelsRecordIsRecognised(String header) {
    assertThat(parse(header + KERNEL))
        .isInstanceOfSatisfying(
            Line.Recognised.class,
            line -> {
              assertThat(line.form()).isEqualTo(LineForm.SYSLOG_KERNEL);
              assertThat(line.record().pid()).isEqualTo(7421);
              assertThat(line.record().isWhole()).isTrue();
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<14>1 2026-11-30T20:07:44.722506+00:00 vm audispd - - -  | AUDISP",
        "2026-11-30T20:07:44.722506+00:00 vm audispd | AUDISP",
        "Nov 30 20:07:44 vm user.info audispd: | AUDISP",
        "2026-11-30T20:07:44.722506+00:00 vm audit[7421] | JOURNALD",
        "<5>1 2026-11-30T20:07:44.722506+00:00 vm audit 7421 - -  | JOURNALD",
      })
  void whatOtherWritersBringHasTheSameHeaders(String header, LineForm form) {
    String message = form == LineForm.AUDISP ? "type=SECCOMP msg=" + STAMPED : "SECCOMP " + FIELDS;
    assertThat(parse(header + " " + message))
        .isInstanceOfSatisfying(
            Line.Recognised.class, line -> assertThat(line.form()).isEqualTo(form));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // a quotation in another's message
        "Nov 30 20:01:02 vm auth.info sshd[812]: Invalid user kern.notice kernel: [  1.0] ",
        "Nov 30 20:01:02 vm auth.info sshd: kernel: ",
        "2026-11-30T20:01:02+00:00 node-1 sshd kernel [  1.0] ",
        "2026-11-30T20:01:02+00:00 node-1 sshd kern.notice kernel: ",
        "Nov 30 20:01:02 vm kern.notice kern.notice kernel: ",
        "Nov 30 20:01:02 vm kern.loud kernel: ",
        "Nov 30 20:01:02 vm kernels.notice kernel: ",
        // another application, a PID, a third blank
        "<38>1 2026-11-30T20:01:02+00:00 node-1 sshd 812 - -  ",
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel 812 - -  ",
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - -   ",
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - [a b=\"] ",
        "<5>1 2026-11-30T20:01:02+00:00 node-1 kernel - - [a b=\"\\\"] ",
        "Nov 30 20:01:02 vm kern.notice kernel[812]: ",
        "Nov 30 20:01:02 vm kernel:  ",
        "2026-11-30T20:01:03+00:00 node-2 kernel[1] ",
        " Nov 30 20:01:02 vm kern.notice kernel: ",
        "x Nov 30 20:01:02 vm kern.notice kernel: ",
      })
  void aNearMissIsNoRecord(String header) {
    assertThat(parse(header + KERNEL)).isEqualTo(Line.OTHER);
  }

  @ParameterizedTest
  @ValueSource(strings = {"user.notice", "authpriv.info", "local7.debug"})
  void aFacilityInWordsThatIsNotTheKernelsIsToldApart(String facility) {
    for (String host : new String[] {"vm ", ""}) {
      assertThat(parse("Nov 30 20:01:02 " + host + facility + " kernel: " + KERNEL))
          .isEqualTo(new Line.Rejected(RejectReason.UNTRUSTED_ORIGIN, LineForm.SYSLOG_KERNEL));
    }
  }

  @Test
  void lossesAreReadInTheSameForms() {
    assertThat(
            parse(
                "Nov 30 20:01:02 vm kern.warn kernel: [  1.5] kauditd_printk_skb: 41 callbacks"
                    + " suppressed"))
        .isEqualTo(
            new Line.Loss(
                new LossNotice.Lost(LossReason.PRINTK_SUPPRESSED, 41), new LineOrigin(null, "vm")));
  }

  @Test
  void aRepeatedRecordWithoutAStampCountsAsOftenAsItCame() {
    String header = "Nov 30 20:01:02 node-1 audit[7421]: ";
    Line once = parse(header + "SECCOMP " + FIELDS);
    assertThat(parse(header + "message repeated 37 times: [ SECCOMP " + FIELDS + "]"))
        .isEqualTo(new Line.Repeated((Line.Recognised) once, 37));
  }

  @Test
  void aRepeatedLineWithAStampIsOneEvent() {
    assertThat(
            parse(
                "Nov 30 20:01:02 node-1 kernel: message repeated 3 times: [ [  1.5] "
                    + KERNEL
                    + "]"))
        .isInstanceOf(Line.Recognised.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "message repeated 0 times: [ |]",
        "message repeated 4294967296 times: [ |]",
        "message repeated 99999999999999999999 times: [ |]",
        "message repeated -1 times: [ |]",
        "message repeated times: [ |]",
        "message repeated 3 times: [ |''",
        "message repeated 3 times: |]",
        "message repeated 3 times: [ message repeated 3 times: [ |]]",
      })
  void aRepetitionThatRsyslogDoesNotWriteIsNoRecord(String before, String after) {
    String line = "Nov 30 20:01:02 node-1 audit[7421]: " + before + " SECCOMP " + FIELDS + after;
    assertThat(parse(line.replace("  SECCOMP", " SECCOMP"))).isEqualTo(Line.OTHER);
  }

  /**
   * rsyslog before 7.5 and sysklogd: the line says what was repeated of the one before. That is
   * never a record: those daemons get the kernel's lines, each of which has another stamp.
   */
  @Test
  void aRepetitionOfThePreviousLineIsNoRecord() {
    assertThat(parse("Nov 30 20:01:02 node-1 last message repeated 3 times")).isEqualTo(Line.OTHER);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-08-24 11:04:17.882:2291",
        "03/04/2025 07:39:37.599:201",
        "24/08/26 11:04:17.882:2291",
        "24.08.2026 11:04:17.882:2291",
        "24. 8. 2026 11:04:17.882:2291",
        "24-08-26 11:04:17.882:2291",
        "2026年08月24日 11:04:17.882:2291",
      })
  void whatAusearchInterpretedIsToldApartInEveryLocale(String stamp) {
    for (Dialect dialect : new Dialect[] {Dialect.ANY, Dialect.AUDIT_LOG}) {
      assertThat(parse(dialect, "type=SECCOMP msg=audit(" + stamp + ") : auid=unset uid=nginx"))
          .isEqualTo(new Line.Rejected(RejectReason.INTERPRETED, LineForm.AUDITD));
    }
  }

  private static Line parse(String line) {
    return parse(Dialect.SYSLOG, line);
  }

  private static Line parse(Dialect dialect, String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return new LineParser(dialect).parse(bytes, 0, bytes.length);
  }
}
