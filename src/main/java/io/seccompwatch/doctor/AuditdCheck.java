package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.NodeFiles.Content;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * auditd and its configuration (auditd.conf(5)), as far as it decides what is in its log. q_depth
 * and overflow_action are not told: they are about its plugins, and its log is written before.
 */
record AuditdCheck(NodeFiles node, Processes processes) implements Check {

  private static final String USUAL_LOG = "/var/log/audit/audit.log";

  /** Actions by which auditd stops writing, or the node stops. */
  private static final List<String> STOPPING = List.of("suspend", "single", "halt");

  private static final List<String> ON_A_FULL_DISK =
      List.of(
          "space_left_action", "admin_space_left_action", "disk_full_action", "disk_error_action");

  @Override
  public List<Finding> run() {
    Content conf = NodeFiles.read(node.host(directory() + "/auditd.conf"));
    String running =
        processes
            .pid("auditd")
            .map(pid -> "runs, PID " + pid)
            .orElse(processes.ofNode() ? "does not run" : "is not to be seen from here");
    boolean idle = processes.ofNode() && processes.pid("auditd").isEmpty();
    if (conf.text() == null || idle) {
      return List.of(Finding.ok(Section.DAEMONS, "auditd", running + without(conf)));
    }
    List<Finding> findings = new ArrayList<>();
    Map<String, String> settings = settings(conf);
    String log = settings.getOrDefault("log_file", USUAL_LOG);
    String format = settings.getOrDefault("log_format", "ENRICHED");
    findings.add(
        Finding.ok(
            Section.DAEMONS, "auditd", running + "; log_file " + log + ", log_format " + format));
    if (!log.equals(USUAL_LOG)) {
      findings.add(
          Finding.note(
              Section.DAEMONS,
              "auditd",
              "writes to " + log + ", where auto does not look",
              "give --source audit-log=" + log));
    }
    if (format.equalsIgnoreCase("NOLOG")) {
      findings.add(
          Finding.problem(
              Section.DAEMONS,
              "auditd",
              "log_format = NOLOG: it writes no log",
              "set log_format = ENRICHED in auditd.conf, or read audit-netlink"));
    }
    for (String needed : List.of("write_logs", "local_events")) {
      if ("no".equalsIgnoreCase(settings.get(needed))) {
        findings.add(
            Finding.problem(
                Section.DAEMONS,
                "auditd",
                needed + " = no: its log has no records of this node",
                "set " + needed + " = yes in auditd.conf, or read audit-netlink"));
      }
    }
    findings.addAll(stops(settings));
    return findings;
  }

  /** Where auditd reads its configuration: {@code -c} of auditd(8), as it was started. */
  private String directory() {
    String text =
        processes.pid("auditd").map(pid -> node.proc(pid + "/cmdline").text()).orElse(null);
    List<String> words = text == null ? List.of() : List.of(text.split("\0", -1));
    int at = words.indexOf("-c");
    boolean given = at >= 0 && at + 1 < words.size() && words.get(at + 1).startsWith("/");
    return (given ? words.get(at + 1) : "/etc/audit").replaceFirst("^/+", "");
  }

  private static String without(Content conf) {
    return conf.text() != null || conf.missing() ? "" : "; " + conf.path() + ": " + conf.why();
  }

  private static List<Finding> stops(Map<String, String> settings) {
    List<Finding> findings = new ArrayList<>();
    String full = action(settings, "max_log_file_action");
    if ("rotate".equals(full) && List.of("0", "1").contains(action(settings, "num_logs"))) {
      findings.add(
          Finding.note(
              Section.DAEMONS,
              "auditd",
              "num_logs = " + settings.get("num_logs") + ": its log is not rotated and only grows",
              "set num_logs = 2 or more in auditd.conf"));
    }
    if ("suspend".equals(full)) {
      findings.add(
          Finding.problem(
              Section.DAEMONS,
              "auditd",
              "max_log_file_action = SUSPEND: it stops writing when its log is full",
              "set max_log_file_action = ROTATE in auditd.conf"));
    }
    List<String> stopping =
        ON_A_FULL_DISK.stream()
            .filter(key -> STOPPING.contains(action(settings, key)))
            .map(key -> key + " = " + settings.get(key))
            .toList();
    if (!stopping.isEmpty()) {
      findings.add(
          Finding.note(
              Section.DAEMONS,
              "auditd",
              "on a full disk it stops: " + String.join(", ", stopping),
              "watch the disk of its log, or read audit-netlink, which needs none"));
    }
    return findings;
  }

  private static String action(Map<String, String> settings, String key) {
    return settings.getOrDefault(key, "").toLowerCase(Locale.ROOT);
  }

  private static Map<String, String> settings(Content conf) {
    Map<String, String> settings = new HashMap<>();
    for (String line : conf.lines()) {
      int equals = line.indexOf('=');
      if (equals > 0 && !line.startsWith("#")) {
        settings.put(
            line.substring(0, equals).strip().toLowerCase(Locale.ROOT),
            line.substring(equals + 1).strip());
      }
    }
    return settings;
  }
}
