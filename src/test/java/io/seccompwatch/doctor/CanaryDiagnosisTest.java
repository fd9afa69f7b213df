package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.linux.AuditControl.AuditStatus;
import io.seccompwatch.linux.AuditRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Why a source is silent: the likeliest cause, and whether it is one to be mended. */
class CanaryDiagnosisTest {

  private static final Instant FIRED = Instant.parse("2026-11-24T00:00:00Z");
  private static final AuditState UNKNOWN = new AuditState(null, List.of(), "not permitted");
  private static final Chosen KMSG = new Chosen(Kind.KMSG, Path.of("/dev/kmsg"));

  @TempDir private Path directory;

  private LoggedActions logging(String actions) {
    return new LoggedActions(
        new MadeNode(directory)
            .proc("sys/kernel/seccomp/actions_avail", "errno log allow\n")
            .proc("sys/kernel/seccomp/actions_logged", actions + "\n")
            .files());
  }

  private CanaryDiagnosis silence(AuditState kernel, boolean brought, String... programs) {
    return new CanaryDiagnosis(
        logging("errno log"), kernel, MadeNode.running(programs), brought, brought);
  }

  private Chosen log(Instant written) throws Exception {
    Path log = Files.writeString(directory.resolve("audit.log"), "");
    Files.setLastModifiedTime(log, FileTime.from(written));
    return new Chosen(Kind.AUDIT_LOG, log);
  }

  @Test
  void the_kernels_log_is_silent_while_a_daemon_takes_the_records() {
    AuditState registered =
        new AuditState(new AuditStatus(1, 1, 812, 0, 8192, 0, 0, 0, 0, 0), List.of(), null);
    assertThat(silence(registered, true, "auditd").of(KMSG, FIRED))
        .isEqualTo(
            new CanaryDiagnosis.Reason(
                "normal: PID 812 takes the records, and the kernel's log has none", null));
    assertThat(silence(registered, false, "auditd").of(KMSG, FIRED))
        .isEqualTo(
            new CanaryDiagnosis.Reason(
                "PID 812 takes the records, and the kernel's log has none",
                "read audit-log, or audit-netlink"));
    assertThat(silence(UNKNOWN, true, "auditd").of(KMSG, FIRED).isNormal()).isTrue();
    assertThat(silence(UNKNOWN, false).of(KMSG, FIRED).isNormal()).isFalse();
  }

  @Test
  void actions_logged_without_log_silences_every_source() throws Exception {
    CanaryDiagnosis silence =
        new CanaryDiagnosis(logging("errno"), UNKNOWN, MadeNode.running("auditd"), false, false);
    for (Chosen chosen : List.of(KMSG, log(FIRED))) {
      assertThat(silence.of(chosen, FIRED).text())
          .isEqualTo("kernel.seccomp.actions_logged lacks log");
    }
  }

  @Test
  void so_does_a_rule() {
    AuditRule rule =
        new AuditRule(
            AuditRule.EXCLUDE, 2, List.of(new AuditRule.Field(12, 0x4000_0000, 1326, null)));
    AuditState kernel = new AuditState(null, List.of(rule), null);
    assertThat(silence(kernel, false, "auditd").of(KMSG, FIRED).text())
        .isEqualTo("an audit rule drops it: -a always,exclude -F msgtype=1326");
  }

  @Test
  void a_dead_daemons_log_says_when_it_was_last_written() throws Exception {
    Chosen old = log(Instant.parse("2026-11-01T10:00:00Z"));
    assertThat(silence(UNKNOWN, false).of(old, FIRED).text())
        .isEqualTo("nobody writes it: auditd does not run, last written 2026-11-01T10:00:00Z");
    assertThat(silence(UNKNOWN, false, "auditd").of(old, FIRED).text())
        .isEqualTo("nobody has written it since, last written 2026-11-01T10:00:00Z");
  }
}
