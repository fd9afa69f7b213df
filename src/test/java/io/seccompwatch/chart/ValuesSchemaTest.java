package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The schema of the values: nothing that is misspelt or of another kind gets past it. */
class ValuesSchemaTest {

  /** What a value of the wrong kind is tried with: no value is an array of arrays of arrays. */
  private static final JsonNode NOTHING_LIKE_IT =
      JsonNodeFactory.instance.arrayNode().add(JsonNodeFactory.instance.arrayNode().addArray());

  /** Objects that are Kubernetes' own, too large to say again; the API server judges them. */
  private static final Set<String> KUBERNETES_OWN =
      Set.of(
          "/affinity/nodeAffinity",
          "/affinity/podAffinity",
          "/affinity/podAntiAffinity",
          "/extraVolumes/0",
          "/extraManifests/0");

  /** Not a value of this chart: what a parent chart gives to each of its charts. */
  private static final String GLOBAL = "/global";

  private final JsonNode schema = Chart.schema();
  private final JsonNode defaults = Chart.defaults();

  /**
   * An object of the values, wherever it may be.
   *
   * @param pointer where; lists have one element
   * @param schema what holds for it
   */
  private record Place(String pointer, JsonNode schema) {}

  @TestFactory
  List<DynamicTest> an_unknown_key_is_refused_in_every_object() {
    return places().stream()
        .filter(place -> place.schema().has("properties"))
        .filter(place -> !KUBERNETES_OWN.contains(place.pointer()))
        .map(
            place ->
                DynamicTest.dynamicTest(
                    place.pointer() + "/noSuchKey",
                    () ->
                        isRefused(
                            place.pointer() + "/noSuchKey",
                            JsonNodeFactory.instance.numberNode(1))))
        .toList();
  }

  @Test
  void every_object_is_strict_or_a_map_of_a_kind_or_kubernetes_own() {
    Set<String> open = new TreeSet<>();
    for (Place place : places()) {
      JsonNode more = place.schema().path("additionalProperties");
      if (!more.isObject() && !(more.isBoolean() && !more.asBoolean())) {
        open.add(place.pointer());
      }
    }
    assertThat(open).containsExactlyInAnyOrderElementsOf(KUBERNETES_OWN);
  }

  @TestFactory
  List<DynamicTest> a_value_of_another_kind_is_refused_everywhere() {
    List<DynamicTest> tests = new ArrayList<>();
    for (String pointer : leaves("", defaults)) {
      tests.add(DynamicTest.dynamicTest(pointer, () -> isRefused(pointer, NOTHING_LIKE_IT)));
    }
    return tests;
  }

  @Test
  void it_and_the_values_know_the_same_keys() {
    assertThat(keysOfSchema("", schema)).isEqualTo(keysOfValues("", defaults));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          source: netlink
          source: true
          nodeSystem: debian
          hostNetwork: sometimes
          processEvents: on please
          additionalSources: [auto]
          additionalSources: [kmsg, kmsg]
          image: {digest: sha256:123}
          image: {repository: 'Seccomp Watch'}
          image: {pullPolicy: Sometimes}
          imagePullSecrets: [{name: a}]
          auditLog: {path: audit.log}
          auditLog: {path: /audit.log}
          state: {hostPath: ''}
          state: {type: pvc}
          canaryInterval: 5 minutes
          canaryInterval: 0m
          seriesGrace: ''
          seriesLimit: 0
          seriesLimit: 1.5
          listen: {port: 0}
          listen: {port: 443}
          tolerations: [{key: a, operator: Is}]
          test: {tolerations: [{effect: Never}]}
          listen: {host: localhost}
          kubernetes: {events: off}
          supplementalGroups: [adm]
          seccompProfile: Unconfined
          seLinuxType: 'spc t'
          updateStrategy: {maxUnavailable: 0}
          updateStrategy: {maxUnavailable: 0%}
          updateStrategy: {type: Recreate}
          resources: {limits: {memory: a lot}}
          commonLabels: {app.kubernetes.io/name: other}
          podLabels: {app.kubernetes.io/instance: other}
          podLabels: {a: 1}
          podLabels: {'a b': c}
          networkPolicy: {apiServerCidrs: [10.0.0.1]}
          networkPolicy: {ingressFrom: [{}]}
          extraEnv: [{value: a}]
          extraEnv: [{name: a, valueFrom: {}}]
          extraVolumes: [{name: a}]
          extraVolumeMounts: [{name: a}]
          tls: {scrapers: [{name: a}]}
          tls: {readers: [{name: a}]}
          tls: {readers: [a]}
          prometheusRule: {labels: {app.kubernetes.io/name: other}}
          dashboards: {labels: {'a b': c}}
          probes: {liveness: {periodSeconds: 0}}
          terminationGracePeriodSeconds: 1
          """)
  void a_value_that_cannot_be_meant_is_refused(String values) {
    assertThat(Chart.refusal(values)).contains("values don't meet the specifications");
  }

  @Test
  void a_parent_chart_may_give_its_global_values() {
    assertThat(Chart.render("global: {anything: [1]}").all()).isNotEmpty();
  }

  private static void isRefused(String pointer, JsonNode value) {
    String key = pointer.substring(pointer.lastIndexOf('/') + 1);
    assertThat(Chart.refusal(only(pointer, value)))
        .contains("values don't meet the specifications")
        .contains(key);
  }

  /** Values with one at a place, and nothing else. */
  private static String only(String pointer, JsonNode value) {
    JsonNode values = value;
    for (String key : List.of(pointer.substring(1).split("/", -1)).reversed()) {
      values =
          key.equals("0")
              ? JsonNodeFactory.instance.arrayNode().add(values)
              : JsonNodeFactory.instance.objectNode().set(key, values);
    }
    return values.toString();
  }

  private List<Place> places() {
    List<Place> places = new ArrayList<>();
    collect("", schema, places);
    places.removeIf(place -> place.pointer().equals(GLOBAL));
    return places;
  }

  private void collect(String pointer, JsonNode given, List<Place> places) {
    JsonNode it = resolved(given);
    if (it.path("type").toString().contains("object")) {
      places.add(new Place(pointer, it));
    }
    for (Map.Entry<String, JsonNode> property : it.path("properties").properties()) {
      collect(pointer + "/" + property.getKey(), property.getValue(), places);
    }
    if (it.has("items")) {
      collect(pointer + "/0", it.get("items"), places);
    }
  }

  private JsonNode resolved(JsonNode given) {
    return given.has("$ref") ? schema.at(given.get("$ref").asText().substring(1)) : given;
  }

  private Set<String> keysOfSchema(String pointer, JsonNode given) {
    Set<String> keys = new TreeSet<>();
    for (Map.Entry<String, JsonNode> property : resolved(given).path("properties").properties()) {
      String at = pointer + "/" + property.getKey();
      if (!at.equals(GLOBAL) && !KUBERNETES_OWN.contains(at)) {
        keys.add(at);
        keys.addAll(keysOfSchema(at, property.getValue()));
      }
    }
    return keys;
  }

  private static Set<String> keysOfValues(String pointer, JsonNode values) {
    Set<String> keys = new TreeSet<>();
    for (Map.Entry<String, JsonNode> field : values.properties()) {
      keys.add(pointer + "/" + field.getKey());
      keys.addAll(keysOfValues(pointer + "/" + field.getKey(), field.getValue()));
    }
    return keys;
  }

  private static List<String> leaves(String pointer, JsonNode values) {
    List<String> leaves = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : values.properties()) {
      String at = pointer + "/" + field.getKey();
      if (field.getValue().isObject() && !field.getValue().isEmpty()) {
        leaves.addAll(leaves(at, field.getValue()));
      } else {
        leaves.add(at);
      }
    }
    return leaves;
  }
}
