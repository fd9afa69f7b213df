package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.Namespaces.Kind;
import io.seccompwatch.doctor.Self.Capability;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Who this process is on the node: its user, capabilities, namespaces and procfs. */
record RightsCheck(NodeFiles node, Self self, Namespaces namespaces, Processes processes, Lsm lsm)
    implements Check {

  /** What is worth telling that it is missing. */
  private static final Set<Capability> TELLING =
      EnumSet.of(
          Capability.AUDIT_READ, Capability.AUDIT_CONTROL, Capability.SYSLOG, Capability.NET_ADMIN);

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    if (!self.known()) {
      findings.add(
          Finding.unknown(
              Section.RIGHTS,
              "process",
              node.proc().resolve("self/status") + " cannot be read",
              "give the node's procfs with --proc"));
    } else {
      findings.add(Finding.ok(Section.RIGHTS, "process", self.who() + lsm.confinement()));
      findings.add(capabilities());
    }
    for (Kind kind : Kind.values()) {
      findings.add(namespace(kind));
    }
    findings.addAll(procfs());
    return findings;
  }

  private Finding capabilities() {
    List<String> held =
        Stream.of(Capability.values()).filter(self::has).map(Capability::name).toList();
    List<String> missing =
        TELLING.stream()
            .filter(capability -> !self.has(capability))
            .map(capability -> capability + " (" + capability.use() + ")")
            .toList();
    String has = held.isEmpty() ? "none of use" : String.join(" ", held);
    return missing.isEmpty()
        ? Finding.ok(Section.RIGHTS, "capabilities", has)
        : Finding.note(
            Section.RIGHTS,
            "capabilities",
            has + "; without " + String.join(", ", missing),
            "add one only for what stands beside it");
  }

  private Finding namespace(Kind kind) {
    String subject = kind.label() + " namespace";
    return switch (namespaces.place(kind)) {
      case INITIAL -> Finding.ok(Section.RIGHTS, subject, "the node's");
      case UNKNOWN -> Finding.unknown(Section.RIGHTS, subject, "cannot be told", null);
      case OTHER -> other(kind, subject);
    };
  }

  private static Finding other(Kind kind, String subject) {
    return switch (kind) {
      case NET ->
          Finding.note(
              Section.RIGHTS,
              subject,
              "not the machine's: audit-netlink and process events would hear nothing",
              "for these two: hostNetwork: true; on a node that is itself a container (kind,"
                  + " minikube, k3d) neither is to be had");
      case PID ->
          Finding.note(
              Section.RIGHTS,
              subject,
              "not the node's: no process events, and records name PIDs that only the node's"
                  + " procfs knows",
              "mount the node's /proc and give it with --proc; for process events hostPID: true");
      case USER ->
          Finding.note(
              Section.RIGHTS,
              subject,
              "not the node's: root here is nobody there, and capabilities do not reach audit",
              "for audit-netlink, kmsg and root's files: hostUsers: true");
      case CGROUP ->
          Finding.ok(Section.RIGHTS, subject, "not the node's, which the agent allows for");
      case TIME ->
          Finding.problem(
              Section.RIGHTS,
              subject,
              "not the node's: start times of processes are shifted against records",
              "run in the node's time namespace");
    };
  }

  private List<Finding> procfs() {
    List<Finding> findings = new ArrayList<>();
    findings.add(
        processes.ofNode()
            ? Finding.ok(
                Section.RIGHTS,
                "procfs",
                node.proc() + " is the node's, " + processes.byName().size() + " programs")
            : Finding.problem(
                Section.RIGHTS,
                "procfs",
                node.proc() + " does not show the node's processes: no record finds its container",
                "mount the node's /proc and give it with --proc, or hostPID: true"));
    String hiding = hiding();
    if (!hiding.isEmpty() && !self.has(Capability.SYS_PTRACE)) {
      findings.add(
          Finding.problem(
              Section.RIGHTS,
              "procfs",
              node.proc() + " is mounted with " + hiding + ": other users' processes are hidden",
              "mount it without hidepid, or add the capability SYS_PTRACE"));
    }
    return findings;
  }

  /** The hidepid option of the procfs (proc(5)), of its line in {@code self/mountinfo}. */
  private String hiding() {
    for (String line : node.proc("self/mountinfo").lines()) {
      String[] fields = line.split(" ", -1);
      boolean here = fields.length > 5 && fields[4].equals(node.proc().toString());
      if (here && line.contains(" - proc ")) {
        return Stream.of(fields[fields.length - 1].split(",", -1))
            .filter(option -> option.startsWith("hidepid=") && !isOff(option))
            .findFirst()
            .orElse("");
      }
    }
    return "";
  }

  private static boolean isOff(String option) {
    return option.equals("hidepid=0") || option.equals("hidepid=off");
  }
}
