package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.linux.AuditControl.AuditStatus;
import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real kernel's audit, beside what auditctl shows of it. */
@Tag("node")
class AuditControlNodeTest {

  @BeforeEach
  void needsRootOfTheNode() {
    assumeTrue(
        Machine.current() != null
            && Files.isWritable(Path.of("/proc/sys/kernel/printk"))
            && Files.isExecutable(Path.of("/sbin/auditctl")),
        "needs root on Linux on x86_64 or aarch64, and auditctl: apt-get install auditd");
  }

  @Test
  void tellsTheStatusThatAuditctlShows() throws Exception {
    AuditStatus status = AuditControl.status();
    Map<String, Long> shown = new HashMap<>();
    for (String line : run("auditctl", "-s").lines().toList()) {
      String[] words = line.split(" ", -1);
      if (words.length == 2) {
        shown.put(words[0], Long.parseLong(words[1]));
      }
    }
    assertThat(shown)
        .containsEntry("enabled", (long) status.enabled())
        .containsEntry("failure", (long) status.failure())
        .containsEntry("rate_limit", status.rateLimit())
        .containsEntry("backlog_limit", status.backlogLimit())
        .containsEntry("lost", status.lost())
        .containsEntry("backlog_wait_time", status.backlogWaitTime())
        .containsKey("pid");
  }

  @Test
  void listsTheRulesThatAuditctlLists() throws Exception {
    // Each is of no consequence: no message has that type
    List<String[]> rules =
        List.of(
            new String[] {"always,exclude", "-F", "msgtype=2801"},
            new String[] {"always,exclude", "-F", "msgtype=2802", "-F", "exe=/usr/bin/none"});
    List<String[]> made = new ArrayList<>();
    try {
      for (String[] rule : rules) {
        run(command("-a", rule));
        made.add(rule);
      }
      assertThat(AuditControl.rules().stream().map(AuditRule::text))
          .contains(
              "-a always,exclude -F msgtype=2801",
              "-a always,exclude -F msgtype=2802 -F exe=/usr/bin/none")
          .hasSize((int) run("auditctl", "-l").lines().filter(l -> l.startsWith("-")).count());
    } finally {
      for (String[] rule : made) {
        run(command("-d", rule));
      }
    }
    assertThat(AuditControl.rules().stream().map(AuditRule::text))
        .noneMatch(t -> t.contains("280"));
  }

  @ParameterizedTest
  @CsvSource({
    "setpriv --bounding-set -audit_control --inh-caps -audit_control, NOT_PERMITTED",
    "unshare --pid --fork --mount-proc, PID_NAMESPACE",
    "unshare --user --map-root-user, USER_NAMESPACE",
    "unshare --net, answered",
  })
  void isRefusedWithTheReasonWhereTheKernelDoes(String prefix, String reason) throws Exception {
    List<String> command = new ArrayList<>(List.of(prefix.split(" ", -1)));
    command.addAll(Probe.command());
    String printed = run(command.toArray(String[]::new)).strip();
    assertThat(printed).startsWith(reason);
  }

  @Test
  void isAnsweredInAnInstantEachTime() throws Exception {
    for (int i = 0; i < 100; i++) {
      assertThat(AuditControl.status().backlogLimit()).isNotNegative();
      assertThat(AuditControl.rules()).isNotNull();
    }
  }

  private static String[] command(String operation, String[] rule) {
    return Stream.concat(Stream.of("auditctl", operation), Stream.of(rule)).toArray(String[]::new);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + printed).isZero();
    return printed;
  }

  /** What another process sees, started in other namespaces or with less. */
  static final class Probe {

    private Probe() {}

    static List<String> command() {
      return List.of(
          Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "--enable-native-access=ALL-UNNAMED",
          "-cp",
          System.getProperty("java.class.path"),
          Probe.class.getName());
    }

    public static void main(String[] arguments) {
      try {
        System.out.println("answered " + AuditControl.status());
      } catch (AuditUnavailableException e) {
        System.out.println(e.reason() + " " + e.getMessage());
      }
    }
  }
}
