package io.seccompwatch.prometheus;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Has promtool parse expressions that are no rules: it takes them as rules that record. */
final class Expressions {

  /**
   * An expression.
   *
   * @param name where it is from, for failures
   */
  record Named(String name, String expr) {}

  private Expressions() {}

  static void assertKnown(PrometheusTools tools, Path directory, List<Named> all)
      throws IOException {
    ArrayNode rules = JsonNodeFactory.instance.arrayNode();
    for (Named named : all) {
      rules
          .addObject()
          .put("record", "test:expression" + rules.size())
          .put("expr", named.expr())
          .putObject("labels")
          .put("from", named.name());
    }
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.putArray("groups").addObject().put("name", "expressions").set("rules", rules);
    Path written = Files.writeString(directory.resolve("expressions.yaml"), file.toPrettyString());
    assertThat(tools.promtool(directory, "check", "rules", written.toString()))
        .contains("SUCCESS: " + all.size() + " rules found");
  }
}
