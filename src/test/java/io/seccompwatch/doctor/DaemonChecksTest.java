package io.seccompwatch.doctor;

import static io.seccompwatch.doctor.MadeNode.inContainer;
import static io.seccompwatch.doctor.MadeNode.lines;
import static io.seccompwatch.doctor.MadeNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** auditd, rsyslog and journald: what runs, and what its configuration loses. */
class DaemonChecksTest {

  @TempDir private Path directory;

  private MadeNode node() {
    return new MadeNode(directory);
  }

  private List<String> auditd(String conf) {
    NodeFiles node = node().host("etc/audit/auditd.conf", conf).files();
    return lines(new AuditdCheck(node, running("auditd")).run());
  }

  private List<String> rsyslog(String conf) {
    NodeFiles node = node().host("etc/rsyslog.conf", conf).files();
    return lines(new SyslogCheck(node, running("rsyslogd")).run());
  }

  @Test
  void auditd_as_distributions_ship_it() {
    assertThat(
            auditd(
                """
                # comment = yes
                log_file = /var/log/audit/audit.log
                log_format = ENRICHED
                max_log_file_action = ROTATE
                disk_full_action = SUSPEND
                q_depth = 2000
                """))
        .containsExactly(
            "ok auditd: runs, PID 101; log_file /var/log/audit/audit.log, log_format ENRICHED,"
                + " q_depth 2000",
            "note auditd: on a full disk it stops: disk_full_action = SUSPEND");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          write_logs = no               | problem auditd: write_logs = no: its log has no records of this node
          local_events=NO               | problem auditd: local_events = no: its log has no records of this node
          max_log_file_action = suspend | problem auditd: max_log_file_action = SUSPEND: it stops writing when its log is full
          log_file = /data/audit.log    | note auditd: writes to /data/audit.log, where auto does not look
          admin_space_left_action = halt | note auditd: on a full disk it stops: admin_space_left_action = halt
          """)
  void auditd_that_loses_records(String setting, String finding) {
    assertThat(auditd(setting + "\n")).contains(finding);
  }

  @Test
  void auditd_that_does_not_run_needs_no_configuration() {
    NodeFiles node = node().host("etc/audit/auditd.conf", "write_logs = no\n").files();
    assertThat(lines(new AuditdCheck(node, running()).run()))
        .containsExactly("ok auditd: does not run");
    assertThat(
            lines(
                new AuditdCheck(new MadeNode(directory.resolve("none")).files(), inContainer())
                    .run()))
        .containsExactly("ok auditd: is not to be seen from here");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "module(load=\"imklog\" permitnonkernelfacility=\"on\")\n",
        "$ModLoad imklog\n",
        "$modload imuxsock\n$ModLoad imklog # kernel\n"
      })
  void rsyslog_that_reads_the_kernels_log(String conf) {
    assertThat(rsyslog(conf))
        .containsExactly("ok rsyslog: runs, PID 101; reads the kernel's log by imklog");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "module(load=\"imuxsock\")\n",
        "#module(load=\"imklog\")\n",
        "# $ModLoad imklog\n"
      })
  void rsyslog_that_does_not(String conf) {
    assertThat(rsyslog(conf))
        .singleElement()
        .asString()
        .startsWith("problem rsyslog: runs, PID 101; no input for the kernel's log");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          module(load="imjournal" StateFile="x")                    | (by default beyond 20000 in 600 s)
          module(load="imjournal" Ratelimit.Interval="60")          | ratelimit.interval="60"
          $ModLoad imjournal;$imjournalRatelimitInterval 600        | $imjournalratelimitinterval 600
          """)
  void rsyslog_that_drops_in_a_burst(String conf, String limit) {
    assertThat(rsyslog(conf.replace(';', '\n')))
        .anyMatch(line -> line.startsWith("note rsyslog: imjournal drops") && line.contains(limit));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "module(load=\"imjournal\" ratelimit.interval=\"0\")",
        "$ModLoad imjournal\n$imjournalRatelimitInterval 0"
      })
  void rsyslog_whose_limit_is_off(String conf) {
    assertThat(rsyslog(conf)).hasSize(1);
  }

  @Test
  void rsyslogs_additions_count() {
    NodeFiles node =
        node()
            .host("etc/rsyslog.conf", "$IncludeConfig /etc/rsyslog.d/*.conf\n")
            .host("etc/rsyslog.d/kernel.conf", "module(load=\"imklog\")\n")
            .files();
    assertThat(lines(new SyslogCheck(node, running("rsyslogd")).run()).getFirst())
        .contains("by imklog");
  }

  @Test
  void where_only_the_journal_is_another_source_is_needed() {
    NodeFiles node =
        node()
            .host("etc/systemd/journald.conf", "[Journal]\n#Audit=no\nStorage=volatile\n")
            .host("etc/systemd/journald.conf.d/a.conf", "[Journal]\nAudit=yes\nStorage=none\n")
            .files();
    Processes processes = running("systemd-journal");
    assertThat(lines(new JournalCheck(node, processes, false).run()))
        .containsExactly(
            "ok journald: runs, PID 101; Storage=none, Audit=yes",
            "note journald: only the journal keeps records here, and the agent does not read it");
    assertThat(new JournalCheck(node, processes, true).run()).hasSize(1);
  }
}
