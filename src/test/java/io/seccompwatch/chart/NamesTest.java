package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and labels are text for the API server, whatever YAML would make of them. */
class NamesTest {

  private static final Set<String> NAMES =
      Set.of("name", "namespace", "secretName", "serviceAccountName", "priorityClassName", "key");

  private static final Set<String> MAPS_OF_TEXT =
      Set.of("labels", "annotations", "matchLabels", "selector", "nodeSelector");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{nameOverride: '123', commonLabels: {team: '7'}}",
        "{fullnameOverride: 'true', serviceAccount: {name: '7'}, imagePullSecrets: ['7']}",
        "{nodeSystem: openshift, namespaceOverride: '7', namespace: {create: true}}",
        """
        {podMonitor: {enabled: true, tokenSecret: '7', tokenKey: '1'}, networkPolicy: {enabled: true},
         prometheusRule: {enabled: true}, dashboards: {enabled: true}, priorityClassName: '7',
         tls: {enabled: true, secretName: '7', certKey: '1', privateKeyKey: '2', caKey: '3',
               authorization: true, scrapers: [{namespace: '7', name: '8'}]}}
        """
      })
  void names_that_look_like_numbers_stay_names(String values) {
    Set<String> wrong = new TreeSet<>();
    for (JsonNode object : Chart.render("123", "456", values).all()) {
      collectWhatIsNoText(object, "/" + object.get("kind").asText(), wrong);
    }
    assertThat(wrong).isEmpty();
  }

  private static void collectWhatIsNoText(JsonNode node, String path, Set<String> wrong) {
    boolean texts = MAPS_OF_TEXT.contains(path.substring(path.lastIndexOf('/') + 1));
    for (var field : node.properties()) {
      String here = path + "/" + field.getKey();
      JsonNode value = field.getValue();
      if ((texts || NAMES.contains(field.getKey())) && value.isValueNode() && !value.isTextual()) {
        wrong.add(here);
      }
      collectWhatIsNoText(value, here, wrong);
    }
    if (node.isArray()) {
      node.forEach(element -> collectWhatIsNoText(element, path, wrong));
    }
  }
}
