package io.seccompwatch.cluster;

import static io.seccompwatch.cluster.ContainerState.running;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the agent's ServiceAccount may do, asked of a real API server: reading pods, writing Events.
 */
@Tag("kubernetes")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RbacTest {

  private static final String EVENT =
      """
      {"apiVersion": "events.k8s.io/v1", "kind": "Event",
       "metadata": {"namespace": "prod", "name": "denied-1"},
       "eventTime": "2026-11-22T10:00:00.000000Z", "type": "Warning", "reason": "SeccompDenied",
       "action": "Syscall", "reportingController": "seccomp-watch.io/agent",
       "reportingInstance": "n1", "note": "keyctl (250, x86_64) denied with errno in container app",
       "regarding": {"apiVersion": "v1", "kind": "Pod", "namespace": "prod", "name": "api-1",
                     "fieldPath": "spec.containers{app}"}}
      """;

  private ApiServerUnderTest server;
  private AgentRequests requests;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    server = ApiServerUnderTest.start(directory);
    requests = server.agentRequests();
    server.createNamespace("prod");
    server.create(
        TestPod.on("n1", "prod", "api-1").container("app", running("containerd://1")),
        TestPod.on("n1", "prod", "api-2").container("app", running("containerd://2")),
        TestPod.on("n2", "prod", "api-3").container("app", running("containerd://3")));
  }

  @AfterAll
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void lists_the_pods_of_one_node_in_all_namespaces() {
    JsonNode pods =
        server.agent().json("get", "pods", "-A", "--field-selector", "spec.nodeName=n1");
    assertThat(pods.findValuesAsText("nodeName")).containsOnly("n1").hasSize(2);
    assertThat(pods.findValuesAsText("containerID"))
        .containsExactlyInAnyOrder("containerd://1", "containerd://2");
  }

  @Test
  void watches_the_pods_of_one_node() {
    // It tells what is there, and ends with its time
    String told =
        server
            .agent()
            .text(
                "get",
                "--raw",
                "/api/v1/pods?watch=1&timeoutSeconds=1&fieldSelector=spec.nodeName%3Dn2");
    List<JsonNode> changes = told.lines().map(Kubectl::parse).toList();
    assertThat(changes)
        .singleElement()
        .satisfies(
            change -> {
              assertThat(change.get("type").asText()).isEqualTo("ADDED");
              assertThat(change.at("/object/metadata/name").asText()).isEqualTo("api-3");
            });
  }

  @Test
  void writes_an_event_and_the_series_of_its_repeats() throws Exception {
    String events = "/apis/events.k8s.io/v1/namespaces/prod/events";
    AgentRequests.Answer created = requests.send("POST", events, EVENT);
    assertThat(created.status()).as(created.body().toString()).isEqualTo(201);
    AgentRequests.Answer patched =
        requests.send(
            "PATCH",
            events + "/denied-1",
            """
            {"series": {"count": 2, "lastObservedTime": "2026-11-22T10:00:01.000000Z"}}
            """);
    assertThat(patched.status()).as(patched.body().toString()).isEqualTo(200);

    JsonNode event = server.admin().json("-n", "prod", "get", "events.events.k8s.io", "denied-1");
    assertThat(event.at("/regarding/name").asText()).isEqualTo("api-1");
    assertThat(event.at("/series/count").asInt()).isEqualTo(2);
  }

  @ParameterizedTest(name = "{1} {2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET    | list             | secrets             | /api/v1/secrets
          GET    | get              | secrets             | /api/v1/namespaces/prod/secrets/s
          GET    | get              | pods                | /api/v1/namespaces/prod/pods/api-1
          GET    | list             | configmaps          | /api/v1/configmaps
          GET    | get              | configmaps          | /api/v1/namespaces/prod/configmaps/c
          GET    | list             | nodes               | /api/v1/nodes
          GET    | get              | nodes               | /api/v1/nodes/n1
          GET    | get              | nodes/proxy         | /api/v1/nodes/n1/proxy/pods
          GET    | list             | namespaces          | /api/v1/namespaces
          GET    | list             | serviceaccounts     | /api/v1/serviceaccounts
          GET    | list             | replicasets         | /apis/apps/v1/replicasets
          POST   | create           | pods                | /api/v1/namespaces/prod/pods
          PUT    | update           | pods                | /api/v1/namespaces/prod/pods/api-1
          PATCH  | patch            | pods                | /api/v1/namespaces/prod/pods/api-1
          DELETE | delete           | pods                | /api/v1/namespaces/prod/pods/api-1
          DELETE | deletecollection | pods                | /api/v1/namespaces/prod/pods
          PATCH  | patch            | pods/status         | /api/v1/namespaces/prod/pods/api-1/status
          PATCH  | patch            | pods/ephemeralcontainers | /api/v1/namespaces/prod/pods/api-1/ephemeralcontainers
          POST   | create           | pods/eviction       | /api/v1/namespaces/prod/pods/api-1/eviction
          POST   | create           | pods/exec           | /api/v1/namespaces/prod/pods/api-1/exec?command=id
          GET    | get              | pods/log            | /api/v1/namespaces/prod/pods/api-1/log
          GET    | list             | events              | /apis/events.k8s.io/v1/events
          GET    | get              | events              | /apis/events.k8s.io/v1/namespaces/prod/events/e
          PUT    | update           | events              | /apis/events.k8s.io/v1/namespaces/prod/events/e
          DELETE | delete           | events              | /apis/events.k8s.io/v1/namespaces/prod/events/e
          DELETE | deletecollection | events              | /apis/events.k8s.io/v1/namespaces/prod/events
          GET    | list             | events              | /api/v1/events
          POST   | create           | events              | /api/v1/namespaces/prod/events
          POST   | create           | serviceaccounts/token | /api/v1/namespaces/seccomp-watch/serviceaccounts/seccomp-watch/token
          POST   | create           | tokenreviews        | /apis/authentication.k8s.io/v1/tokenreviews
          POST   | create           | clusterrolebindings | /apis/rbac.authorization.k8s.io/v1/clusterrolebindings
          """)
  void is_forbidden_all_else(String method, String verb, String resource, String path)
      throws Exception {
    AgentRequests.Answer answer = requests.send(method, path, method.equals("GET") ? "" : "{}");
    assertThat(answer.status()).as(answer.body().toString()).isEqualTo(403);
    assertThat(answer.body().path("message").asText())
        .contains(
            "User \"system:serviceaccount:seccomp-watch:seccomp-watch\" cannot %s resource \"%s\""
                .formatted(verb, resource));
  }

  @Test
  void has_no_right_but_these_and_those_of_every_user() throws Exception {
    AgentRequests.Answer answer =
        requests.send(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            """
            {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
             "spec": {"namespace": "prod"}}
            """);
    assertThat(answer.body().at("/status/incomplete").asBoolean()).isFalse();
    Set<String> rights = new TreeSet<>();
    for (JsonNode rule : answer.body().at("/status/resourceRules")) {
      for (JsonNode verb : rule.path("verbs")) {
        for (JsonNode group : rule.path("apiGroups")) {
          for (JsonNode resource : rule.path("resources")) {
            rights.add(verb.asText() + " " + group.asText() + "/" + resource.asText());
          }
        }
      }
    }
    assertThat(rights)
        .containsExactlyInAnyOrder(
            "list /pods",
            "watch /pods",
            "create events.k8s.io/events",
            "patch events.k8s.io/events",
            // The role system:basic-user: to ask who one is and what one may
            "create authentication.k8s.io/selfsubjectreviews",
            "create authorization.k8s.io/selfsubjectaccessreviews",
            "create authorization.k8s.io/selfsubjectrulesreviews");
  }
}
