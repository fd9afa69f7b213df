package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every source on every system, and every switch both ways: what is rendered are objects that
 * Kubernetes knows, without a field too many.
 */
class MatrixTest {

  /** What each system refuses, with a sentence; see {@link RefusalTest}. */
  private static final Map<String, Set<String>> REFUSED =
      Map.of(
          "generic", Set.of(),
          "ubuntu", Set.of(),
          "al2023", Set.of("syslog", "kmsg"),
          "rhel", Set.of("syslog", "kmsg"),
          "openshift", Set.of("syslog", "kmsg"),
          "cos", Set.of("audit-log", "syslog"),
          "talos", Set.of("audit-log", "syslog", "kmsg"),
          "bottlerocket", Set.of("audit-log", "syslog"),
          "flatcar", Set.of("audit-log", "syslog"));

  @TestFactory
  List<DynamicTest> every_source_on_every_system() {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode system : Chart.schema().at("/properties/nodeSystem/enum")) {
      for (JsonNode source : Chart.schema().at("/properties/source/enum")) {
        String values =
            "{nodeSystem: %s, source: %s, acceptPrivileged: %s, auditRulesChanged: true}"
                .formatted(system.asText(), source.asText(), source.asText().equals("kmsg"));
        boolean refused = REFUSED.getOrDefault(system.asText(), Set.of()).contains(source.asText());
        tests.add(
            DynamicTest.dynamicTest(
                values,
                () -> {
                  if (refused) {
                    assertThat(Chart.refusal(values)).contains(" brings nothing with nodeSystem ");
                  } else {
                    isSound(values);
                  }
                }));
      }
    }
    return tests;
  }

  @TestFactory
  List<DynamicTest> every_switch_both_ways() {
    return ValueSets.switches().stream()
        .map(values -> DynamicTest.dynamicTest(values, () -> isSound(values)))
        .toList();
  }

  private static void isSound(String values) {
    Manifests manifests = Chart.render(values);
    assertThat(manifests.all()).isNotEmpty();
    for (JsonNode manifest : manifests.all()) {
      assertThat(KubernetesModels.complaint(manifest)).as(manifest.toPrettyString()).isNull();
    }
  }
}
