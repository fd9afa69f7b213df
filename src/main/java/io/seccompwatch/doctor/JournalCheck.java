package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * systemd-journald (journald.conf(5)). The agent does not read the journal: of its settings those
 * are told that keep records from a syslog daemon that lives on it. RateLimitIntervalSec and
 * RateLimitBurst are none of them, because they hold for units, and these messages have none
 * (dispatch_message_real() in journald-server.c).
 *
 * @param settings its configuration, by the names of its keys
 * @param filesWrite whether auditd or a syslog daemon runs besides
 * @param journalRead whether rsyslog reads the journal or is handed what comes there
 */
record JournalCheck(
    Processes processes, Map<String, String> settings, boolean filesWrite, boolean journalRead)
    implements Check {

  /** {@code systemd-journald}, cut to the 15 bytes of a comm. */
  static final String COMM = "systemd-journal";

  private static final String NAME = "journald";
  private static final List<String> NO = List.of("no", "false", "off", "0", "n", "f");

  /** Levels that leave out LOG_NOTICE, at which audit records come. */
  private static final List<String> TOO_HIGH =
      List.of("emerg", "alert", "crit", "err", "warning", "0", "1", "2", "3", "4");

  /** Whether it hands messages on to a syslog daemon; Debian's package switches that on. */
  static boolean handsOn(Map<String, String> settings) {
    return settings.containsKey("ForwardToSyslog") && !NO.contains(settings.get("ForwardToSyslog"));
  }

  @Override
  public List<Finding> run() {
    if (processes.pid(COMM).isEmpty()) {
      return processes.ofNode()
          ? List.of(Finding.ok(Section.DAEMONS, NAME, "does not run"))
          : List.of(Finding.unknown(Section.DAEMONS, NAME, "is not to be seen from here", null));
    }
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.ok(Section.DAEMONS, NAME, "runs, PID " + processes.pid(COMM).orElseThrow()));
    if (processes.ofNode() && !filesWrite) {
      findings.add(
          Finding.note(
              Section.DAEMONS,
              NAME,
              "only the journal keeps records here, and the agent does not read it",
              "read --source audit-netlink (AUDIT_READ and hostNetwork), or kmsg (privileged)"));
    }
    if (journalRead) {
      findings.addAll(inTheWay());
    }
    return findings;
  }

  private List<Finding> inTheWay() {
    List<String> why = new ArrayList<>();
    if ("none".equals(settings.get("Storage")) && !handsOn(settings)) {
      why.add("Storage=none");
    }
    if (NO.contains(settings.getOrDefault("ReadKMsg", "yes"))) {
      why.add("ReadKMsg=no");
    }
    for (String key : List.of("MaxLevelStore", "MaxLevelSyslog")) {
      if (TOO_HIGH.contains(settings.getOrDefault(key, "debug"))) {
        why.add(key + "=" + settings.get(key));
      }
    }
    if (why.isEmpty()) {
      return List.of();
    }
    return List.of(
        Finding.problem(
            Section.DAEMONS,
            NAME,
            String.join(", ", why) + ": it keeps records from rsyslog, which reads from it",
            "remove that from journald.conf, or load imklog in rsyslog.conf"));
  }

  /**
   * journald's configuration as systemd puts it together: the main file, then the additions of all
   * directories in the order of their names, of which a directory further down replaces those of
   * the same name.
   */
  static final class JournalConf {

    private static final String MAIN = "etc/systemd/journald.conf";
    private static final List<String> DIRECTORIES =
        List.of(
            "usr/lib/systemd/journald.conf.d",
            "usr/local/lib/systemd/journald.conf.d",
            "run/systemd/journald.conf.d",
            "etc/systemd/journald.conf.d");

    private JournalConf() {}

    /** The last value of every key; empty ones, which mean the default, are left out. */
    static Map<String, String> read(NodeFiles node) {
      Map<String, Path> additions = new TreeMap<>();
      for (String directory : DIRECTORIES) {
        NodeFiles.list(node.host(directory), ".conf")
            .forEach(file -> additions.put(String.valueOf(file.getFileName()), file));
      }
      Map<String, String> settings = new HashMap<>();
      add(node.host(MAIN), settings);
      additions.values().forEach(file -> add(file, settings));
      return settings;
    }

    private static void add(Path file, Map<String, String> settings) {
      for (String line : NodeFiles.read(file).lines()) {
        int equals = line.indexOf('=');
        if (equals > 0 && !line.startsWith("#") && !line.startsWith(";")) {
          String value = line.substring(equals + 1).strip();
          String key = line.substring(0, equals).strip();
          if (value.isEmpty()) {
            settings.remove(key);
          } else {
            settings.put(key, value);
          }
        }
      }
    }
  }
}
