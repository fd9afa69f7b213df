package io.seccompwatch.prometheus;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The dashboards that the chart gives to Grafana. */
public final class Dashboards {

  /** What Grafana puts in place of a variable that stands at All; intervals as of a short look. */
  private static final Map<String, String> VALUES =
      Map.of(
          "cluster", ".*",
          "namespace", ".*",
          "workload", ".*",
          "pod", ".*",
          "instance", ".*",
          "__rate_interval", "5s",
          "__interval", "1s",
          "__range", "5m");

  private static final Pattern VARIABLE = Pattern.compile("\\$(\\w+)");

  /**
   * A query of a panel.
   *
   * @param at dashboard and panel, for failures
   * @param expr with all variables replaced
   */
  public record Query(String at, String expr) {

    @Override
    public String toString() {
      return at;
    }
  }

  private Dashboards() {}

  /** Each by its file's name, in the files' order. */
  static Map<String, JsonNode> rendered() throws IOException {
    Map<String, JsonNode> all = new TreeMap<>();
    RenderedChart.withDefaults()
        .dashboards()
        .get("data")
        .properties()
        .forEach(file -> all.put(file.getKey(), RenderedChart.parse(file.getValue().asText())));
    return all;
  }

  /** Every query of every panel. */
  public static List<Query> queries() throws IOException {
    List<Query> queries = new ArrayList<>();
    for (JsonNode dashboard : rendered().values()) {
      for (JsonNode panel : dashboard.get("panels")) {
        for (JsonNode target : panel.path("targets")) {
          String at =
              String.join(
                  " / ",
                  dashboard.get("uid").asText(),
                  panel.get("title").asText(),
                  target.get("refId").asText());
          queries.add(new Query(at, substituted(target.get("expr").asText())));
        }
      }
    }
    return queries;
  }

  private static String substituted(String expr) {
    return VARIABLE
        .matcher(expr)
        .replaceAll(
            found -> {
              String value = VALUES.get(found.group(1));
              if (value == null) {
                throw new AssertionError("unknown variable " + found.group() + " in " + expr);
              }
              return Matcher.quoteReplacement(value);
            });
  }
}
