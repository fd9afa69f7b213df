package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Level;
import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.NodeFiles.Content;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which actions the kernel logs ({@code kernel.seccomp.actions_logged},
 * Documentation/userspace-api/seccomp_filter.rst; since Linux 4.14).
 */
record LoggedActions(NodeFiles node) implements Check {

  private static final String LOG = "log";

  /** {@code allow} cannot be logged. */
  private static final String ALLOW = "allow";

  /** The available actions that leave no record; empty when that cannot be read. */
  List<String> silent() {
    List<String> logged = words(node.proc("sys/kernel/seccomp/actions_logged"));
    return words(node.proc("sys/kernel/seccomp/actions_avail")).stream()
        .filter(action -> !action.equals(ALLOW) && !logged.contains(action))
        .toList();
  }

  /** Whether the canary's action is among them. */
  boolean silencesCanary() {
    return silent().contains(LOG);
  }

  @Override
  public List<Finding> run() {
    Content logged = node.proc("sys/kernel/seccomp/actions_logged");
    Content available = node.proc("sys/kernel/seccomp/actions_avail");
    if (logged.text() == null || available.text() == null) {
      return List.of(
          Finding.unknown(
              Section.KERNEL,
              "actions_logged",
              logged.path() + ": " + logged.why(),
              "it is there since Linux 4.14; give the node's procfs with --proc"));
    }
    List<String> silent = silent();
    if (silent.isEmpty()) {
      return List.of(Finding.ok(Section.KERNEL, "actions_logged", String.join(" ", words(logged))));
    }
    List<String> all = words(available).stream().filter(a -> !a.equals(ALLOW)).toList();
    String remedy = "sysctl -w kernel.seccomp.actions_logged=\"" + String.join(" ", all) + "\"";
    List<Finding> findings = new ArrayList<>();
    List<String> denials = silent.stream().filter(a -> !a.equals(LOG)).toList();
    if (!denials.isEmpty()) {
      boolean none = denials.size() == all.stream().filter(a -> !a.equals(LOG)).count();
      findings.add(
          new Finding(
              Section.KERNEL,
              "actions_logged",
              none ? Level.BLIND : Level.PROBLEM,
              "lacks " + String.join(", ", denials) + ": denials of that kind leave no record",
              remedy));
    }
    if (silent.contains(LOG)) {
      findings.add(
          Finding.problem(
              Section.KERNEL,
              "actions_logged",
              "lacks log: calls that a profile allows and logs leave no record, nor does the"
                  + " canary",
              remedy));
    }
    return findings;
  }

  private static List<String> words(Content content) {
    String text = content.word();
    return text == null
        ? List.of()
        : Stream.of(text.split("\\s+", -1)).filter(w -> !w.isEmpty()).toList();
  }
}
