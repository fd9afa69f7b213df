package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * The rights with which all tests against a real API server run are those that the chart gives: so
 * what those tests find sufficient, and refused, holds for the chart.
 */
class RulesTest {

  @Test
  void the_tests_rights_are_the_charts() throws IOException {
    JsonNode tested =
        Chart.documents(Files.readString(Path.of("src", "test", "kubernetes", "rbac.yaml")))
            .stream()
            .filter(it -> it.get("kind").asText().equals("ClusterRole"))
            .findFirst()
            .orElseThrow();
    assertThat(Chart.render("").the("ClusterRole").get("rules")).isEqualTo(tested.get("rules"));
  }
}
