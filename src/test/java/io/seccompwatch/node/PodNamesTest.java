package io.seccompwatch.node;

import static io.seccompwatch.cluster.ContainerState.terminated;
import static io.seccompwatch.cluster.ContainerState.waiting;
import static io.seccompwatch.node.KubernetesNode.DENIED;
import static io.seccompwatch.node.KubernetesNode.LOGGED;
import static io.seccompwatch.node.KubernetesNode.denying;
import static io.seccompwatch.node.KubernetesNode.id;
import static io.seccompwatch.node.KubernetesNode.pod;
import static io.seccompwatch.node.KubernetesNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.seccompwatch.cluster.ContainerState;
import io.seccompwatch.cluster.TestPod;
import io.seccompwatch.node.Told.Names;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Violations get the names that Kubernetes knows, the right ones and no others. */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PodNamesTest {

  private static final String IMAGE = "registry.example/app:1";
  private static final String DENIALS = "seccomp_denials_total";
  private static final String PENDING = "seccomp_watch_violations_pending";

  private @Nullable KubernetesNode node;
  private @Nullable Agent agent;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    node = KubernetesNode.start(directory);
    agent = node().agent("--series-grace", "2s");
  }

  @AfterAll
  void end() {
    if (agent != null) {
      agent.close();
    }
    if (node != null) {
      node.close();
    }
  }

  @AfterEach
  void the_books_balance_and_nothing_was_refused() throws Exception {
    agent().metrics().assertBooksBalance();
    assertThat(agent().json("/api/v1/status").at("/balance/balanced").asBoolean()).isTrue();
    assertThat(node().asked()).allMatch(asked -> asked.code() < 300);
  }

  @Test
  void names_pod_container_profile_and_the_deployment_behind_a_denial() throws Exception {
    TestPod pod =
        pod("api-7d9f-x2x")
            .owner("ReplicaSet", "api-7d9f")
            .label("pod-template-hash", "7d9f")
            .seccomp("RuntimeDefault", null)
            .container("app", waiting("ContainerCreating"), "Localhost", "profiles/app.json");
    String uid = node().create(pod);
    try (OciContainer container = node().denied(uid).start()) {
      node().report(pod.now("app", running(container)));
      Told told = agent().awaitViolation(container, any -> true);

      assertContainer(told, uid, container);
      Names names =
          new Names(
              "prod", pod.name(), "app", IMAGE, "Deployment/api", "Localhost profiles/app.json");
      assertThat(told.names()).isEqualTo(names);
      assertThat(
              agent()
                  .metrics()
                  .sum(
                      DENIALS,
                      labels(pod, "app", "workload", "api", "workload_type", "deployment")))
          .isEqualTo(1);
      JsonNode found =
          agent()
              .json("/api/v1/violations?namespace=prod&pod=api-7d9f-x2x&container=app&workload=api")
              .get("violations");
      assertThat(found).hasSize(1);
      assertThat(Told.of(found.get(0))).isEqualTo(told);
    }
  }

  @Test
  void names_an_init_container() throws Exception {
    TestPod pod =
        pod("migrate-0")
            .owner("StatefulSet", "migrate")
            .init("setup", waiting("PodInitializing"))
            .container("app", waiting("PodInitializing"));
    String uid = node().create(pod);
    try (OciContainer container = node().denied(uid).start()) {
      node().report(pod.phase("Pending").now("setup", running(container)));
      Told told = agent().awaitViolation(container, any -> true);

      assertContainer(told, uid, container);
      assertThat(told.names())
          .isEqualTo(new Names("prod", pod.name(), "setup", IMAGE, "StatefulSet/migrate", null));
      assertThat(agent().metrics().sum(DENIALS, labels(pod, "setup"))).isEqualTo(1);
    }
  }

  @Test
  void names_a_container_for_debugging() throws Exception {
    TestPod pod =
        pod("debugged")
            .container("app", ContainerState.running("containerd://other"))
            .ephemeral("debugger", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (OciContainer container = node().denied(uid).start()) {
      node().report(pod.now("debugger", running(container)));
      Told told = agent().awaitViolation(container, any -> true);

      assertContainer(told, uid, container);
      assertThat(told.names())
          .isEqualTo(new Names("prod", pod.name(), "debugger", IMAGE, null, null));
    }
  }

  /** What killed a container is told when the status has a new one already. */
  @Test
  void names_a_container_that_the_status_has_as_its_last_only() throws Exception {
    TestPod pod = pod("crashing").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (OciContainer ended = node().container(uid, denying(), "wait:/go", DENIED, "pause");
        OciContainer restarted = node().container(uid, denying(), "pause")) {
      ended.start();
      node().report(pod.now("app", running(restarted).after(terminated(id(ended), 159))));
      ended.letGoOn("go");
      Told told = agent().awaitViolation(ended, any -> true);

      assertContainer(told, uid, ended);
      assertThat(told.names()).isEqualTo(new Names("prod", pod.name(), "app", IMAGE, null, null));
    }
  }

  /** The kubelet knows a static pod by a hash; its mirror in the API has another UID. */
  @Test
  void names_a_static_pod_by_its_mirror() throws Exception {
    String hash = "0123456789abcdef0123456789abcdef";
    TestPod pod =
        pod("etcd-n1")
            .owner("Node", "n1")
            .annotation("kubernetes.io/config.hash", hash)
            .annotation("kubernetes.io/config.mirror", hash)
            .annotation("kubernetes.io/config.source", "file")
            .container("etcd", waiting("ContainerCreating"));
    assertThat(node().create(pod)).isNotEqualTo(hash);
    try (OciContainer container = node().denied(hash).start()) {
      node().report(pod.now("etcd", running(container)));
      Told told = agent().awaitViolation(container, any -> true);

      assertContainer(told, hash, container);
      assertThat(told.names().pod()).isEqualTo("etcd-n1");
      assertThat(told.names().container()).isEqualTo("etcd");
    }
  }

  @Test
  void holds_violations_until_the_status_is_there_and_tells_each_once_in_order() throws Exception {
    TestPod pod = pod("late").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    String[] steps = {DENIED, LOGGED, DENIED, "pause"};
    try (OciContainer container = node().container(uid, denying(), steps).start()) {
      awaitPending(3);
      agent().metrics().assertBooksBalance();
      assertThat(agent().violationsOf(container)).isEmpty();

      node().report(pod.now("app", running(container)));
      awaitPending(0);
      agent().awaitViolation(container, told -> told.number() == 250);
      List<Told> told = agent().violationsOf(container);
      assertThat(told).extracting(Told::number).containsExactly(163, 250, 163);
      assertThat(told).extracting(Told::serial).isSorted().doesNotHaveDuplicates();
      assertThat(told).allSatisfy(each -> assertContainer(each, uid, container));
      assertThat(told).extracting(each -> each.names().container()).containsOnly("app");
      Metrics metrics = agent().metrics();
      assertThat(metrics.sum(DENIALS, labels(pod, "app"))).isEqualTo(2);
      assertThat(metrics.sum("seccomp_logged_syscalls_total", labels(pod, "app"))).isEqualTo(1);
    }
  }

  @Test
  void says_what_is_missing_when_the_wait_is_over() throws Exception {
    TestPod silent =
        pod("silent").owner("DaemonSet", "logs").container("app", waiting("ContainerCreating"));
    // The kubelet of another node reports it: its pod is not this node's.
    TestPod foreign =
        TestPod.on("n2", "prod", "foreign").container("app", waiting("ContainerCreating"));
    String silentUid = node().create(silent);
    String foreignUid = node().create(foreign);
    try (OciContainer withoutStatus = node().denied(silentUid).start();
        OciContainer withoutPod = node().denied(foreignUid).start()) {
      node().report(foreign.now("app", running(withoutPod)));
      awaitPending(2);
      agent().metrics().assertBooksBalance();

      Told ofSilent = agent().awaitViolation(withoutStatus, any -> true);
      assertThat(ofSilent.outcome()).isEqualTo("container");
      assertThat(ofSilent.reason()).isEqualTo("container_not_in_status");
      assertThat(ofSilent.podUid()).isEqualTo(silentUid);
      assertThat(ofSilent.names())
          .isEqualTo(new Names("prod", "silent", null, null, "DaemonSet/logs", null));
      assertThat(agent().metrics().sum(DENIALS, labels(silent, ""))).isEqualTo(1);

      Told ofForeign = agent().awaitViolation(withoutPod, any -> true);
      assertThat(ofForeign.outcome()).isEqualTo("container");
      assertThat(ofForeign.reason()).isEqualTo("pod_not_found");
      assertThat(ofForeign.podUid()).isEqualTo(foreignUid);
      assertThat(ofForeign.names()).isEqualTo(Names.NONE);
    }
  }

  @Test
  void names_a_pod_that_was_just_deleted_and_drops_its_series_after_their_grace() throws Exception {
    TestPod pod = pod("short-lived").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    String[] steps = {DENIED, "wait:/go", DENIED, "pause"};
    try (OciContainer container = node().container(uid, denying(), steps)) {
      node().report(pod.now("app", running(container)));
      container.start();
      node().server().delete(pod);
      container.letGoOn("go");
      Await.until(
          "both violations of " + container.comm(),
          Await.PATIENCE,
          () -> agent().violationsOf(container).size() == 2,
          agent()::state);

      assertThat(agent().violationsOf(container))
          .allSatisfy(told -> assertContainer(told, uid, container))
          .extracting(told -> told.names().pod())
          .containsOnly("short-lived");
      Metrics before = agent().metrics();
      assertThat(before.sum(DENIALS, labels(pod, "app"))).isEqualTo(2);
      double retired = before.sum("seccomp_watch_violations_retired_total");
      Await.until(
          "the series of short-lived have gone",
          Await.PATIENCE,
          () -> {
            Metrics now = agent().metrics();
            now.assertBooksBalance();
            return !now.has(DENIALS, labels(pod, "app"))
                && now.sum("seccomp_watch_violations_retired_total") >= retired + 2;
          },
          agent()::state);
    }
  }

  @Test
  void asks_the_api_server_for_this_nodes_pods_and_nothing_else() throws Exception {
    TestPod pod = pod("asking").container("app", waiting("ContainerCreating"));
    String uid = node().create(pod);
    try (OciContainer container = node().denied(uid).start()) {
      node().report(pod.now("app", running(container)));
      agent().awaitViolation(container, any -> true);
      Await.until("an Event of the denial", () -> !node().events(pod).isEmpty());

      assertThat(node().asked())
          .isNotEmpty()
          .filteredOn(asked -> asked.what().endsWith(" pods"))
          .allMatch(asked -> asked.uri().contains("fieldSelector=spec.nodeName%3Dn1"))
          .extracting(KubernetesNode.Asked::what)
          .containsOnlyOnce("list pods", "watch pods");
      assertThat(node().asked())
          .extracting(KubernetesNode.Asked::what)
          .isSubsetOf("list pods", "watch pods", "create events", "patch events");
    }
  }

  private void awaitPending(int count) {
    Await.until(
        count + " violations pending",
        Await.PATIENCE,
        () -> agent().metrics().sum(PENDING) == count,
        agent()::state);
  }

  private static void assertContainer(Told told, String podUid, OciContainer container) {
    assertThat(told.outcome()).as(told.toString()).isEqualTo("container");
    assertThat(told.by()).isIn("procfs", "history");
    assertThat(told.reason()).isNull();
    assertThat(told.podUid()).isEqualTo(podUid);
    assertThat(told.containerId()).isEqualTo(id(container));
  }

  private static String[] labels(TestPod pod, String container, String... more) {
    List<String> labels =
        new ArrayList<>(
            List.of("namespace", pod.namespace(), "pod", pod.name(), "container", container));
    labels.addAll(List.of(more));
    return labels.toArray(String[]::new);
  }

  private KubernetesNode node() {
    return Objects.requireNonNull(node, "no node");
  }

  private Agent agent() {
    return Objects.requireNonNull(agent, "no agent");
  }
}
