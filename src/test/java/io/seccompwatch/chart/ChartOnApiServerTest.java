package io.seccompwatch.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import io.seccompwatch.cluster.ApiServerUnderTest;
import io.seccompwatch.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the chart renders, judged by a real API server, and installed into one by Helm. */
@Tag("kubernetes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChartOnApiServerTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** An API server alone knows nothing of these. */
  private static final List<String> FOREIGN =
      List.of("monitoring.coreos.com", "security.openshift.io");

  private ApiServerUnderTest server;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    server = ApiServerUnderTest.start(directory, "--allow-privileged=true");
    server.createNamespace(Chart.NAMESPACE);
    server.createNamespace("other");
  }

  @AfterAll
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  static List<String> values() {
    List<String> values = new ArrayList<>(ValueSets.switches());
    for (JsonNode system : Chart.schema().at("/properties/nodeSystem/enum")) {
      values.add("{nodeSystem: " + system.asText() + ", auditRulesChanged: true}");
    }
    for (String source : List.of("audit-log", "syslog", "audit-netlink")) {
      values.add("source: " + source);
    }
    return values;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("values")
  void is_taken_as_it_is(String values) {
    ArrayNode items = JSON.createArrayNode();
    for (JsonNode manifest : Chart.render(values).all()) {
      if (FOREIGN.stream().noneMatch(manifest.get("apiVersion").asText()::startsWith)) {
        items.add(manifest);
      }
    }
    ObjectNode list = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "List");
    list.set("items", items);
    String answer =
        server
            .admin()
            .textOf(
                list, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-");
    assertThat(answer.lines()).hasSameSizeAs(items).allMatch(it -> it.endsWith("(server dry run)"));
  }

  @Test
  void pod_security_has_nothing_against_an_agent_that_is_not_root_but_its_node_volumes() {
    String namespace =
        """
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "restricted",
         "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
        """;
    server.admin().textOf(Chart.documents(namespace).getFirst(), "create", "-f", "-");
    ObjectNode pod = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "Pod");
    pod.putObject("metadata").put("name", "agent").put("namespace", "restricted");
    pod.set("spec", Chart.render("{runAsNonRoot: true, state: {type: emptyDir}}").podSpec());
    ((ObjectNode) pod.get("spec")).remove("priorityClassName");
    assertThatThrownBy(() -> server.admin().textOf(pod, "create", "--dry-run=server", "-f", "-"))
        .hasMessageContaining("violates PodSecurity \"restricted:latest\"")
        .hasMessageContaining(
            "restricted volume types (volumes \"proc\", \"cgroup\", \"logs-0\","
                + " \"kubelet-seccomp\" use restricted volume type \"hostPath\")")
        .message()
        .doesNotContain("runAsNonRoot", "seccompProfile", "capabilities", "allowPrivilege");
  }

  /** The API server as GKE has it: critical priorities only where a quota is for them. */
  @Test
  void a_critical_priority_is_let_in_by_the_quota(@TempDir Path directory) throws Exception {
    Path admission =
        Files.writeString(
            directory.resolve("admission.yaml"),
            """
            apiVersion: apiserver.config.k8s.io/v1
            kind: AdmissionConfiguration
            plugins:
              - name: ResourceQuota
                configuration:
                  apiVersion: apiserver.config.k8s.io/v1
                  kind: ResourceQuotaConfiguration
                  limitedResources:
                    - resource: pods
                      matchScopes:
                        - scopeName: PriorityClass
                          operator: In
                          values: [system-node-critical, system-cluster-critical]
            """);
    try (ApiServerUnderTest limited =
        ApiServerUnderTest.start(
            directory, "--allow-privileged=true", "--admission-control-config-file=" + admission)) {
      limited.createNamespace(Chart.NAMESPACE);
      Manifests manifests = Chart.render("nodeSystem: cos");
      limited.admin().textOf(manifests.the("ServiceAccount"), "create", "-f", "-");
      ObjectNode pod = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "Pod");
      pod.putObject("metadata").put("name", "agent").put("namespace", Chart.NAMESPACE);
      pod.set("spec", manifests.podSpec());
      assertThatThrownBy(() -> limited.admin().textOf(pod, "create", "-f", "-"))
          .hasMessageContaining("insufficient quota to match these scopes");
      limited.admin().textOf(manifests.the("ResourceQuota"), "create", "-f", "-");
      // The admission plugin looks at quotas that it remembers
      Await.until(
          "the pod is let in",
          Duration.ofSeconds(60),
          () -> {
            try {
              return limited.admin().textOf(pod, "create", "-f", "-").contains("created");
            } catch (AssertionError e) {
              return false;
            }
          });
    }
  }

  @Test
  void helm_installs_upgrades_and_uninstalls_it(@TempDir Path directory) throws Exception {
    Path before = values(directory, "before", "seriesLimit: 100");
    Path after =
        values(
            directory,
            "after",
            "{source: audit-netlink, kubernetes: {events: none}, test: {enabled: false}}");
    Helm helm = new Helm(Chart.DIRECTORY);
    helm.install()
        .withName("agents")
        .withNamespace(Chart.NAMESPACE)
        .withKubeConfig(server.adminKubeconfig())
        .withValuesFile(before)
        .call();
    JsonNode installed = daemonSet();
    assertThat(installed.at("/spec/template/spec").has("hostNetwork")).isFalse();
    assertThat(rules()).contains("events.k8s.io");

    helm.upgrade()
        .withName("agents")
        .withNamespace(Chart.NAMESPACE)
        .withKubeConfig(server.adminKubeconfig())
        .withValuesFile(after)
        .call();
    JsonNode upgraded = daemonSet();
    assertThat(upgraded.at("/spec/template/spec/hostNetwork").asBoolean()).isTrue();
    assertThat(upgraded.at("/metadata/uid")).isEqualTo(installed.at("/metadata/uid"));
    assertThat(upgraded.at("/spec/selector")).isEqualTo(installed.at("/spec/selector"));
    assertThat(rules()).doesNotContain("events.k8s.io");

    Helm.uninstall("agents")
        .withNamespace(Chart.NAMESPACE)
        .withKubeConfig(server.adminKubeconfig())
        .call();
    String left =
        server
            .admin()
            .text(
                "get",
                "daemonset,service,configmap,serviceaccount,clusterrole,clusterrolebinding",
                "-A",
                "-l",
                "app.kubernetes.io/instance=agents",
                "-o",
                "name");
    assertThat(left).isEmpty();
  }

  private JsonNode daemonSet() {
    return server.admin().json("-n", Chart.NAMESPACE, "get", "daemonset", "agents-seccomp-watch");
  }

  private String rules() {
    return server
        .admin()
        .json("get", "clusterrole", Chart.NAMESPACE + ".agents-seccomp-watch")
        .get("rules")
        .toString();
  }

  private static Path values(Path directory, String name, String values) throws Exception {
    return Files.writeString(directory.resolve(name + ".yaml"), values);
  }
}
