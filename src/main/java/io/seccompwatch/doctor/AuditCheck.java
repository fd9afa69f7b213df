package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.NodeFiles.Content;
import io.seccompwatch.linux.AuditControl.AuditStatus;
import io.seccompwatch.linux.AuditRule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The kernel's audit system: its limits, whoever takes its records, and what its rules exclude. */
record AuditCheck(NodeFiles node, AuditState kernel) implements Check {

  /** The kernel's own default, which a burst of records overflows. */
  private static final long DEFAULT_BACKLOG = 64;

  private static final String FOR_GOOD =
      "delete the line from /etc/audit/rules.d (on Bottlerocket and Flatcar from the system's"
          + " settings)";

  private static final String CONFIGURED = FOR_GOOD + ", then augenrules --load";

  /** AUDIT_LOCKED: the rules stay as they are until the next boot. */
  private static final int LOCKED = 2;

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    AuditStatus status = kernel.status();
    if (status == null) {
      findings.add(
          Finding.unknown(
              Section.AUDIT,
              "kernel",
              "its status and rules are not known: " + kernel.why(),
              "for these lines alone, run doctor with the capability AUDIT_CONTROL"));
    } else {
      findings.addAll(status(status));
    }
    findings.addAll(loaded());
    findings.addAll(configured(status == null));
    return findings;
  }

  private List<Finding> loaded() {
    if (kernel.why() != null) {
      return kernel.status() == null
          ? List.of() // Said above
          : List.of(Finding.unknown(Section.AUDIT, "rules", kernel.why(), null));
    }
    List<Finding> findings = new ArrayList<>();
    AuditStatus status = kernel.status();
    boolean locked = status != null && status.enabled() == LOCKED;
    for (AuditRule rule : kernel.rules()) {
      String remedy =
          locked
              ? FOR_GOOD + ", and reboot: the rules are locked (enabled 2)"
              : rule.deletion() + "; for good, " + FOR_GOOD;
      String what = "loaded: " + rule.text() + ": ";
      if (rule.excludesSeccomp()) {
        findings.add(
            Finding.blind(
                Section.AUDIT, "rules", what + "every record of seccomp's is dropped", remedy));
      } else if (rule.excludesSomeSeccomp()) {
        findings.add(
            Finding.problem(
                Section.AUDIT, "rules", what + "some of seccomp's records are dropped", remedy));
      }
    }
    return findings.isEmpty()
        ? List.of(
            Finding.ok(Section.AUDIT, "rules", "none that is loaded excludes seccomp's records"))
        : findings;
  }

  private List<Finding> status(AuditStatus status) {
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Finding.ok(
            Section.AUDIT,
            "kernel",
            "enabled " + status.enabled() + " (seccomp logs either way), " + taker(status.pid())));
    if (status.backlogLimit() > 0 && status.backlogLimit() <= DEFAULT_BACKLOG) {
      findings.add(
          new Finding(
              Section.AUDIT,
              "backlog",
              kernel.hasDaemon() ? Level.PROBLEM : Level.NOTE,
              "only " + status.backlogLimit() + " records may wait: a burst is lost",
              "auditctl -b 8192, and for good -b 8192 in /etc/audit/rules.d or"
                  + " audit_backlog_limit=8192 on the kernel's command line"));
    }
    if (status.rateLimit() > 0) {
      findings.add(
          Finding.problem(
              Section.AUDIT,
              "rate limit",
              "only " + status.rateLimit() + " records a second pass",
              "auditctl -r 0, and for good no -r in /etc/audit/rules.d"));
    }
    if (status.lost() > 0) {
      findings.add(
          Finding.note(
              Section.AUDIT,
              "lost",
              "the kernel lost " + status.lost() + " audit records since boot",
              "raise the backlog limit: auditctl -b 8192; auditctl --reset-lost begins anew"));
    }
    return findings;
  }

  private String taker(long pid) {
    if (pid == 0) {
      return "no daemon is registered: records go to the kernel's log";
    }
    String comm = node.proc(pid + "/comm").word();
    return "registered for the records: "
        + (comm == null ? "PID " : comm + ", PID ")
        + pid
        + ": none goes to the kernel's log";
  }

  /** Rules in files: they say what will be loaded, not what is. */
  private List<Finding> configured(boolean onlyThese) {
    List<Path> files =
        Stream.concat(
                Stream.of(node.host("etc/audit/audit.rules")),
                NodeFiles.list(node.host("etc/audit/rules.d"), ".rules").stream())
            .toList();
    Map<String, Finding> byRule = new LinkedHashMap<>();
    int read = 0;
    for (Path file : files) {
      Content content = NodeFiles.read(file);
      read += content.text() == null ? 0 : 1;
      for (String line : content.lines()) {
        AuditRuleLine rule = AuditRuleLine.of(line);
        if (rule != null) {
          byRule.putIfAbsent(line, finding(file, line, rule));
        }
      }
    }
    if (byRule.isEmpty() && onlyThese && read > 0) {
      return List.of(
          Finding.ok(
              Section.AUDIT, "rules", "none in " + read + " files excludes seccomp's records"));
    }
    return List.copyOf(byRule.values());
  }

  private static Finding finding(Path file, String line, AuditRuleLine rule) {
    String what = "configured in " + file + ": " + line + ": ";
    return rule.conditional()
        ? Finding.note(
            Section.AUDIT, "rules", what + "some of seccomp's records may be dropped", CONFIGURED)
        : Finding.problem(
            Section.AUDIT,
            "rules",
            what + "once loaded, seccomp's records are dropped",
            CONFIGURED);
  }

  /**
   * A line of an audit rules file (auditctl(8)) that keeps records of type 1326 from being written:
   * {@code -a always,exclude -F msgtype=SECCOMP}, or a range of types. In this list {@code never}
   * excludes, too (audit_filter() in kernel/auditfilter.c).
   *
   * @param conditional whether other fields narrow it, so that it may hit only some records
   */
  record AuditRuleLine(boolean conditional) {

    private static final int SECCOMP = 1326;
    private static final List<String> APPENDING = List.of("-a", "-A");

    /** In the order in which they must be tried: {@code <=} begins with {@code <}. */
    private static final List<String> OPERATORS = List.of("!=", "<=", ">=", "=", "<", ">");

    private enum Match {
      YES,
      NO,
      PERHAPS
    }

    /** Returns the way in which a line excludes seccomp records; null when it does not. */
    static @Nullable AuditRuleLine of(String line) {
      List<String> words = Stream.of(line.strip().split("\\s+", -1)).toList();
      int at = 0;
      boolean excluding = false;
      List<Match> fields = new ArrayList<>();
      while (at < words.size() && !words.get(at).startsWith("#")) {
        String value = at + 1 < words.size() ? words.get(at + 1) : "";
        if (APPENDING.contains(words.get(at))) {
          List<String> how = List.of(value.split(",", -1));
          excluding = how.contains("exclude");
          at++;
        } else if (words.get(at).equals("-F")) {
          fields.add(match(value));
          at++;
        }
        at++;
      }
      // With no condition at all the kernel matches nothing
      if (!excluding || fields.isEmpty() || fields.contains(Match.NO)) {
        return null;
      }
      return new AuditRuleLine(fields.contains(Match.PERHAPS));
    }

    private static Match match(String field) {
      if (!field.startsWith("msgtype")) {
        return field.isEmpty() ? Match.NO : Match.PERHAPS;
      }
      String rest = field.substring("msgtype".length());
      for (String operator : OPERATORS) {
        if (rest.startsWith(operator)) {
          int type = type(rest.substring(operator.length()));
          if (type < 0) { // another's name: equal to none of ours, and nobody knows on which side
            return switch (operator) {
              case "=" -> Match.NO;
              case "!=" -> Match.YES;
              default -> Match.PERHAPS;
            };
          }
          boolean hit =
              switch (operator) {
                case "=" -> type == SECCOMP;
                case "!=" -> type != SECCOMP;
                case "<" -> SECCOMP < type;
                case "<=" -> SECCOMP <= type;
                case ">" -> SECCOMP > type;
                default -> SECCOMP >= type;
              };
          return hit ? Match.YES : Match.NO;
        }
      }
      return Match.PERHAPS;
    }

    /** A type's number; -1 for a name that is another's. */
    private static int type(String text) {
      if (text.equals("SECCOMP")) {
        return SECCOMP;
      }
      try {
        return Integer.parseInt(text);
      } catch (NumberFormatException e) {
        return -1;
      }
    }
  }
}
