package io.seccompwatch.cli;

import io.seccompwatch.doctor.AgentReport;
import io.seccompwatch.doctor.Finding;
import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.Report;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A doctor's report for people: in the order of a record's way, what is wrong in capitals. */
final class DoctorText {

  private static final int SUBJECT = 16;

  private DoctorText() {}

  /** Prints a report; what came from files and servers is escaped. */
  static void print(Report report, PrintWriter out) {
    line(
        out,
        "seccomp-watch doctor: node %s, kernel %s, seccomp-watch %s"
            .formatted(
                Terminal.safe(report.node()),
                Terminal.safe(report.kernel()),
                Terminal.safe(report.version())));
    line(out, "verdict: " + Terminal.safe(report.verdict().text()));
    Section section = null;
    for (Finding finding : report.findings()) {
      if (finding.section() != section) {
        section = finding.section();
        line(out, "");
        line(out, section.label());
      }
      print(finding, out);
    }
    line(out, "");
    line(out, "verdict: " + Terminal.safe(report.verdict().text()));
  }

  /** Prints what was found of agents that run, one after the other. */
  static void print(AgentReport report, PrintWriter out) {
    line(
        out,
        "seccomp-watch doctor: agents at %s, seccomp-watch %s"
            .formatted(Terminal.safe(report.url()), Terminal.safe(report.version())));
    line(out, "verdict: " + Terminal.safe(report.verdict()));
    for (AgentReport.Agent agent : report.agents()) {
      line(out, "");
      line(out, Terminal.safe(agent.address()));
      agent.findings().forEach(finding -> print(finding, out));
    }
    line(out, "");
    line(out, "verdict: " + Terminal.safe(report.verdict()));
  }

  private static void print(Finding finding, PrintWriter out) {
    String level = finding.level().label();
    String mark = finding.level().isBad() ? level.toUpperCase(Locale.ROOT) : level;
    String subject = Terminal.safe(finding.subject());
    line(out, "  %-7s  %-" + SUBJECT + "s  %s", mark, subject, Terminal.safe(finding.what()));
    @Nullable String remedy = finding.remedy();
    if (remedy != null) {
      line(out, "  %-7s  %-" + SUBJECT + "s  -> %s", "", "", Terminal.safe(remedy));
    }
  }

  private static void line(PrintWriter out, String format, String... values) {
    out.print((values.length == 0 ? format : format.formatted((Object[]) values)) + "\n");
  }
}
