package io.seccompwatch.doctor;

import static io.seccompwatch.doctor.MadeNode.inContainer;
import static io.seccompwatch.doctor.MadeNode.lines;
import static io.seccompwatch.doctor.MadeNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.JournalCheck.JournalConf;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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
    return lines(new SyslogCheck(node, running("rsyslogd"), false).run());
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
            "ok auditd: runs, PID 101; log_file /var/log/audit/audit.log, log_format ENRICHED",
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
          log_format = NOLOG            | problem auditd: log_format = NOLOG: it writes no log
          log_file = /data/audit.log    | note auditd: writes to /data/audit.log, where auto does not look
          admin_space_left_action = halt | note auditd: on a full disk it stops: admin_space_left_action = halt
          """)
  void auditd_that_loses_records(String setting, String finding) {
    assertThat(auditd(setting + "\n")).contains(finding);
  }

  @Test
  void auditds_configuration_is_the_one_that_it_was_started_with() {
    NodeFiles node =
        node()
            .host("etc/audit/auditd.conf", "log_file = /var/log/audit/audit.log\n")
            .host("opt/audit/auditd.conf", "log_file = /data/audit.log\n")
            .proc("101/cmdline", "auditd\0-n\0-c\0/opt/audit\0")
            .files();
    assertThat(lines(new AuditdCheck(node, running("auditd")).run()))
        .contains("note auditd: writes to /data/audit.log, where auto does not look");
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

  /** Each limit in both languages; one of another input does not count. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          module(load="imjournal" StateFile="x")             | imjournal takes 20000 messages in 600 s
          module(load="imjournal";  Ratelimit.Interval="60"; Ratelimit.Burst="5") | imjournal takes 5 messages in 60 s
          $ModLoad imjournal;$imjournalRatelimitInterval 300;$imjournalRatelimitBurst 9 | imjournal takes 9 messages in 300 s
          module(load="imklog" ratelimit.interval="5" ratelimit.burst="7") | imklog takes 7 messages in 5 s
          module(load="imklog");module(load="imuxsock" SysSock.RateLimit.Interval="2") | imuxsock takes 200 messages in 2 s
          $ModLoad imklog;$ModLoad /usr/lib/rsyslog/imuxsock.so;$SystemLogRateLimitInterval 3;$SystemLogRateLimitBurst 4 | imuxsock takes 4 messages in 3 s
          """)
  void rsyslog_that_drops_in_a_burst(String conf, String limit) {
    NodeFiles node = node().host("etc/rsyslog.conf", conf.replace(';', '\n')).files();
    assertThat(lines(new SyslogCheck(node, running("rsyslogd"), true).run()))
        .hasSize(2)
        .last()
        .isEqualTo("note rsyslog: " + limit + " and drops the rest");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "module(load=\"imjournal\" ratelimit.interval=\"0\")",
        "module(load=\"imklog\") module(load=\"imuxsock\" SysSock.RateLimit.Interval=\"0\")",
        "$ModLoad imjournal\n$imjournalRatelimitInterval 0",
        // journald hands nothing on, so that what is sent to the socket is only programs' own
        "$ModLoad imklog\n$ModLoad imuxsock\n$SystemLogRateLimitInterval 5",
        "module(load=\"imklog\")\nmodule(load=\"omfwd\" ratelimit.interval=\"5\")",
        "module(load=\"imklog\") # ratelimit.interval=\"5\"",
      })
  void rsyslog_that_limits_none_of_the_kernels_messages(String conf) {
    assertThat(rsyslog(conf)).hasSize(1);
  }

  @Test
  void rsyslog_that_is_handed_the_journals_messages_has_the_kernels() {
    NodeFiles node = node().host("etc/rsyslog.conf", "module(load=\"imuxsock\")\n").files();
    SyslogCheck handed = new SyslogCheck(node, running("rsyslogd"), true);
    assertThat(lines(handed.run()))
        .containsExactly(
            "ok rsyslog: runs, PID 101; reads the kernel's log by imuxsock, to which journald hands"
                + " them on");
    assertThat(handed.livesOnJournal()).isTrue();
    assertThat(new SyslogCheck(node, running("rsyslogd"), false).livesOnJournal()).isFalse();
  }

  @Test
  void rsyslogs_additions_count() {
    NodeFiles node =
        node()
            .host("etc/rsyslog.conf", "$IncludeConfig /etc/rsyslog.d/*.conf\n")
            .host("etc/rsyslog.d/kernel.conf", "module(load=\"imklog\")\n")
            .files();
    assertThat(lines(new SyslogCheck(node, running("rsyslogd"), false).run()).getFirst())
        .contains("by imklog");
  }

  @Test
  void where_only_the_journal_is_another_source_is_needed() {
    Processes processes = running("systemd-journal");
    assertThat(lines(new JournalCheck(processes, Map.of(), false, false).run()))
        .containsExactly(
            "ok journald: runs, PID 101",
            "note journald: only the journal keeps records here, and the agent does not read it");
    assertThat(new JournalCheck(processes, Map.of(), true, false).run()).hasSize(1);
  }

  /** What the journal keeps back matters where rsyslog has it from there. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Storage=none                     | true  | Storage=none
          Storage=none,ForwardToSyslog=yes | true  |
          Storage=none                     | false |
          Storage=volatile                 | true  |
          ReadKMsg=no                      | true  | ReadKMsg=no
          MaxLevelStore=warning            | true  | MaxLevelStore=warning
          MaxLevelStore=notice             | true  |
          MaxLevelSyslog=4                 | true  | MaxLevelSyslog=4
          RateLimitBurst=1                 | true  |
          Audit=no                         | true  |
          """)
  void what_the_journal_keeps_from_rsyslog(String conf, boolean read, @Nullable String why) {
    String text = "[Journal]\n" + conf.replace(',', '\n') + "\n";
    NodeFiles node = node().host("etc/systemd/journald.conf", text).files();
    List<String> found =
        lines(
            new JournalCheck(running("systemd-journal"), JournalConf.read(node), true, read).run());
    if (why == null) {
      assertThat(found).hasSize(1);
    } else {
      assertThat(found)
          .last()
          .isEqualTo(
              "problem journald: " + why + ": it keeps records from rsyslog, which reads from it");
    }
  }

  @Test
  void journalds_additions_go_by_their_names_and_a_nearer_directory_replaces_a_file() {
    NodeFiles node =
        node()
            .host(
                "etc/systemd/journald.conf", "[Journal]\n#Audit=no\nStorage=auto\nSplitMode=uid\n")
            .host("usr/lib/systemd/journald.conf.d/a.conf", "[Journal]\nAudit=no\nSeal=no\n")
            .host("usr/lib/systemd/journald.conf.d/z.conf", "[Journal]\nStorage=none\n")
            .host("etc/systemd/journald.conf.d/a.conf", "[Journal]\nAudit=yes\nStorage=volatile\n")
            .host("etc/systemd/journald.conf.d/b.conf", "[Journal]\nSplitMode=\n")
            .files();
    assertThat(JournalConf.read(node))
        .containsExactlyInAnyOrderEntriesOf(Map.of("Audit", "yes", "Storage", "none"));
  }
}
