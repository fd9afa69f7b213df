package io.seccompwatch.prometheus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The chart's alerts and dashboards as Helm renders them: the one place where the rules are.
 * Nothing is told of the chart's other objects. Immutable.
 */
public final class RenderedChart {

  /** Where the chart is. */
  static final Path CHART = Path.of("helm", "seccomp-watch");

  /** Both are off where the operator of Prometheus may not be there. */
  static final Map<String, Object> ON =
      Map.of("prometheusRule", Map.of("enabled", true), "dashboards", Map.of("enabled", true));

  /** A version of now; Helm's library takes an old one by itself. */
  private static final String KUBERNETES = "1.36.0";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<JsonNode> objects;

  private RenderedChart(List<JsonNode> objects) {
    this.objects = objects;
  }

  /** With the chart's own values, alerts and dashboards switched on. */
  public static RenderedChart withDefaults() throws IOException {
    return with(ON);
  }

  /** With the rules' {@code for} at zero, as for somebody who will not wait. */
  public static RenderedChart withoutWaiting() throws IOException {
    Map<String, Map<String, Object>> rules = new TreeMap<>();
    for (String alert : withDefaults().alertNames()) {
      rules.put(alert, Map.of("for", "0s"));
    }
    return with(
        Map.of(
            "prometheusRule",
            Map.of("enabled", true, "rules", rules),
            "dashboards",
            Map.of("enabled", true)));
  }

  /**
   * With these values over the chart's own.
   *
   * @throws IllegalStateException when Helm refuses them, with what it said
   */
  static RenderedChart with(Map<String, ?> values) throws IOException {
    Path file = Files.createTempFile("values", ".yaml");
    try {
      // JSON is YAML
      Files.writeString(file, JSON.writeValueAsString(values));
      String rendered =
          new Helm(CHART)
              .template()
              .withName("sw")
              .withNamespace("monitoring")
              .withKubeVersion(KUBERNETES)
              .withValuesFile(file)
              .call();
      return new RenderedChart(
          StreamSupport.stream(
                  new Load(LoadSettings.builder().build())
                      .loadAllFromString(rendered == null ? "" : rendered)
                      .spliterator(),
                  false)
              .map(JSON::<JsonNode>valueToTree)
              .filter(JsonNode::isObject)
              .toList());
    } finally {
      Files.delete(file);
    }
  }

  /** The PrometheusRule's groups. */
  JsonNode groups() {
    return object("PrometheusRule", "").at("/spec/groups");
  }

  /** The PrometheusRule; missing when there is none. */
  JsonNode prometheusRule() {
    return object("PrometheusRule", "");
  }

  /** The dashboards' ConfigMap; missing when there is none. */
  JsonNode dashboards() {
    return object("ConfigMap", "-dashboards");
  }

  /** All alerts. */
  List<JsonNode> alerts() {
    return rules().stream().filter(rule -> rule.has("alert")).toList();
  }

  /** All rules, those that record too. */
  List<JsonNode> rules() {
    return StreamSupport.stream(groups().spliterator(), false)
        .flatMap(group -> StreamSupport.stream(group.get("rules").spliterator(), false))
        .toList();
  }

  /** The alert of this name. */
  JsonNode alert(String name) {
    return alerts().stream()
        .filter(alert -> alert.get("alert").asText().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no alert " + name));
  }

  /** The expressions of all rules. */
  public List<String> expressions() {
    return rules().stream().map(rule -> rule.get("expr").asText()).toList();
  }

  List<String> alertNames() {
    return alerts().stream().map(alert -> alert.get("alert").asText()).toList();
  }

  /** Writes the rules as Prometheus and promtool read them, and says where. */
  public Path writeRules(Path directory) throws IOException {
    JsonNode file = JSON.createObjectNode().set("groups", groups());
    return Files.writeString(directory.resolve("rules.yaml"), file.toPrettyString());
  }

  private JsonNode object(String kind, String nameEnd) {
    return objects.stream()
        .filter(object -> object.path("kind").asText().equals(kind))
        .filter(object -> object.at("/metadata/name").asText().endsWith(nameEnd))
        .findFirst()
        .orElse(JSON.missingNode());
  }

  static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + json, e);
    }
  }
}
