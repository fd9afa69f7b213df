package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Storms of known size against each thing that drops records on their way, and the agent's books
 * afterwards: made = published + lost, as near as what drops them lets anybody know.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
class LossBooksTest {

  /** sched_get_priority_max: does nothing, and nobody calls it by chance. */
  private static final String NUMBER = "146";

  private static final String CALL = "sched_get_priority_max";

  /** The kernel is asked every 15 seconds. */
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Records of others on this machine during a test; audit is off, so these are seccomp's only. */
  private static final int OTHERS = 30;

  @TempDir private Path directory = Path.of("");

  @BeforeEach
  void needs() throws Exception {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    Agent.needsDistribution();
    Probe.logStorm();
  }

  @Test
  void a_rule_that_excludes_the_records_is_noticed_by_the_canary() throws Exception {
    try (AuditSettings settings = new AuditSettings();
        Auditd auditd = Auditd.start(directory, Auditd.Format.ENRICHED);
        Agent agent = agent(auditd.source(), "--canary", "5s")) {
      assertThat(agent.get("/api/v1/status")).doesNotContain("canary: was not seen");
      settings.exclude("SECCOMP");
      storm(20, 1);
      Await.until(
          "the canary missed",
          PATIENCE,
          () -> agent.get("/api/v1/status").contains("canary: was not seen"),
          agent::state);
      Await.until(
          "the warning of it",
          () ->
              agent.log().stream()
                  .anyMatch(line -> line.contains("level=warn msg=\"canary was not seen")));
      assertThat(published(agent.metrics())).isZero();
      assertThat(lost(agent.metrics())).as("the kernel counts no such record").isZero();

      settings.includeAll();
      Await.until(
          "the canary again",
          PATIENCE,
          () -> !agent.get("/api/v1/status").contains("canary: was not seen"),
          agent::state);
    }
  }

  @Test
  void what_a_full_backlog_refuses_is_in_the_books() throws Exception {
    try (AuditSettings settings = new AuditSettings();
        Auditd auditd = Auditd.start(directory, Auditd.Format.RAW);
        Agent agent = agent(auditd.source())) {
      settings.limitBacklog(16);
      long before = AuditSettings.lost();
      storm(4_000, 2);
      assertBalance("backlog", agent, 8_000, before);
    }
  }

  @Test
  void what_the_rate_limit_refuses_is_in_the_books_once() throws Exception {
    try (AuditSettings settings = new AuditSettings();
        Auditd auditd = Auditd.start(directory, Auditd.Format.RAW);
        Agent agent = agent(auditd.source())) {
      settings.limitRate(50);
      long before = AuditSettings.lost();
      storm(2_000, 1);
      assertBalance("rate limit", agent, 2_000, before);
    }
  }

  @Test
  void what_printk_suppresses_is_in_the_books_when_printk_says_it() throws Exception {
    KernelLog.awaitNoDaemon();
    KernelLog.awaitRoom(10);
    storm(1, 1); // what printk suppressed before is said now
    KernelLog.awaitRoom(10);
    try (Agent agent = agent("kmsg")) {
      KernelLog.awaitRoom(10);
      storm(500, 1);
      KernelLog.awaitRoom(10);
      storm(1, 1); // printk says what it suppressed when it next lets something pass
      awaitAll("kernel log", agent, 501);
      assertThat(lost(agent.metrics(), "reason", "printk_suppressed"))
          .isBetween(480.0, 500.0 + OTHERS);
    }
  }

  @Test
  void what_rsyslogs_own_limit_drops_is_in_the_books() throws Exception {
    try (Rsyslog rsyslog = Rsyslog.startLimited(directory, 5, 3)) {
      rsyslog.awaitRoom(10);
      storm(1, 1); // what printk suppressed before is said now
      rsyslog.awaitRoom(10);
      try (Agent agent = agent(rsyslog.source())) {
        rsyslog.awaitRoom(10);
        storm(200, 1);
        rsyslog.awaitRoom(10);
        storm(1, 1); // both say what they dropped when they next let something pass
        awaitAll("rsyslog", agent, 201);
        assertThat(lost(agent.metrics(), "reason", "syslog_rate_limit")).isPositive();
        assertThat(lost(agent.metrics(), "reason", "printk_suppressed")).isPositive();
      }
    }
  }

  @Test
  void what_two_complete_sources_both_lack_is_lost_once() throws Exception {
    try (AuditSettings settings = new AuditSettings();
        Auditd auditd = Auditd.start(directory, Auditd.Format.RAW);
        Agent agent = agent(auditd.source(), "--source", "audit-netlink")) {
      settings.limitRate(50);
      long before = AuditSettings.lost();
      storm(2_000, 1);
      assertBalance("rate limit, two sources", agent, 2_000, before);
    }
  }

  @Test
  void the_multicast_lacks_nothing_in_a_storm() throws Exception {
    KernelLog.awaitNoDaemon();
    try (Agent agent = agent("audit-netlink")) {
      storm(10_000, 2);
      awaitAll("multicast", agent, 20_000);
      assertThat(lost(agent.metrics())).as(agent.state()).isZero();
    }
  }

  @Test
  void what_overruns_the_multicasts_buffer_is_in_the_books() throws Exception {
    KernelLog.awaitNoDaemon();
    try (Agent agent = agent("audit-netlink")) {
      agent.suspend();
      storm(40_000, 2);
      agent.resume();
      AtomicInteger made = new AtomicInteger(80_000);
      Await.until(
          "the hole's size, which a record behind it shows",
          PATIENCE,
          () -> {
            storm(1, 1);
            made.incrementAndGet();
            return lost(agent.metrics()) > 1;
          },
          agent::state);
      awaitAll("multicast, reader stopped", agent, made.get());
      assertThat(lost(agent.metrics(), "reason", "socket_overrun")).isPositive();
    }
  }

  @Test
  void without_the_capability_the_kernel_is_not_asked_again_and_the_status_says_why()
      throws Exception {
    Command.needs("setpriv", "util-linux");
    try (Agent agent =
        Agent.startThrough(
            directory,
            List.of("setpriv", "--bounding-set", "-audit_control"),
            "--source",
            "kmsg",
            "--from",
            "end")) {
      JsonNode told = agent.json("/api/v1/status").path("kernel");
      assertThat(told.path("problem").asText()).contains("CAP_AUDIT_CONTROL");
      assertThat(told.has("lostSinceBoot")).isFalse();
      assertThat(agent.get("/metrics")).doesNotContain("seccomp_watch_kernel_audit_");
      assertThat(agent.log())
          .filteredOn(line -> line.contains("the kernel's audit counters are not read"))
          .singleElement()
          .asString()
          .contains("level=info");
    }
  }

  /** Lost as the kernel counts it, and beyond that only what others on this machine made. */
  private static void assertBalance(String what, Agent agent, int made, long lostBefore)
      throws Exception {
    awaitAll(what, agent, made);
    long now = AuditSettings.lost();
    Await.until(
        "the kernel's own figure",
        PATIENCE,
        () -> agent.json("/api/v1/status").path("kernel").path("lostSinceBoot").asLong() >= now,
        agent::state);
    Metrics metrics = agent.metrics();
    double kernel = (double) now - lostBefore;
    assertThat(kernel).as("the kernel lost some, else this shows nothing").isPositive();
    assertThat(lost(metrics)).as(agent.state()).isBetween(kernel - OTHERS, kernel + OTHERS);
    JsonNode told = agent.json("/api/v1/status").path("kernel");
    assertThat(told.path("auditdPid").asLong()).isEqualTo(KernelLog.daemon());
    assertThat(metrics.sum("seccomp_watch_kernel_audit_daemon_registered")).isEqualTo(1);
  }

  private static void awaitAll(String what, Agent agent, int made) throws Exception {
    Await.until(
        "all " + made + " records published or known to be lost",
        PATIENCE,
        () -> published(agent.metrics()) + lost(agent.metrics()) >= made,
        () -> "published " + balance(agent) + "\n" + agent.state());
    Metrics metrics = agent.metrics();
    System.out.printf("%s: made %d, %s%n", what, made, balance(agent));
    assertThat(published(metrics) + lost(metrics))
        .as(agent.state())
        .isBetween((double) made, (double) made + OTHERS);
    metrics.assertBooksBalance();
  }

  private static String balance(Agent agent) {
    try {
      Metrics metrics = agent.metrics();
      return "published %.0f, lost %.0f: %s"
          .formatted(
              published(metrics),
              lost(metrics),
              agent.json("/api/v1/status").path("balance").path("lost"));
    } catch (Exception e) {
      return e.toString();
    }
  }

  private Agent agent(String source, String... more) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--source", source, "--from", "end"));
    arguments.addAll(List.of(more));
    return Agent.start(directory, arguments.toArray(String[]::new));
  }

  private void storm(int calls, int processes) throws Exception {
    Command.run(
        directory,
        List.of(
            Probe.logStorm().toString(),
            NUMBER,
            Integer.toString(calls),
            Integer.toString(processes)));
  }

  private static double published(Metrics metrics) {
    return metrics.sum("seccomp_logged_syscalls_total", "syscall", CALL);
  }

  private static double lost(Metrics metrics, String... labels) {
    return metrics.sum("seccomp_watch_records_lost_total", labels);
  }
}
