package io.seccompwatch.doctor;

import static io.seccompwatch.doctor.MadeNode.lines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.linux.AuditControl.AuditStatus;
import io.seccompwatch.linux.AuditRule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditCheckTest {

  private static final int MSGTYPE = 12;
  private static final int LESS = 0x1000_0000;
  private static final int EQUAL = 0x4000_0000;

  @TempDir private Path directory;

  private static AuditStatus status(long pid, long rate, long backlogLimit, long lost) {
    return new AuditStatus(1, 1, pid, rate, backlogLimit, lost, 0, 0, 0, 0);
  }

  private static AuditRule excluding(AuditRule.Field... fields) {
    return new AuditRule(AuditRule.EXCLUDE, 2, List.of(fields));
  }

  private List<Finding> run(AuditState kernel) {
    return new AuditCheck(new MadeNode(directory).files(), kernel).run();
  }

  @Test
  void names_who_takes_the_records() {
    MadeNode node = new MadeNode(directory).proc("812/comm", "auditd\n");
    AuditState kernel = new AuditState(status(812, 0, 8192, 0), List.of(), null);
    assertThat(lines(new AuditCheck(node.files(), kernel).run()))
        .containsExactly(
            "ok kernel: enabled 1 (seccomp logs either way), registered for the records: auditd,"
                + " PID 812: none goes to the kernel's log",
            "ok rules: none that is loaded excludes seccomp's records");
  }

  @Test
  void limits_and_losses_are_told_with_what_mends_them() {
    List<Finding> findings = run(new AuditState(status(812, 100, 64, 7), List.of(), null));
    assertThat(findings)
        .filteredOn(finding -> finding.remedy() != null)
        .extracting(Finding::subject, Finding::level)
        .containsExactly(
            tuple("backlog", Level.PROBLEM),
            tuple("rate limit", Level.PROBLEM),
            tuple("lost", Level.NOTE));
  }

  @Test
  void without_a_daemon_the_default_backlog_is_only_worth_a_note() {
    assertThat(run(new AuditState(status(0, 0, 64, 0), List.of(), null)))
        .filteredOn(finding -> finding.subject().equals("backlog"))
        .singleElement()
        .extracting(Finding::level)
        .isEqualTo(Level.NOTE);
  }

  @Test
  void a_loaded_rule_that_excludes_every_record_blinds() {
    AuditRule bottlerocket = excluding(new AuditRule.Field(MSGTYPE, LESS, 1400, null));
    AuditRule partly =
        excluding(
            new AuditRule.Field(MSGTYPE, EQUAL, 1326, null),
            new AuditRule.Field(1, EQUAL, 0, null));
    AuditRule other = excluding(new AuditRule.Field(MSGTYPE, EQUAL, 1300, null));
    List<Finding> findings =
        run(new AuditState(status(0, 0, 8192, 0), List.of(other, partly, bottlerocket), null));
    assertThat(lines(findings))
        .contains(
            "problem rules: loaded: -a always,exclude -F msgtype=1326 -F uid=0: some of seccomp's"
                + " records are dropped",
            "blind rules: loaded: -a always,exclude -F msgtype<1400: every record of seccomp's is"
                + " dropped")
        .noneMatch(line -> line.contains("1300"));
    assertThat(findings)
        .extracting(Finding::remedy)
        .anySatisfy(
            remedy ->
                assertThat(remedy).startsWith("auditctl -d always,exclude -F 'msgtype<1400'; "));
  }

  @Test
  void rules_that_are_locked_stay_until_the_next_boot() {
    AuditRule rule = excluding(new AuditRule.Field(MSGTYPE, EQUAL, 1326, null));
    AuditStatus locked = new AuditStatus(2, 1, 0, 0, 8192, 0, 0, 0, 0, 0);
    assertThat(run(new AuditState(locked, List.of(rule), null)))
        .filteredOn(finding -> finding.level() == Level.BLIND)
        .singleElement()
        .satisfies(
            finding ->
                assertThat(finding.remedy())
                    .endsWith("and reboot: the rules are locked (enabled 2)")
                    .doesNotContain("auditctl"));
  }

  @Test
  void who_may_not_ask_reads_the_files_and_says_configured() {
    MadeNode node =
        new MadeNode(directory)
            .host("etc/audit/audit.rules", "-D\n-a exclude,always -F msgtype>0\n")
            .host("etc/audit/rules.d/10-all.rules", "-a exclude,always -F msgtype>0\n")
            .host("etc/audit/rules.d/readme", "-a exclude,always -F msgtype=1326\n");
    AuditState refused = new AuditState(null, List.of(), "not permitted: give CAP_AUDIT_CONTROL");
    List<Finding> findings = new AuditCheck(node.files(), refused).run();
    assertThat(lines(findings))
        .containsExactly(
            "unknown kernel: its status and rules are not known: not permitted: give"
                + " CAP_AUDIT_CONTROL",
            "problem rules: configured in "
                + node.files().host("etc/audit/audit.rules")
                + ": -a exclude,always -F msgtype>0: once loaded, seccomp's records are dropped");
  }
}
