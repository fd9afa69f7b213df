package io.seccompwatch.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What every alert has, and what the chart's values make of it. */
class AlertRulesTest {

  static List<JsonNode> alerts() throws IOException {
    return RenderedChart.withDefaults().alerts();
  }

  static List<String> names() throws IOException {
    return RenderedChart.withDefaults().alertNames();
  }

  @ParameterizedTest
  @MethodSource("alerts")
  void says_what_it_is_how_bad_and_what_to_look_at(JsonNode alert) {
    assertThat(alert.at("/labels/severity").asText()).isIn("critical", "warning", "info");
    assertThat(alert.at("/for").asText()).matches("\\d+[smh]");
    assertThat(alert.at("/annotations/summary").asText()).hasSizeBetween(20, 200).endsWith(".");
    assertThat(alert.at("/annotations/description").asText()).hasSizeBetween(100, 800);
    assertThat(alert.at("/annotations/description").asText())
        .as("what to look at")
        .containsPattern("[Ll]ook|Run |/api/v1|/readyz|seccomp_|runbook");
    assertThat(alert.toString()).as("Helm's own braces").doesNotContain("<no value>", "%!");
  }

  @Test
  void no_two_have_one_name() throws IOException {
    assertThat(names()).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(14);
  }

  @Test
  void each_has_its_settings_and_its_cases() throws IOException {
    JsonNode schema =
        RenderedChart.parse(Files.readString(RenderedChart.CHART.resolve("values.schema.json")));
    JsonNode settings = schema.at("/properties/prometheusRule/properties/rules/properties");
    assertThat(settings.fieldNames()).toIterable().containsExactlyInAnyOrderElementsOf(names());
    Set<String> cases =
        AlertRulesPromtoolTest.cases().stream()
            .map(file -> file.getFileName().toString().replaceFirst("(-\\w+)?\\.yaml$", ""))
            .collect(Collectors.toSet());
    assertThat(cases).containsExactlyInAnyOrderElementsOf(names());
  }

  @ParameterizedTest
  @MethodSource("names")
  void is_switched_off_by_its_value(String name) throws IOException {
    RenderedChart without = RenderedChart.with(rule(name, Map.of("enabled", false)));
    assertThat(without.alertNames())
        .containsExactlyInAnyOrderElementsOf(
            names().stream().filter(other -> !other.equals(name)).toList());
    assertThat(without.rules().stream().filter(rule -> rule.has("record")).count())
        .as("what is recorded for it goes with it")
        .isEqualTo(name.equals("SeccompNewDenial") ? 0 : 1);
  }

  @ParameterizedTest
  @MethodSource("names")
  void takes_severity_and_duration_from_its_values(String name) throws IOException {
    JsonNode alert =
        RenderedChart.with(rule(name, Map.of("severity", "page", "for", "7m"))).alert(name);
    assertThat(alert.at("/labels/severity").asText()).isEqualTo("page");
    assertThat(alert.at("/for").asText()).isEqualTo("7m");
  }

  @Test
  void takes_thresholds_namespaces_and_job_from_the_values() throws IOException {
    for (JsonNode alert : alerts()) {
      String name = alert.get("alert").asText();
      if (settings(name).has("threshold")) {
        Object threshold =
            name.equals("SeccompWatchAttributionDegraded") ? Double.valueOf(0.25) : (Object) 4321;
        assertThat(expr(name, Map.of("threshold", threshold))).containsPattern("[>*] " + threshold);
      }
    }
    assertThat(expr("SeccompKill", Map.of("ignoreNamespaces", List.of("dev", "ci"))))
        .contains("{action=~\"kill_process|kill_thread\", namespace!~\"dev|ci\"}");
    assertThat(
            RenderedChart.with(Map.of("prometheusRule", Map.of("enabled", true, "job", "agents")))
                .alert("SeccompWatchAgentDown")
                .get("expr")
                .asText())
        .contains("up{job=\"agents\"}");
  }

  /** There is no published address yet, and a link that leads nowhere is worse than none. */
  @Test
  void links_to_runbooks_where_they_are_published_and_names_their_file_else() throws IOException {
    JsonNode plain = RenderedChart.withDefaults().alert("SeccompKill").get("annotations");
    assertThat(plain.has("runbook_url")).isFalse();
    assertThat(Path.of(plain.get("runbook").asText())).exists();
    for (String base : List.of("https://docs.example/runbooks", "https://docs.example/runbooks/")) {
      JsonNode linked =
          RenderedChart.with(Map.of("prometheusRule", Map.of("enabled", true, "runbookUrl", base)))
              .alert("SeccompKill")
              .get("annotations");
      assertThat(linked.get("runbook_url").asText())
          .isEqualTo("https://docs.example/runbooks/SeccompKill.md");
      assertThat(linked.has("runbook")).isFalse();
    }
  }

  @Test
  void the_object_has_the_labels_that_a_prometheus_selects_by() throws IOException {
    JsonNode metadata =
        RenderedChart.with(
                Map.of(
                    "prometheusRule",
                    Map.of(
                        "enabled", true,
                        "labels", Map.of("release", "kps"),
                        "annotations", Map.of("team", "sre"))))
            .prometheusRule()
            .get("metadata");
    assertThat(metadata.at("/labels/release").asText()).isEqualTo("kps");
    assertThat(metadata.at("/labels/app.kubernetes.io~1name").asText()).isEqualTo("seccomp-watch");
    assertThat(metadata.at("/annotations/team").asText()).isEqualTo("sre");
    assertThat(metadata.at("/namespace").asText()).isEqualTo("monitoring");
  }

  @Test
  void there_are_none_unless_asked_for() throws IOException {
    RenderedChart none = RenderedChart.with(Map.of());
    assertThat(none.prometheusRule().isMissingNode()).isTrue();
    assertThat(none.dashboards().isMissingNode()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{rules: {SeccompKil: {enabled: false}}}",
        "{rules: {SeccompKill: {treshold: 1}}}",
        "{rules: {SeccompKill: {for: 5}}}",
        "{rules: {SeccompKill: {for: \"5 minutes\"}}}",
        "{rules: {SeccompKill: {threshold: \"1\"}}}",
        "{rules: {SeccompKill: null}}",
        "{rules: {SeccompKill: {ignoreNamespaces: [\"a|b\"]}}}",
        "{rules: {SeccompWatchSourceDown: {threshold: 1}}}",
        "{rules: {SeccompWatchAttributionDegraded: {threshold: 10}}}",
        "{runbookUrl: docs/runbooks}",
        "{job: \"a\\\"b\"}",
        "{enabled: \"yes\"}",
        "{labels: {a: 1}}"
      })
  void a_value_that_cannot_be_meant_is_refused(String values) {
    Object parsed = new Load(LoadSettings.builder().build()).loadFromString(values);
    assertThatThrownBy(() -> RenderedChart.with(Map.of("prometheusRule", parsed)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("values don't meet the specifications of the schema");
  }

  private static JsonNode settings(String name) throws IOException {
    return RenderedChart.parse(Files.readString(RenderedChart.CHART.resolve("values.schema.json")))
        .at("/properties/prometheusRule/properties/rules/properties/" + name + "/properties");
  }

  private static String expr(String name, Map<String, Object> settings) throws IOException {
    return RenderedChart.with(rule(name, settings)).alert(name).get("expr").asText();
  }

  private static Map<String, Object> rule(String name, Map<String, Object> settings) {
    return Map.of("prometheusRule", Map.of("enabled", true, "rules", Map.of(name, settings)));
  }
}
