package io.seccompwatch.prometheus;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every alert has a page that helps, and every page its alert. */
class RunbooksTest {

  static List<String> names() throws IOException {
    return RenderedChart.withDefaults().alertNames();
  }

  @Test
  void there_is_a_page_for_each_alert_and_none_else() throws IOException {
    try (Stream<Path> files = Files.list(Runbooks.DIRECTORY)) {
      assertThat(files.map(file -> file.getFileName().toString()).toList())
          .containsExactlyInAnyOrderElementsOf(
              Stream.concat(Stream.of("README.md"), names().stream().map(name -> name + ".md"))
                  .toList());
    }
  }

  @Test
  void the_index_has_each_with_its_severity() throws IOException {
    String index = Files.readString(Runbooks.DIRECTORY.resolve("README.md"));
    for (JsonNode alert : RenderedChart.withDefaults().alerts()) {
      String name = alert.get("alert").asText();
      assertThat(index)
          .contains("[" + name + "](" + name + ".md) | " + alert.at("/labels/severity").asText());
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void a_page_has_meaning_impact_first_look_and_mitigation(String name) throws IOException {
    assertThat(Files.readString(Runbooks.DIRECTORY.resolve(name + ".md")))
        .startsWith("# " + name + "\n")
        .containsSubsequence(
            "\n## Meaning\n", "\n## Impact\n", "\n## First look\n", "\n## Mitigation\n");
    assertThat(Runbooks.queries()).extracting(Runbooks.Query::page).contains(name + ".md");
  }

  @ParameterizedTest
  @EnumSource
  void promtool_knows_their_queries(PrometheusTools tools, @TempDir Path directory)
      throws IOException {
    List<Expressions.Named> all =
        Runbooks.queries().stream()
            .map(query -> new Expressions.Named(query.toString(), query.expr()))
            .toList();
    Expressions.assertKnown(tools, directory, all);
  }
}
