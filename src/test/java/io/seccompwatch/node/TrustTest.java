package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Forgers against a real rsyslog, alone and beside witnesses that cannot be forged: what anybody
 * may say through {@code /dev/log}, and what a process with {@code CAP_AUDIT_WRITE} has the kernel
 * say.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
class TrustTest {

  private static final String REFUSED = "seccomp_watch_records_rejected_total";

  /** A witness must have been there for ten seconds, and is looked at every two. */
  private static final double SETTLED_SECONDS = 15;

  private static final Duration SETTLING = Duration.ofSeconds(40);

  @TempDir Path directory = Path.of("");

  @BeforeAll
  static void needs() throws Exception {
    Command.needs("auditctl", "auditd");
    Command.needs("rsyslogd", "rsyslog");
    Command.needs("logger", "bsdutils");
    Command.needs("gcc", "gcc libc6-dev");
    Engine.RUNC.isNeeded();
    Agent.needsDistribution();
  }

  @Test
  void syslog_alone_cannot_tell_a_forger_from_the_kernel_but_for_its_tag() throws Exception {
    try (Rsyslog rsyslog = Rsyslog.start(directory, Rsyslog.Template.ISO);
        Agent agent = agent("syslog=" + rsyslog.all())) {
      rsyslog.say("sshd[77]", "Invalid user " + record("sshd"));
      rsyslog.say("kernel[1]", record("withpid"));
      newline(record("newline"));
      rsyslog.say("kernel", record("logger"));

      awaitComm(agent, "logger");
      awaitComm(agent, "newline");
      assertThat(agent.violations()).extracting(Told::comm).doesNotContain("sshd", "withpid");
      assertThat(agent.metrics().sum("seccomp_watch_records_held")).isZero();
      agent.metrics().assertBooksBalance();
    }
  }

  @Test
  void the_kernels_ring_refutes_forgers_and_counts_each_record_once() throws Exception {
    try (Rsyslog rsyslog = Rsyslog.start(directory, Rsyslog.Template.ISO);
        Agent agent = agent("syslog=" + rsyslog.all(), "kmsg")) {
      settle(agent);
      rsyslog.say("kernel", record("logger"));
      newline(record("newline"));
      awaitRefused(agent, 2);

      KernelLog.awaitRoom(1);
      OciContainer container = logged(agent);
      awaitSeenByBoth(agent);
      assertThat(agent.violationsOf(container)).hasSize(1);
      assertThat(agent.violations()).extracting(Told::comm).doesNotContain("logger", "newline");
      assertThat(agent.log()).anyMatch(TrustTest::tellsOfAForgery);
      for (String source : List.of("syslog", "kmsg")) {
        assertThat(
                agent
                    .metrics()
                    .sum(
                        "seccomp_watch_source_canary_last_success_timestamp_seconds",
                        "source",
                        source))
            .isPositive();
      }
    }
  }

  @Test
  void auditds_log_is_put_to_the_proof_and_refutes_forgers_until_auditd_dies() throws Exception {
    try (Rsyslog rsyslog = Rsyslog.start(directory, Rsyslog.Template.TRADITIONAL);
        Auditd auditd = Auditd.start(directory, Auditd.Format.ENRICHED);
        Agent agent = agent("syslog=" + rsyslog.all(), auditd.source())) {
      settle(agent);
      newline(record("newline")); // auditd makes one line of it, and the kernel's log has none
      rsyslog.say("kernel", record("logger"));
      awaitRefused(agent, 1);
      assertThat(agent.metrics().sum("seccomp_watch_canary_fired_total")).isEqualTo(2);
      assertThat(agent.violations()).extracting(Told::comm).doesNotContain("logger", "newline");

      auditd.stop();
      KernelLog.awaitNoDaemon();
      KernelLog.awaitRoom(2);
      OciContainer container = logged(agent);
      assertThat(agent.violationsOf(container)).extracting(Told::source).containsExactly("syslog");
      assertThat(agent.metrics().sum(REFUSED, "reason", "untrusted_origin")).isEqualTo(1);
      agent.metrics().assertBooksBalance();
    }
  }

  private Agent agent(String... sources) throws Exception {
    String[] arguments = new String[2 * sources.length];
    for (int i = 0; i < sources.length; i++) {
      arguments[2 * i] = "--source";
      arguments[2 * i + 1] = sources[i];
    }
    return Agent.start(directory, arguments);
  }

  private static void settle(Agent agent) {
    Await.until(
        "an agent that has been up for a while",
        SETTLING,
        () -> agent.metrics().sum("process_uptime_seconds") > SETTLED_SECONDS,
        agent::state);
  }

  private static void awaitRefused(Agent agent, double count) {
    Await.until(
        count + " refused records",
        Await.PATIENCE,
        () ->
            agent.metrics().sum(REFUSED, "source", "syslog", "reason", "untrusted_origin") == count,
        agent::state);
  }

  private static void awaitComm(Agent agent, String comm) {
    Await.until(
        "a violation of " + comm,
        Await.PATIENCE,
        () -> agent.violations().stream().anyMatch(told -> told.comm().equals(comm)),
        agent::state);
  }

  /** What the ring has brought and syslog has not yet is awaited, so that each is counted. */
  private static void awaitSeenByBoth(Agent agent) {
    String records = "seccomp_watch_records_total";
    Await.until(
        "as many records from syslog as from the ring",
        Await.PATIENCE,
        () -> {
          Metrics metrics = agent.metrics();
          metrics.assertBooksBalance();
          return metrics.sum("seccomp_watch_records_held") == 0
              && metrics.sum(records, "source", "syslog") == metrics.sum(records, "source", "kmsg");
        },
        agent::state);
  }

  private OciContainer logged(Agent agent) throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");
    try (OciContainer container = OciContainer.create(directory, filter, "250", "pause").start()) {
      agent.awaitViolation(container, any -> true);
      return container;
    }
  }

  private static boolean tellsOfAForgery(String line) {
    return line.contains("level=warn")
        && line.contains("a record in syslog that no other source has seen is not counted")
        && line.contains("comm=\\\"logger\\\"");
  }

  /** As a line of its own to whoever splits the kernel's log at its line ends. */
  private void newline(String text) throws Exception {
    Command.run(
        directory, List.of(Probe.forger().toString(), "hello\n" + text + "\nhow do you do"));
  }

  private static String record(String comm) {
    long now = System.currentTimeMillis();
    return "audit: type=1326 audit(%d.%03d:4000000000): auid=4294967295 uid=0 gid=0 ses=4294967295"
            .formatted(now / 1_000, now % 1_000)
        + " pid=7355 comm=\"%s\" exe=\"/bin/kc\" sig=31 arch=c000003e syscall=165 compat=0"
            .formatted(comm)
        + " ip=0x439fea code=0x80000000";
  }
}
