package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who reaches the agents, whom they reach, and with which rights. */
class ReachTest {

  private static final String SECURED =
      """
      tls: {enabled: true, secretName: certificate, authorization: true,
            scrapers: [{namespace: monitoring, name: prometheus}],
            readers: [{namespace: prod, name: portal}]}
      podMonitor: {enabled: true, tokenSecret: scrape-token}
      """;

  @Test
  void the_service_finds_agents_that_are_not_ready_too() {
    JsonNode spec = Chart.render("listen: {port: 19326}").the("Service").get("spec");
    assertThat(spec.get("clusterIP").asText()).isEqualTo("None");
    assertThat(spec.get("publishNotReadyAddresses").asBoolean()).isTrue();
    assertThat(spec.at("/ports/0/port").asInt()).isEqualTo(19326);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "podMonitor, PodMonitor, podMetricsEndpoints",
    "serviceMonitor, ServiceMonitor, endpoints"
  })
  void monitors_keep_the_workloads_labels_and_name_the_node(
      String value, String kind, String endpoints) {
    JsonNode spec = Chart.render(value + ": {enabled: true}").the(kind).get("spec");
    assertThat(spec.get("jobLabel").asText()).isEqualTo("app.kubernetes.io/name");
    JsonNode endpoint = spec.at("/" + endpoints + "/0");
    assertThat(endpoint.get("honorLabels").asBoolean()).isTrue();
    assertThat(endpoint.get("scheme").asText()).isEqualTo("http");
    assertThat(endpoint.get("relabelings").toString())
        .isEqualTo(
            "[{\"sourceLabels\":[\"__meta_kubernetes_pod_node_name\"],\"targetLabel\":\"node\"}]");
  }

  @Test
  void a_monitor_of_a_secured_agent_trusts_its_authority_and_brings_a_token() {
    JsonNode endpoint = Chart.render(SECURED).the("PodMonitor").at("/spec/podMetricsEndpoints/0");
    assertThat(endpoint.get("scheme").asText()).isEqualTo("https");
    assertThat(endpoint.get("tlsConfig").toString())
        .isEqualTo(
            "{\"ca\":{\"secret\":{\"name\":\"certificate\",\"key\":\"ca.crt\"}},"
                + "\"serverName\":\"seccomp-watch.monitoring.svc\"}");
    assertThat(endpoint.get("authorization").toString())
        .isEqualTo(
            "{\"type\":\"Bearer\",\"credentials\":{\"name\":\"scrape-token\",\"key\":\"token\"}}");
  }

  @Test
  void a_secured_agent_is_told_so_and_scrapers_and_readers_get_roles() {
    Manifests manifests = Chart.render(SECURED);
    JsonNode configuration = manifests.configuration();
    assertThat(configuration.get("tls-cert").asText()).isEqualTo("/etc/seccomp-watch/tls/tls.crt");
    assertThat(configuration.get("tls-key").asText()).isEqualTo("/etc/seccomp-watch/tls/tls.key");
    assertThat(configuration.get("authorization").asText()).isEqualTo("kubernetes");
    String scraper = "monitoring.seccomp-watch-scraper";
    assertThat(manifests.the("ClusterRole", scraper).get("rules").toString())
        .isEqualTo("[{\"nonResourceURLs\":[\"/metrics\"],\"verbs\":[\"get\"]}]");
    assertThat(subjects(manifests, scraper))
        .containsExactly("monitoring/prometheus", "monitoring/seccomp-watch-test");
    String reader = "monitoring.seccomp-watch-reader";
    // Not /api/*, which the role system:discovery lets everybody get
    assertThat(manifests.the("ClusterRole", reader).get("rules").toString())
        .isEqualTo("[{\"nonResourceURLs\":[\"/seccomp-watch/api/*\"],\"verbs\":[\"get\"]}]");
    assertThat(subjects(manifests, reader)).containsExactly("prod/portal");
  }

  @Test
  void roles_that_nobody_is_named_for_are_bound_to_nobody() {
    Manifests manifests =
        Chart.render(
            "{tls: {enabled: true, secretName: s, authorization: true}, test: {enabled: false}}");
    assertThat(names(manifests, "ClusterRole"))
        .containsExactly(
            "monitoring.seccomp-watch",
            "monitoring.seccomp-watch-scraper",
            "monitoring.seccomp-watch-reader");
    assertThat(names(manifests, "ClusterRoleBinding")).containsExactly("monitoring.seccomp-watch");
  }

  /** The kubelet asks the pod's address, which is the node's there: nothing is served at it. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({"127.0.0.1, 127.0.0.1", "'\"[::1]\"', ::1"})
  void agents_that_serve_the_nodes_loopback_alone_are_probed_there_and_not_tested(
      String host, String probed) {
    Manifests manifests =
        Chart.render("{nodeSystem: cos, listen: {host: " + host + ", port: 19326}}");
    for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
      assertThat(manifests.container().at("/" + probe + "/httpGet/host").asText())
          .isEqualTo(probed);
    }
    assertThat(manifests.of("Pod")).isEmpty();
    assertThat(Chart.render("").container().toString()).doesNotContain("\"host\":");
  }

  @Test
  void an_agent_that_is_not_secured_is_told_nothing_of_it() {
    assertThat(Chart.render("").configuration().propertyStream().map(each -> each.getKey()))
        .doesNotContain("tls-cert", "tls-key", "authorization");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                                                     | list pods, watch pods, create events, patch events
          kubernetes: {events: none}                                             | list pods, watch pods
          tls: {enabled: true, secretName: s, authorization: true}               | list pods, watch pods, create events, patch events, create tokenreviews, create subjectaccessreviews
          {kubernetes: {events: none}, tls: {enabled: true, secretName: s, authorization: true}} | list pods, watch pods, create tokenreviews, create subjectaccessreviews
          """)
  void rights_are_those_that_these_values_use(String values, String rights) {
    List<String> found = new ArrayList<>();
    JsonNode role = Chart.render(values).the("ClusterRole", "monitoring.seccomp-watch");
    for (JsonNode rule : role.get("rules")) {
      rule.get("verbs")
          .forEach(verb -> found.add(verb.asText() + " " + rule.at("/resources/0").asText()));
    }
    assertThat(String.join(", ", found)).isEqualTo(rights);
  }

  @Test
  void without_kubernetes_there_is_no_token_and_no_right() {
    Manifests manifests = Chart.render("kubernetes: {enabled: false}");
    assertThat(manifests.podSpec().get("automountServiceAccountToken").asBoolean()).isFalse();
    assertThat(manifests.of("ClusterRole")).isEmpty();
    assertThat(manifests.of("ClusterRoleBinding")).isEmpty();
    assertThat(manifests.configuration().get("kubernetes").asText()).isEqualTo("off");
    assertThat(manifests.configuration().get("events").asText()).isEqualTo("off");
  }

  @Test
  void an_account_that_is_there_is_taken() {
    Manifests manifests = Chart.render("serviceAccount: {create: false, name: mine}");
    assertThat(manifests.of("ServiceAccount")).isEmpty();
    assertThat(manifests.podSpec().get("serviceAccountName").asText()).isEqualTo("mine");
    assertThat(manifests.the("ClusterRoleBinding").at("/subjects/0/name").asText())
        .isEqualTo("mine");
  }

  @Test
  void a_network_policy_lets_in_scrapers_and_the_test_and_out_to_the_api_server() {
    JsonNode spec =
        Chart.render(
                """
                networkPolicy:
                  enabled: true
                  ingressFrom: [{namespaceSelector: {matchLabels: {name: monitoring}}}]
                  apiServerCidrs: [10.0.0.1/32]
                """)
            .the("NetworkPolicy")
            .get("spec");
    assertThat(spec.get("policyTypes").toString()).isEqualTo("[\"Ingress\",\"Egress\"]");
    assertThat(spec.get("ingress").toString())
        .isEqualTo(
            "[{\"ports\":[{\"port\":\"metrics\",\"protocol\":\"TCP\"}],\"from\":["
                + "{\"namespaceSelector\":{\"matchLabels\":{\"name\":\"monitoring\"}}},"
                + "{\"podSelector\":{\"matchLabels\":{\"app.kubernetes.io/name\":\"seccomp-watch-test\","
                + "\"app.kubernetes.io/instance\":\"seccomp-watch\"}}}]}]");
    assertThat(spec.get("egress").toString())
        .isEqualTo(
            "[{\"ports\":[{\"port\":443,\"protocol\":\"TCP\"},{\"port\":6443,\"protocol\":\"TCP\"}],"
                + "\"to\":[{\"ipBlock\":{\"cidr\":\"10.0.0.1/32\"}}]}]");
  }

  @Test
  void a_network_policy_of_an_agent_without_kubernetes_lets_nothing_out() {
    String values = "{networkPolicy: {enabled: true}, kubernetes: {enabled: false}}";
    assertThat(Chart.render(values).the("NetworkPolicy").at("/spec/egress").toString())
        .isEqualTo("[]");
  }

  @Test
  void the_test_asks_all_agents_with_no_privilege_at_all() {
    JsonNode pod = Chart.render(SECURED).the("Pod");
    assertThat(pod.at("/metadata/annotations").get(Chart.HOOK).asText()).isEqualTo("test");
    // helm test --logs reads the log when the test is over
    assertThat(pod.at("/metadata/annotations/helm.sh~1hook-delete-policy").asText())
        .isEqualTo("before-hook-creation");
    assertThat(pod.at("/spec/containers/0/args").toString())
        .isEqualTo(
            "[\"doctor\",\"--agent\",\"https://seccomp-watch.monitoring.svc:9326\","
                + "\"--agent-ca\",\"/etc/seccomp-watch/tls/ca.crt\"]");
    assertThat(pod.at("/spec/serviceAccountName").asText()).isEqualTo("seccomp-watch-test");
    assertThat(pod.at("/spec/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.at("/spec/volumes").toString()).doesNotContain("hostPath", "tls.key");

    JsonNode plain = Chart.render("").the("Pod");
    assertThat(plain.at("/spec/containers/0/args").toString())
        .isEqualTo("[\"doctor\",\"--agent\",\"http://seccomp-watch.monitoring.svc:9326\"]");
    assertThat(plain.at("/spec/automountServiceAccountToken").asBoolean()).isFalse();
    assertThat(Chart.render("test: {enabled: false}").of("Pod")).isEmpty();
  }

  @Test
  void the_test_goes_where_it_is_sent() {
    JsonNode spec =
        Chart.render(
                "test: {nodeSelector: {kubernetes.io/arch: amd64}, tolerations: [{operator:"
                    + " Exists}]}")
            .the("Pod")
            .get("spec");
    assertThat(spec.get("nodeSelector").toString())
        .isEqualTo("{\"kubernetes.io/os\":\"linux\",\"kubernetes.io/arch\":\"amd64\"}");
    assertThat(spec.get("tolerations").toString()).isEqualTo("[{\"operator\":\"Exists\"}]");
  }

  @Test
  void the_test_has_the_user_that_openshift_gives_it() {
    JsonNode context = Chart.render("nodeSystem: openshift").the("Pod").at("/spec/securityContext");
    assertThat(context.toString())
        .isEqualTo("{\"runAsNonRoot\":true,\"seccompProfile\":{\"type\":\"RuntimeDefault\"}}");
  }

  private static List<String> subjects(Manifests manifests, String binding) {
    List<String> subjects = new ArrayList<>();
    for (JsonNode it : manifests.the("ClusterRoleBinding", binding).get("subjects")) {
      subjects.add(it.get("namespace").asText() + "/" + it.get("name").asText());
    }
    return subjects;
  }

  private static List<String> names(Manifests manifests, String kind) {
    return manifests.of(kind).stream().map(it -> it.at("/metadata/name").asText()).toList();
  }
}
