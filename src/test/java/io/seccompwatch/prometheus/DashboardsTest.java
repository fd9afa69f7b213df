package io.seccompwatch.prometheus;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What Grafana and its readers need of the dashboards. */
class DashboardsTest {

  private static final int COLUMNS = 24;
  private static final Map<String, List<String>> VARIABLES =
      Map.of(
          "seccomp-watch-overview",
              List.of("datasource", "cluster", "namespace", "workload", "pod"),
          "seccomp-watch-workload",
              List.of("datasource", "cluster", "namespace", "workload", "pod"),
          "seccomp-watch-agents", List.of("datasource", "cluster", "instance"));

  static List<JsonNode> dashboards() throws IOException {
    return List.copyOf(Dashboards.rendered().values());
  }

  static List<JsonNode> panels() throws IOException {
    return dashboards().stream()
        .flatMap(dashboard -> StreamSupport.stream(dashboard.get("panels").spliterator(), false))
        .filter(panel -> !panel.get("type").asText().equals("row"))
        .toList();
  }

  @Test
  void are_in_a_config_map_that_grafanas_sidecar_finds() throws IOException {
    JsonNode map = RenderedChart.withDefaults().dashboards();
    assertThat(map.at("/metadata/labels/grafana_dashboard").asText()).isEqualTo("1");
    assertThat(map.get("data").size()).isEqualTo(VARIABLES.size());
    JsonNode placed =
        RenderedChart.with(
                Map.of(
                    "dashboards",
                    Map.of("enabled", true, "annotations", Map.of("grafana_folder", "Security"))))
            .dashboards();
    assertThat(placed.at("/metadata/annotations/grafana_folder").asText()).isEqualTo("Security");
  }

  @Test
  void are_found_under_addresses_that_stay() throws IOException {
    for (Map.Entry<String, JsonNode> file : Dashboards.rendered().entrySet()) {
      assertThat(file.getKey()).isEqualTo(file.getValue().get("uid").asText() + ".json");
    }
    assertThat(dashboards())
        .extracting(dashboard -> dashboard.get("uid").asText())
        .containsExactlyInAnyOrderElementsOf(VARIABLES.keySet());
  }

  @ParameterizedTest
  @MethodSource("dashboards")
  void need_nothing_that_an_import_would_ask_for(JsonNode dashboard) {
    assertThat(dashboard.has("__inputs")).isFalse();
    assertThat(dashboard.has("__requires")).isFalse();
    assertThat(dashboard.has("id")).as("an id is one Grafana's own").isFalse();
    assertThat(texts(dashboard.get("tags"))).contains("seccomp-watch");
    assertThat(dashboard.get("description").asText()).endsWith(".");
  }

  @ParameterizedTest
  @MethodSource("dashboards")
  void narrow_from_the_data_source_over_the_cluster_to_the_pod(JsonNode dashboard) {
    JsonNode variables = dashboard.at("/templating/list");
    List<String> names = new ArrayList<>();
    variables.forEach(variable -> names.add(variable.get("name").asText()));
    assertThat(names).isEqualTo(VARIABLES.get(dashboard.get("uid").asText()));
    for (JsonNode variable : variables) {
      if (variable.get("name").asText().equals("datasource")) {
        assertThat(variable.get("type").asText()).isEqualTo("datasource");
        assertThat(variable.get("query").asText()).isEqualTo("prometheus");
      } else {
        assertThat(variable.at("/datasource/uid").asText()).isEqualTo("${datasource}");
        assertThat(variable.get("allValue").asText())
            .as("what has no such label, the host say, belongs to All")
            .isEqualTo(".*");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dashboards")
  void lead_to_each_other_and_keep_variables_and_time(JsonNode dashboard) {
    JsonNode link = dashboard.at("/links/0");
    assertThat(link.get("type").asText()).isEqualTo("dashboards");
    assertThat(texts(link.get("tags"))).containsExactly("seccomp-watch");
    assertThat(link.get("includeVars").asBoolean()).isTrue();
    assertThat(link.get("keepTime").asBoolean()).isTrue();
    for (String url : dashboard.findValuesAsText("url")) {
      if (url.startsWith("/d/")) {
        assertThat(VARIABLES).containsKey(url.replaceAll("/d/([^?]+).*", "$1"));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dashboards")
  void have_panels_that_do_not_overlap(JsonNode dashboard) {
    Set<Integer> ids = new HashSet<>();
    Set<List<Integer>> cells = new HashSet<>();
    for (JsonNode panel : dashboard.get("panels")) {
      assertThat(ids.add(panel.get("id").asInt())).as("id of " + panel.get("title")).isTrue();
      JsonNode place = panel.get("gridPos");
      int left = place.get("x").asInt();
      int top = place.get("y").asInt();
      int right = left + place.get("w").asInt();
      assertThat(right).isLessThanOrEqualTo(COLUMNS);
      for (int x = left; x < right; x++) {
        for (int y = top; y < top + place.get("h").asInt(); y++) {
          assertThat(cells.add(List.of(x, y))).as("place of " + panel.get("title")).isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("panels")
  void explain_each_panel_and_give_it_a_unit(JsonNode panel) {
    assertThat(panel.get("title").asText()).isNotBlank();
    assertThat(panel.get("description").asText()).endsWith(".").hasSizeGreaterThan(20);
    assertThat(panel.at("/datasource/uid").asText()).isEqualTo("${datasource}");
    if (!panel.get("type").asText().equals("table")) {
      assertThat(panel.at("/fieldConfig/defaults/unit").asText()).isNotBlank();
    }
    assertThat(panel.get("targets")).isNotEmpty();
    Set<String> ids = new HashSet<>();
    for (JsonNode target : panel.get("targets")) {
      assertThat(ids.add(target.get("refId").asText())).isTrue();
      String expr = target.get("expr").asText();
      assertThat(expr).as("the variables hold").contains("cluster=~\"$cluster\"");
      assertThat(expr).as("a rate takes Grafana's interval").doesNotContainPattern("\\[\\d+[smh]]");
    }
  }

  @ParameterizedTest
  @MethodSource("dashboards")
  void begin_with_how_many_agents_report_red_at_none(JsonNode dashboard) {
    JsonNode first = dashboard.at("/panels/0");
    assertThat(first.at("/targets/0/expr").asText())
        .startsWith("count(seccomp_watch_build_info{")
        .endsWith("}) or vector(0)");
    assertThat(first.at("/gridPos/x").asInt() + first.at("/gridPos/y").asInt()).isZero();
    JsonNode steps = first.at("/fieldConfig/defaults/thresholds/steps");
    assertThat(steps.at("/0/color").asText()).isEqualTo("red");
    assertThat(steps.at("/1/value").asInt()).isEqualTo(1);
  }

  /** A green zero would say that all is well where nothing is known. */
  @ParameterizedTest
  @MethodSource("panels")
  void show_nothing_in_green_where_no_agent_reports(JsonNode panel) {
    if (panel.get("type").asText().equals("stat") && !isFirst(panel)) {
      assertThat(panel.at("/fieldConfig/defaults/thresholds/steps/0/color").asText())
          .as("the colour of no data")
          .isEqualTo("text");
      assertThat(panel.at("/fieldConfig/defaults/noValue").asText()).isNotEqualTo("0");
    }
  }

  @ParameterizedTest
  @EnumSource
  void answer_with_nothing_but_no_agents_where_none_is_scraped(
      PrometheusTools tools, @TempDir Path directory) throws IOException {
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    ObjectNode test = file.putArray("tests").addObject().put("interval", "1m");
    test.putArray("input_series")
        .addObject()
        .put("series", "up{job=\"node-exporter\", instance=\"a\"}")
        .put("values", "1x60");
    ArrayNode cases = test.putArray("promql_expr_test");
    for (Dashboards.Query query : Dashboards.queries()) {
      ArrayNode samples =
          cases
              .addObject()
              .put("expr", query.expr())
              .put("eval_time", "1h")
              .putArray("exp_samples");
      if (query.expr().endsWith("or vector(0)")) {
        samples.addObject().put("labels", "{}").put("value", 0);
      }
    }
    Files.writeString(directory.resolve("nothing.yaml"), file.toPrettyString());
    assertThat(tools.promtool(directory, "test", "rules", "nothing.yaml")).contains("SUCCESS");
    assertThat(Dashboards.queries())
        .filteredOn(query -> query.expr().contains("vector(0)"))
        .hasSize(VARIABLES.size());
  }

  @ParameterizedTest
  @EnumSource
  void ask_in_expressions_that_promtool_knows(PrometheusTools tools, @TempDir Path directory)
      throws IOException {
    List<Expressions.Named> all =
        Dashboards.queries().stream()
            .map(query -> new Expressions.Named(query.at(), query.expr()))
            .toList();
    assertThat(all).hasSizeGreaterThan(50);
    Expressions.assertKnown(tools, directory, all);
  }

  private static boolean isFirst(JsonNode panel) {
    return panel.at("/targets/0/expr").asText().endsWith("or vector(0)");
  }

  private static List<String> texts(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
  }
}
