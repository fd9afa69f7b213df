package io.seccompwatch.doctor;

import io.seccompwatch.doctor.NodeFiles.Content;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * rsyslog: whether it reads the kernel's log, and what it drops. Its configuration is searched as
 * text, in both its languages: {@code $ModLoad imklog} and {@code module(load="imklog")}; what
 * conditions around a setting mean is not understood.
 */
record SyslogCheck(NodeFiles node, Processes processes) implements Check {

  private static final List<String> KERNEL_INPUTS = List.of("imklog", "imjournal", "imkmsg");

  /** Settings of a limit, in lower case; those of imuxsock do not touch the kernel's messages. */
  private static final List<String> LIMITS =
      List.of("$imjournalratelimitinterval", "ratelimit.interval");

  @Override
  public List<Finding> run() {
    if (processes.pid("syslog-ng").isPresent()) {
      return List.of(Finding.ok(Section.DAEMONS, "syslog-ng", "runs"));
    }
    if (processes.pid("rsyslogd").isEmpty()) {
      return processes.ofNode()
          ? List.of(Finding.ok(Section.DAEMONS, "rsyslog", "does not run"))
          : List.of(
              Finding.unknown(Section.DAEMONS, "rsyslog", "is not to be seen from here", null));
    }
    String running = "runs, PID " + processes.pid("rsyslogd").orElseThrow();
    List<Content> files = node.configuration("etc/rsyslog.conf", "etc/rsyslog.d");
    if (files.isEmpty()) {
      return List.of(
          Finding.unknown(
              Section.DAEMONS,
              "rsyslog",
              running + "; " + node.host("etc/rsyslog.conf") + " cannot be read",
              null));
    }
    List<String> lines =
        files.stream()
            .flatMap(file -> file.lines().stream())
            .filter(line -> !line.isEmpty() && !line.startsWith("#"))
            .map(line -> line.toLowerCase(Locale.ROOT))
            .toList();
    return judge(running, lines);
  }

  private static List<Finding> judge(String running, List<String> lines) {
    List<Finding> findings = new ArrayList<>();
    List<String> inputs = KERNEL_INPUTS.stream().filter(name -> loads(lines, name)).toList();
    findings.add(
        inputs.isEmpty()
            ? Finding.problem(
                Section.DAEMONS,
                "rsyslog",
                running + "; no input for the kernel's log is loaded: its files have no records",
                "load one in rsyslog.conf: module(load=\"imklog\"), or read another source")
            : Finding.ok(
                Section.DAEMONS,
                "rsyslog",
                running + "; reads the kernel's log by " + String.join(", ", inputs)));
    List<String> limits =
        lines.stream()
            .filter(line -> LIMITS.stream().anyMatch(line::contains))
            .filter(line -> !isOff(line))
            .toList();
    boolean journal = inputs.contains("imjournal");
    if (journal && (!limits.isEmpty() || lines.stream().noneMatch(SyslogCheck::isLimit))) {
      findings.add(
          Finding.note(
              Section.DAEMONS,
              "rsyslog",
              "imjournal drops messages in a burst ("
                  + (limits.isEmpty() ? "by default beyond 20000 in 600 s" : limits.getFirst())
                  + ")",
              "set ratelimit.interval=\"0\" where imjournal is loaded"));
    }
    return findings;
  }

  private static boolean loads(List<String> lines, String module) {
    return lines.stream()
        .anyMatch(
            line ->
                (line.startsWith("$modload") || line.startsWith("module("))
                    && line.contains(module));
  }

  private static boolean isLimit(String line) {
    return LIMITS.stream().anyMatch(line::contains);
  }

  private static boolean isOff(String line) {
    return Stream.of("ratelimit.interval=\"0\"", "ratelimitinterval 0").anyMatch(line::contains);
  }
}
