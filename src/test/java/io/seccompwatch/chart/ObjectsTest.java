package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The objects of the chart: names, labels, and what each is for. */
class ObjectsTest {

  @Test
  void helm_has_nothing_to_say_against_it() {
    LintResult lint = new Helm(Chart.DIRECTORY).lint().strict().call();
    assertThat(lint.isFailed()).as(lint.getMessages().toString()).isFalse();
    assertThat(lint.getMessages()).noneMatch(message -> message.contains("[WARNING]"));
  }

  @Test
  void by_default_are_these() {
    assertThat(names(Chart.render("")))
        .containsExactlyInAnyOrder(
            "ServiceAccount seccomp-watch",
            "ConfigMap seccomp-watch",
            "ClusterRole monitoring.seccomp-watch",
            "ClusterRoleBinding monitoring.seccomp-watch",
            "Service seccomp-watch",
            "DaemonSet seccomp-watch",
            "Pod seccomp-watch-test");
  }

  @Test
  void two_releases_share_no_object_whatever_they_have_in_common() {
    String all =
        """
        {nodeSystem: openshift, podMonitor: {enabled: true, tokenSecret: t},
         networkPolicy: {enabled: true},
         tls: {enabled: true, secretName: certificate, authorization: true}}
        """;
    List<String> objects = new ArrayList<>();
    for (Manifests release :
        List.of(
            Chart.render("cos", "a", all),
            Chart.render("ubuntu", "a", all),
            Chart.render("cos", "a-b", all),
            Chart.render("b-cos", "a", all))) {
      release
          .all()
          .forEach(
              it ->
                  objects.add(
                      it.get("kind").asText()
                          + it.at("/metadata/namespace").asText()
                          + "/"
                          + it.at("/metadata/name").asText()));
    }
    assertThat(objects).doesNotHaveDuplicates();
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          seccomp-watch | {}                            | seccomp-watch
          pool-cos      | {}                            | pool-cos-seccomp-watch
          pool-cos      | fullnameOverride: agents      | agents
          a23456789-123456789-123456789-123456789-123456789-123 | {} | a23456789-123456789-123456789-123456789-123456789-12
          """)
  void names_follow_the_release(String release, String values, String name) {
    assertThat(Chart.render(release, "n", values).the("DaemonSet").at("/metadata/name").asText())
        .isEqualTo(name);
  }

  @Test
  void all_go_to_the_namespace_that_is_given() {
    Manifests manifests =
        Chart.render(
            "{namespaceOverride: other, namespace: {create: true}, networkPolicy: {enabled: true},"
                + " podMonitor: {enabled: true}}");
    for (JsonNode it : manifests.all()) {
      if (it.at("/metadata").has("namespace")) {
        assertThat(it.at("/metadata/namespace").asText()).isEqualTo("other");
      } else {
        assertThat(it.get("kind").asText()).isIn("Namespace", "ClusterRole", "ClusterRoleBinding");
      }
    }
    assertThat(manifests.the("Namespace").at("/metadata/labels").toString())
        .contains("\"pod-security.kubernetes.io/enforce\":\"privileged\"");
    assertThat(manifests.the("ClusterRoleBinding").at("/subjects/0/namespace").asText())
        .isEqualTo("other");
  }

  @Test
  void every_object_carries_kubernetes_recommended_labels_and_those_that_are_given() {
    String values = "{commonLabels: {team: security}, networkPolicy: {enabled: true}}";
    for (JsonNode it : Chart.render(values).all()) {
      assertThat(it.at("/metadata/labels").propertyStream().map(each -> each.getKey()))
          .as(it.get("kind").asText())
          .contains(
              "app.kubernetes.io/name",
              "app.kubernetes.io/instance",
              "app.kubernetes.io/version",
              "app.kubernetes.io/managed-by",
              "app.kubernetes.io/part-of",
              "helm.sh/chart",
              "team");
    }
  }

  @Test
  void the_agents_and_nobody_else_are_selected() {
    Manifests manifests = Chart.render("{networkPolicy: {enabled: true}, podLabels: {a: b}}");
    String selector =
        """
        {"app.kubernetes.io/name":"seccomp-watch","app.kubernetes.io/instance":"seccomp-watch"}\
        """;
    JsonNode daemonSet = manifests.the("DaemonSet");
    assertThat(daemonSet.at("/spec/selector/matchLabels").toString()).isEqualTo(selector);
    assertThat(manifests.the("Service").at("/spec/selector").toString()).isEqualTo(selector);
    assertThat(manifests.the("NetworkPolicy").at("/spec/podSelector/matchLabels").toString())
        .isEqualTo(selector);
    assertThat(daemonSet.at("/spec/template/metadata/labels/app.kubernetes.io~1name").asText())
        .isEqualTo("seccomp-watch");
    // A DaemonSet adopts whatever its selector finds
    assertThat(manifests.the("Pod").at("/metadata/labels/app.kubernetes.io~1name").asText())
        .isEqualTo("seccomp-watch-test");
  }

  @Test
  void a_new_version_of_the_chart_alone_restarts_no_agent() {
    assertThat(Chart.render("").the("DaemonSet").at("/spec/template/metadata/labels").toString())
        .doesNotContain("helm.sh/chart");
  }

  @Test
  void another_configuration_restarts_the_agents() {
    String checksum = "/spec/template/metadata/annotations/checksum~1config";
    JsonNode before = Chart.render("").the("DaemonSet").at(checksum);
    assertThat(before.asText()).hasSize(64);
    assertThat(Chart.render("seriesLimit: 100").the("DaemonSet").at(checksum)).isNotEqualTo(before);
    assertThat(Chart.render("podLabels: {a: b}").the("DaemonSet").at(checksum)).isEqualTo(before);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                               | seccomp-watch:0.1.0
          image: {tag: v9}                                 | seccomp-watch:v9
          image: {registry: 'r.example:5000', tag: v9}     | r.example:5000/seccomp-watch:v9
          image: {tag: v9, digest: 'sha256:0000000000000000000000000000000000000000000000000000000000000000'} | seccomp-watch@sha256:0000000000000000000000000000000000000000000000000000000000000000
          """)
  void the_image(String values, String image) {
    Manifests manifests = Chart.render(values);
    assertThat(manifests.container().get("image").asText()).isEqualTo(image);
    assertThat(manifests.the("Pod").at("/spec/containers/0/image").asText()).isEqualTo(image);
  }

  @Test
  void agents_belong_on_every_node_and_are_the_last_to_go() {
    JsonNode spec = Chart.render("").podSpec();
    assertThat(spec.get("tolerations").toString()).isEqualTo("[{\"operator\":\"Exists\"}]");
    assertThat(spec.get("priorityClassName").asText()).isEqualTo("system-node-critical");
    assertThat(spec.get("nodeSelector").toString()).isEqualTo("{\"kubernetes.io/os\":\"linux\"}");
    assertThat(Chart.render("").container().at("/resources/limits").toString())
        .isEqualTo("{\"memory\":\"192Mi\"}");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                        | ""
          nodeSystem: cos                           | system-node-critical
          {nodeSystem: cos, priorityQuota: false}   | ""
          {nodeSystem: cos, priorityClassName: ""}  | ""
          priorityQuota: true                       | system-node-critical
          {priorityQuota: true, priorityClassName: high} | high
          """)
  void a_quota_lets_the_priority_into_the_namespace_where_that_is_wanted(
      String values, String priority) {
    List<String> let = new ArrayList<>();
    for (JsonNode quota : Chart.render(values).of("ResourceQuota")) {
      let.add(quota.at("/spec/scopeSelector/matchExpressions/0/values/0").asText());
      assertThat(quota.get("spec").has("hard")).as("a limit").isFalse();
    }
    assertThat(String.join(" ", let)).isEqualTo(priority);
  }

  @Test
  void labels_that_are_given_twice_are_there_once() {
    Manifests manifests =
        Chart.render(
            """
            commonLabels: {team: security}
            prometheusRule: {enabled: true, labels: {team: sre, release: p}}
            dashboards: {enabled: true, labels: {team: sre, grafana_dashboard: "0"}}
            """);
    assertThat(manifests.the("PrometheusRule").at("/metadata/labels").toString())
        .contains("\"team\":\"security\"", "\"release\":\"p\"");
    assertThat(
            manifests
                .the("ConfigMap", "seccomp-watch-dashboards")
                .at("/metadata/labels")
                .toString())
        .contains("\"team\":\"security\"", "\"grafana_dashboard\":\"1\"");
  }

  @Test
  void there_are_never_two_agents_on_a_node() {
    assertThat(Chart.render("").the("DaemonSet").at("/spec/updateStrategy").toString())
        .isEqualTo(
            "{\"type\":\"RollingUpdate\",\"rollingUpdate\":"
                + "{\"maxSurge\":0,\"maxUnavailable\":\"10%\"}}");
    assertThat(
            Chart.render("updateStrategy: {type: OnDelete}")
                .the("DaemonSet")
                .at("/spec/updateStrategy")
                .toString())
        .isEqualTo("{\"type\":\"OnDelete\"}");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                         | [{"matchExpressions":[VIRTUAL]}]
          avoidVirtualNodes: false   | ""
          {avoidVirtualNodes: false, affinity: {podAffinity: {}}} | ""
          affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}, {matchFields: [{key: metadata.name, operator: In, values: [node-1]}]}]}}} | [{"matchExpressions":[{"key":"a","operator":"Exists"},VIRTUAL]},{"matchExpressions":[VIRTUAL],"matchFields":[{"key":"metadata.name","operator":"In","values":["node-1"]}]}]
          """)
  void agents_keep_away_from_nodes_that_are_none_beside_what_else_is_asked(
      String values, String terms) {
    String virtual =
        """
        {"key":"type","operator":"NotIn","values":["virtual-kubelet"]},\
        {"key":"eks.amazonaws.com/compute-type","operator":"NotIn","values":["fargate"]}\
        """;
    assertThat(
            Chart.render(values)
                .podSpec()
                .at(
                    "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution"
                        + "/nodeSelectorTerms")
                .toString())
        .isEqualTo(terms.replace("VIRTUAL", virtual));
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          {}                                     | startup   | /livez  | HTTP
          {}                                     | liveness  | /livez  | HTTP
          {}                                     | readiness | /readyz | HTTP
          tls: {enabled: true, secretName: cert} | liveness  | /livez  | HTTPS
          tls: {enabled: true, secretName: cert} | readiness | /readyz | HTTPS
          """)
  void probes(String values, String probe, String path, String scheme) {
    JsonNode get = Chart.render(values).container().at("/" + probe + "Probe/httpGet");
    assertThat(get.get("path").asText()).isEqualTo(path);
    assertThat(get.get("port").asText()).isEqualTo("metrics");
    assertThat(get.get("scheme").asText()).isEqualTo(scheme);
  }

  @Test
  void what_is_extra_is_there() {
    Manifests manifests =
        Chart.render(
            """
            extraArgs: [--series-limit, "10"]
            extraEnv: [{name: A, value: b}]
            extraVolumes: [{name: x, emptyDir: {}}]
            extraVolumeMounts: [{name: x, mountPath: /x}]
            extraManifests:
              - {apiVersion: v1, kind: ConfigMap, metadata: {name: map}, data: {r: "{{ .Release.Name }}"}}
              - |
                apiVersion: v1
                kind: ConfigMap
                metadata:
                  name: {{ include "seccomp-watch.fullname" . }}-text
            """);
    assertThat(manifests.container().get("args").toString())
        .isEqualTo("[\"run\",\"--series-limit\",\"10\"]");
    assertThat(manifests.container().get("env").toString())
        .contains("{\"name\":\"A\",\"value\":\"b\"}");
    assertThat(manifests.container().get("volumeMounts").toString())
        .contains("\"mountPath\":\"/x\"");
    assertThat(manifests.podSpec().get("volumes").toString())
        .contains("{\"emptyDir\":{},\"name\":\"x\"}");
    assertThat(manifests.the("ConfigMap", "map").at("/data/r").asText()).isEqualTo("seccomp-watch");
    assertThat(manifests.of("ConfigMap")).hasSize(3);
  }

  @Test
  void the_agent_is_told_its_node_and_its_pod_by_the_downward_api() {
    assertThat(Chart.render("").container().get("env").toString())
        .contains(
            "{\"name\":\"SECCOMP_WATCH_NODE_NAME\",\"valueFrom\":{\"fieldRef\":"
                + "{\"fieldPath\":\"spec.nodeName\"}}}",
            "{\"name\":\"SECCOMP_WATCH_POD_UID\",\"valueFrom\":{\"fieldRef\":"
                + "{\"fieldPath\":\"metadata.uid\"}}}");
  }

  private static Set<String> names(Manifests manifests) {
    Set<String> names = new TreeSet<>();
    manifests
        .all()
        .forEach(it -> names.add(it.get("kind").asText() + " " + it.at("/metadata/name").asText()));
    return names;
  }
}
