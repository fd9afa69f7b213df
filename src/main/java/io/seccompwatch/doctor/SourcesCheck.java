package io.seccompwatch.doctor;

import io.seccompwatch.config.SourceSelection;
import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.linux.AuditMulticast.Availability;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The sources that the agent reads with these options, whether each can be read, and those that
 * {@code auto} had to leave because they could not.
 *
 * @param left files that {@code auto} looked for and did not take
 * @param multicast whether the kernel's audit socket can be had
 */
record SourcesCheck(
    SourceSelection selection,
    List<Path> left,
    FileReadability access,
    Supplier<Availability> multicast)
    implements Check {

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    for (Chosen chosen : selection.sources()) {
      findings.add(chosen.kind() == Kind.AUDIT_NETLINK ? socket() : file(chosen));
    }
    if (selection.sources().isEmpty()) {
      findings.add(
          Finding.blind(
              Section.SOURCES,
              "auto",
              "nothing that this process may read has records",
              "root without capabilities for the files of auditd and syslog; AUDIT_READ and"
                  + " hostNetwork: true for audit-netlink"));
    }
    for (String why : selection.why()) {
      findings.add(Finding.ok(Section.SOURCES, "auto", why));
    }
    for (Path path : left) {
      FileReadability.Seen seen = access.look(path);
      if (!seen.readable() && Files.exists(path)) {
        findings.add(Finding.note(Section.SOURCES, "auto", seen.what(), seen.remedy()));
      }
    }
    return findings;
  }

  private Finding file(Chosen chosen) {
    FileReadability.Seen seen = access.look(chosen.path());
    Level level = seen.readable() ? Level.OK : Level.PROBLEM;
    return new Finding(Section.SOURCES, chosen.kind().label(), level, seen.what(), seen.remedy());
  }

  private Finding socket() {
    String name = Kind.AUDIT_NETLINK.label();
    return switch (multicast.get()) {
      case Availability.Available available -> {
        String doubt = available.doubt();
        yield doubt == null
            ? Finding.ok(Section.SOURCES, name, "the kernel's audit socket can be had")
            : Finding.note(Section.SOURCES, name, doubt, null);
      }
      case Availability.Unavailable unavailable ->
          Finding.problem(
              Section.SOURCES,
              name,
              unavailable.message(),
              "capability AUDIT_READ and hostNetwork: true; on a node that is itself a container"
                  + " (kind, minikube, k3d) read kmsg");
    };
  }
}
