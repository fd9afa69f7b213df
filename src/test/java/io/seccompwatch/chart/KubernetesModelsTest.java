package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The judge of the other tests: a field too many is noticed, wherever it is. */
class KubernetesModelsTest {

  /** Whose keys are anybody's. */
  private static final Set<String> MAPS =
      Set.of(
          "labels",
          "annotations",
          "matchLabels",
          "nodeSelector",
          "selector",
          "data",
          "limits",
          "requests");

  private static final String EVERYTHING =
      """
      nodeSystem: openshift
      source: audit-netlink
      namespaceOverride: other
      namespace: {create: true}
      podMonitor: {enabled: true}
      tls: {enabled: true, secretName: certificate}
      """;

  @TestFactory
  List<DynamicTest> notices_a_field_that_kubernetes_does_not_have() {
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonNode manifest : Chart.render(EVERYTHING).all()) {
      for (List<String> path : objects(manifest)) {
        JsonNode more = manifest.deepCopy();
        ((ObjectNode) more.at(pointer(path))).put("fieldThatIsNone", 1);
        tests.add(
            DynamicTest.dynamicTest(
                manifest.get("kind").asText() + pointer(path),
                () -> assertThat(KubernetesModels.complaint(more)).contains("fieldThatIsNone")));
      }
    }
    return tests;
  }

  private static String pointer(List<String> path) {
    return path.isEmpty() ? "" : "/" + String.join("/", path);
  }

  private static List<List<String>> objects(JsonNode node) {
    List<List<String>> found = new ArrayList<>();
    if (node.isObject()) {
      found.add(List.of());
    }
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        keys.add(Integer.toString(i));
      }
    }
    for (String key : keys) {
      JsonNode child = node.isArray() ? node.get(Integer.parseInt(key)) : node.get(key);
      if (!MAPS.contains(key) || (key.equals("selector") && child.has("matchLabels"))) {
        for (List<String> below : objects(child)) {
          List<String> path = new ArrayList<>(List.of(key));
          path.addAll(below);
          found.add(path);
        }
      }
    }
    return found;
  }
}
