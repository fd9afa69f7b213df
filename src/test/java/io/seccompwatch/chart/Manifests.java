package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * What the chart renders.
 *
 * @param all the documents, in Helm's order
 */
public record Manifests(List<JsonNode> all) {

  /** Copies the list. */
  public Manifests {
    all = List.copyOf(all);
  }

  /** Those of a kind. */
  public List<JsonNode> of(String kind) {
    return all.stream().filter(it -> it.path("kind").asText().equals(kind)).toList();
  }

  /** The one of a kind. */
  public JsonNode the(String kind) {
    List<JsonNode> found = of(kind);
    assertThat(found).as(kind).hasSize(1);
    return found.getFirst();
  }

  /** The one of a kind and name. */
  public JsonNode the(String kind, String name) {
    List<JsonNode> found =
        of(kind).stream().filter(it -> it.at("/metadata/name").asText().equals(name)).toList();
    assertThat(found).as(kind + " " + name).hasSize(1);
    return found.getFirst();
  }

  /** The specification of the agents' pods. */
  public JsonNode podSpec() {
    return the("DaemonSet").at("/spec/template/spec");
  }

  /** The agent's container. */
  public JsonNode container() {
    return podSpec().at("/containers/0");
  }

  /** The agent's configuration file. */
  public JsonNode configuration() {
    return Chart.documents(the("ConfigMap").at("/data/seccomp-watch.yaml").asText()).getFirst();
  }
}
