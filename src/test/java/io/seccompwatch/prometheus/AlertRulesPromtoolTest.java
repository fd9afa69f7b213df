package io.seccompwatch.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * promtool's own tests of the rules as the chart renders them with its defaults: when each alert
 * fires, when it does not, and what it says. They are in {@code src/test/prometheus/alerts}.
 */
class AlertRulesPromtoolTest {

  static final Path CASES = Path.of("src", "test", "prometheus", "alerts");

  @ParameterizedTest
  @EnumSource
  void every_rule_is_one(PrometheusTools tools, @TempDir Path directory) throws IOException {
    RenderedChart chart = RenderedChart.withDefaults();
    Path rules = chart.writeRules(directory);
    assertThat(tools.promtool(directory, "check", "rules", rules.toString()))
        .contains("SUCCESS: " + chart.rules().size() + " rules found");
  }

  @ParameterizedTest
  @EnumSource
  void every_alert_fires_when_it_should_and_only_then(
      PrometheusTools tools, @TempDir Path directory) throws IOException {
    RenderedChart.withDefaults().writeRules(directory);
    tools.promtool(directory, arguments(copyOf(cases(), directory)));
  }

  /**
   * That the cases can fail. Without its guard a rule takes what Prometheus missed for new; without
   * the look back it does not see what a series was born with.
   */
  @ParameterizedTest
  @MethodSource("toolsAndRulesOfGrowth")
  void the_cases_notice_a_rule_that_is_wrong(
      PrometheusTools tools, String alert, @TempDir Path directory) throws IOException {
    tools.program("promtool");
    Path rules = RenderedChart.withDefaults().writeRules(directory);
    String right = Files.readString(rules);
    String[] arguments = arguments(copyOf(List.of(CASES.resolve(alert + ".yaml")), directory));
    for (String wrong :
        List.of(
            right.replace("process_start_time_seconds", "no_such_metric"),
            right.replaceAll(" offset \\d+s", ""))) {
      assertThat(wrong).isNotEqualTo(right);
      Files.writeString(rules, wrong);
      assertThatThrownBy(() -> tools.promtool(directory, arguments))
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining("FAILED");
    }
  }

  /** Every rule about workloads drops agents whose labels are not honored, and its cases know. */
  @ParameterizedTest
  @MethodSource("toolsAndRulesOfWorkloads")
  void the_cases_notice_a_rule_that_trusts_labels_which_are_not_honored(
      PrometheusTools tools, String alert, @TempDir Path directory) throws IOException {
    tools.program("promtool");
    Path rules = RenderedChart.withDefaults().writeRules(directory);
    String right = Files.readString(rules);
    String wrong = right.replace("seccomp_watch_scrape_labels", "no_such_metric");
    assertThat(wrong).isNotEqualTo(right);
    Files.writeString(rules, wrong);
    String[] arguments = arguments(copyOf(List.of(CASES.resolve(alert + ".yaml")), directory));
    assertThatThrownBy(() -> tools.promtool(directory, arguments))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("FAILED");
  }

  static List<Arguments> toolsAndRulesOfWorkloads() throws IOException {
    return toolsAndRules(alert -> !alert.get("alert").asText().startsWith("SeccompWatch"));
  }

  static List<Arguments> toolsAndRulesOfGrowth() throws IOException {
    return toolsAndRules(
        alert -> alert.get("expr").asText().contains("process_start_time_seconds"));
  }

  private static List<Arguments> toolsAndRules(Predicate<JsonNode> which) throws IOException {
    return RenderedChart.withDefaults().alerts().stream()
        .filter(which)
        .flatMap(
            alert ->
                Stream.of(PrometheusTools.values())
                    .map(tools -> Arguments.of(tools, alert.get("alert").asText())))
        .toList();
  }

  static List<Path> cases() throws IOException {
    try (Stream<Path> files = Files.list(CASES)) {
      return files.sorted().toList();
    }
  }

  private static List<String> copyOf(List<Path> cases, Path directory) throws IOException {
    for (Path file : cases) {
      Files.copy(file, directory.resolve(file.getFileName()));
    }
    return cases.stream().map(file -> file.getFileName().toString()).toList();
  }

  private static String[] arguments(List<String> files) {
    return Stream.concat(Stream.of("test", "rules"), files.stream()).toArray(String[]::new);
  }
}
