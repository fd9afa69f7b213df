package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.posture.ContainerPosture;
import io.seccompwatch.posture.Mode;
import io.seccompwatch.posture.Posture;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Counts the containers that run by whether the kernel would write down their denials, with the
 * reasons why not. For one thread.
 */
final class ContainersCheck implements Check {

  private static final String SUBJECT = "containers";

  /** How many of a kind are named. */
  private static final int NAMED = 3;

  /** Reasons may repeat a profile's name: so many of them are told apart. */
  private static final int MAX_REASONS = 10;

  private final Supplier<Posture> postures;
  private int containers;
  private int unseen;

  /** A check that looks at the postures once, when it runs. */
  ContainersCheck(Supplier<Posture> postures) {
    this.postures = postures;
  }

  /** Containers that run, as far as the check has found them. */
  int containers() {
    return containers;
  }

  /** Containers of these whose denials are not certainly written down. */
  int unseen() {
    return unseen;
  }

  @Override
  public List<Finding> run() {
    Posture posture = postures.get();
    List<ContainerPosture> all = posture.containers();
    containers = all.size();
    List<Finding> findings = new ArrayList<>();
    long visible = all.stream().filter(ContainerPosture::denialsVisible).count();
    long without = all.stream().filter(container -> container.mode() == Mode.DISABLED).count();
    findings.add(
        Finding.ok(
            Section.CONTAINERS,
            SUBJECT,
            all.isEmpty()
                ? "none runs here, or none is to be seen from here"
                : "%d run; denials of %d would be written down, %d of them without a filter"
                    .formatted(all.size(), visible, without)));
    unseen = all.size() - (int) visible;
    Map<String, List<ContainerPosture>> silent =
        all.stream()
            .filter(container -> !container.denialsVisible())
            .collect(
                Collectors.groupingBy(ContainerPosture::reason, TreeMap::new, Collectors.toList()));
    silent.entrySet().stream()
        .limit(MAX_REASONS)
        .forEach(each -> findings.add(silent(each.getKey(), each.getValue())));
    if (silent.size() > MAX_REASONS || posture.skipped() > 0) {
      findings.add(
          Finding.note(
              Section.CONTAINERS,
              SUBJECT,
              "more reasons, or more containers, than are shown",
              "/api/v1/status of the agent has each container"));
    }
    return findings;
  }

  private static Finding silent(String reason, List<ContainerPosture> containers) {
    String names =
        containers.stream()
            .limit(NAMED)
            .map(ContainersCheck::name)
            .collect(Collectors.joining(", "));
    String more = containers.size() > NAMED ? " …" : "";
    return Finding.problem(
        Section.CONTAINERS,
        SUBJECT,
        "denials of %d are not written down: %s (%s%s)"
            .formatted(containers.size(), reason, names, more),
        "give them a Localhost profile with \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"] (runc 1.2 or"
            + " newer, crun), or let its actions be logged");
  }

  private static String name(ContainerPosture container) {
    return container.named()
        ? container.namespace() + "/" + container.pod() + "/" + container.container()
        : container.containerId().substring(0, Math.min(12, container.containerId().length()));
  }
}
