package io.seccompwatch.doctor;

import io.seccompwatch.doctor.NodeFiles.Content;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * systemd-journald (journald.conf(5)). The agent does not read the journal, so this says only what
 * is different on a node where nothing else writes records.
 *
 * @param filesWrite whether auditd or a syslog daemon runs besides
 */
record JournalCheck(NodeFiles node, Processes processes, boolean filesWrite) implements Check {

  /** {@code systemd-journald}, cut to the 15 bytes of a comm. */
  static final String COMM = "systemd-journal";

  private static final List<String> KEYS =
      List.of("Audit", "RateLimitIntervalSec", "RateLimitBurst", "Storage");

  @Override
  public List<Finding> run() {
    if (processes.pid(COMM).isEmpty()) {
      return processes.ofNode()
          ? List.of(Finding.ok(Section.DAEMONS, "journald", "does not run"))
          : List.of(
              Finding.unknown(Section.DAEMONS, "journald", "is not to be seen from here", null));
    }
    List<String> set = new ArrayList<>();
    settings().forEach((key, value) -> set.add(key + "=" + value));
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.ok(
            Section.DAEMONS,
            "journald",
            "runs, PID "
                + processes.pid(COMM).orElseThrow()
                + (set.isEmpty() ? "; all defaults" : "; " + String.join(", ", set))));
    if (processes.ofNode() && !filesWrite) {
      findings.add(
          Finding.note(
              Section.DAEMONS,
              "journald",
              "only the journal keeps records here, and the agent does not read it",
              "read --source audit-netlink (AUDIT_READ and hostNetwork), or kmsg (privileged)"));
    }
    return findings;
  }

  /** The last setting of a key wins, as in systemd. */
  private Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    List<Content> files =
        node.configuration(
            "etc/systemd/journald.conf",
            "usr/lib/systemd/journald.conf.d",
            "run/systemd/journald.conf.d",
            "etc/systemd/journald.conf.d");
    for (Content file : files) {
      for (String line : file.lines()) {
        int equals = line.indexOf('=');
        if (equals > 0 && KEYS.contains(line.substring(0, equals).strip())) {
          settings.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        }
      }
    }
    return settings;
  }
}
