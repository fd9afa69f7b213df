package io.seccompwatch.node;

import static io.seccompwatch.cluster.ContainerState.waiting;
import static io.seccompwatch.node.KubernetesNode.DENIED;
import static io.seccompwatch.node.KubernetesNode.LOGGED;
import static io.seccompwatch.node.KubernetesNode.denying;
import static io.seccompwatch.node.KubernetesNode.pod;
import static io.seccompwatch.node.KubernetesNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.cluster.TestPod;
import io.seccompwatch.prometheus.Dashboards;
import io.seccompwatch.prometheus.PrometheusServer;
import io.seccompwatch.prometheus.PrometheusTools;
import io.seccompwatch.prometheus.RenderedChart;
import io.seccompwatch.prometheus.Runbooks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The whole way: a real filter denies a real container's call, and a real Prometheus with the
 * chart's rules tells of it, the pod has its Event, and the dashboards and runbooks show it.
 */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DenialToAlertTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern METRIC = Pattern.compile("(?<![\\w:])(seccomp_\\w+)(?![\\w:])");

  /** What is wrong with no agent here; losses are the machine's, where others run tests, too. */
  private static final List<String> QUIET =
      List.of(
          "SeccompWatchSourceDown",
          "SeccompWatchSourceSilent",
          "SeccompWatchCanaryMissed",
          "SeccompWatchPodsNotSynced",
          "SeccompWatchEventsFailed",
          "SeccompWatchSeriesCapReached",
          "SeccompWatchAgentDown",
          "SeccompWatchAgentsAbsent");

  private @Nullable KubernetesNode node;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    node = KubernetesNode.start(directory);
  }

  @AfterAll
  void end() {
    if (node != null) {
      node.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_denial_becomes_metric_event_alert_and_what_the_dashboards_show(
      PrometheusTools tools, @TempDir Path directory) throws Exception {
    String name = tools.name().toLowerCase(Locale.ROOT);
    RenderedChart chart = RenderedChart.withoutWaiting();
    TestPod api =
        pod(name + "-api-7d9f-x2x")
            .owner("ReplicaSet", name + "-api-7d9f")
            .label("pod-template-hash", "7d9f")
            .container("app", waiting("ContainerCreating"));
    TestPod worker =
        pod(name + "-worker-0")
            .owner("StatefulSet", name + "-worker")
            .container("job", waiting("ContainerCreating"));
    String apiUid = node().create(api);
    String workerUid = node().create(worker);
    String[] calls = {LOGGED, "wait:/go", DENIED, "pause"};
    Filter killing = Filter.allowing().but("SCMP_ACT_KILL_PROCESS", "acct");
    try (Agent agent = node().agent();
        PrometheusServer prometheus =
            PrometheusServer.start(
                tools, directory, agent.authority(), chart.writeRules(directory));
        OciContainer logs = node().container(apiUid, denying(), calls).start();
        OciContainer killed =
            node().container(workerUid, killing, "wait:/go", DENIED, "pause").start()) {
      node().report(api.now("app", running(logs)));
      node().report(worker.now("job", running(killed)));
      String loggedAlert = "alertname=\"SeccompLoggedSyscalls\", workload=\"" + name + "-api\"";
      awaitFiring(prometheus, agent, "SeccompLoggedSyscalls", Map.of("workload", name + "-api"));

      logs.letGoOn("go");
      awaitFiring(
          prometheus,
          agent,
          "SeccompNewDenial",
          Map.of(
              "namespace", "prod",
              "workload", name + "-api",
              "workload_type", "deployment",
              "container", "app",
              "syscall", "acct",
              "action", "errno",
              "severity", "warning"));
      assertEvent(api, agent, "acct (163, x86_64) denied with errno in container app");

      killed.letGoOn("go");
      awaitFiring(
          prometheus,
          agent,
          "SeccompKill",
          Map.of(
              "namespace", "prod",
              "pod", worker.name(),
              "workload", name + "-worker",
              "workload_type", "statefulset",
              "container", "job",
              "syscall", "acct",
              "node", "n1",
              "severity", "critical"));
      assertEvent(worker, agent, "acct (163, x86_64) denied with kill_process in container job");

      for (String[] denied :
          List.of(
              new String[] {"SeccompNewDenial", "workload=\"" + name + "-api\""},
              new String[] {"SeccompKill", "workload=\"" + name + "-worker\""})) {
        assertFiresAtTheEvaluationThatSeesIt(prometheus, denied[0], denied[1], loggedAlert);
      }
      assertHostIsNotTheAgentsPod(prometheus, agent, directory);
      assertDashboardsShowData(prometheus, agent);
      assertRunbooksCanBeFollowed(prometheus, name);
      assertRulesAreWell(prometheus, chart);
    }
  }

  private static void awaitFiring(
      PrometheusServer prometheus, Agent agent, String alert, Map<String, String> labels) {
    Await.until(
        alert + " fires with " + labels,
        PATIENCE,
        () ->
            prometheus.firing().stream()
                .anyMatch(
                    firing ->
                        alert.equals(firing.get("alertname"))
                            && firing.entrySet().containsAll(labels.entrySet())),
        () -> firingAnd(prometheus, agent));
  }

  private void assertEvent(TestPod pod, Agent agent, String note) {
    Await.until(
        "an Event of " + pod.name() + ": " + note,
        PATIENCE,
        () ->
            node().events(pod).stream()
                .anyMatch(
                    event ->
                        event.at("/reason").asText().equals("SeccompDenied")
                            && event.at("/note").asText().startsWith(note)),
        agent::state);
  }

  /**
   * Each evaluation of the group leaves a sample of the alert that fires all the time. Between the
   * scrape and the alert there is one at most: it began while the scrape was being stored.
   */
  private static void assertFiresAtTheEvaluationThatSeesIt(
      PrometheusServer prometheus, String alert, String workload, String always) throws Exception {
    double scraped = prometheus.sampled("seccomp_denials_total{" + workload + "}").getFirst();
    double fired =
        prometheus
            .sampled(
                "ALERTS{alertname=\"%s\", alertstate=\"firing\", %s}".formatted(alert, workload))
            .getFirst();
    List<Double> evaluations = prometheus.sampled("ALERTS{" + always + ", alertstate=\"firing\"}");
    assertThat(evaluations).contains(fired);
    assertThat(evaluations).filteredOn(time -> time > scraped && time < fired).hasSizeBetween(0, 1);
  }

  /** Empty labels have to stay empty: else they would get those of the scraped pod. */
  private static void assertHostIsNotTheAgentsPod(
      PrometheusServer prometheus, Agent agent, Path directory) throws Exception {
    Command.run(directory, List.of(Probe.actions().toString()));
    Await.until(
        "denials outside of pods are scraped",
        PATIENCE,
        () -> !prometheus.query("seccomp_denials_total{namespace=\"\", pod=\"\"}").isEmpty(),
        () -> firingAnd(prometheus, agent));
    assertThat(prometheus.query("seccomp_denials_total{pod=\"agent-of-n1\"}")).isEmpty();
    assertThat(prometheus.query("seccomp_denials_total{namespace=\"monitoring\"}")).isEmpty();
    assertThat(prometheus.query("seccomp_watch_source_up{pod=\"agent-of-n1\"}")).isNotEmpty();
    Await.until(
        "SeccompKill fires without a namespace",
        PATIENCE,
        () ->
            prometheus.firing().stream()
                .anyMatch(
                    firing ->
                        "SeccompKill".equals(firing.get("alertname"))
                            && "n1".equals(firing.get("node"))
                            && !firing.containsKey("namespace")
                            && !firing.containsKey("pod")),
        () -> firingAnd(prometheus, agent));
  }

  private static void assertDashboardsShowData(PrometheusServer prometheus, Agent agent)
      throws Exception {
    for (Dashboards.Query query : Dashboards.queries()) {
      Await.until(
          "data for " + query.at() + ": " + query.expr(),
          PATIENCE,
          () -> !prometheus.query(query.expr()).isEmpty(),
          () -> firingAnd(prometheus, agent));
    }
  }

  private static void assertRunbooksCanBeFollowed(PrometheusServer prometheus, String name)
      throws Exception {
    int withAnAnswer = 0;
    for (Runbooks.Query query : Runbooks.queries()) {
      String expr = query.expr().replace("NAMESPACE", "prod").replace("WORKLOAD", name + "-api");
      withAnAnswer += prometheus.query(expr).isEmpty() ? 0 : 1;
    }
    assertThat(withAnAnswer).as("queries that have something to say here").isGreaterThan(15);
  }

  private static void assertRulesAreWell(PrometheusServer prometheus, RenderedChart chart)
      throws Exception {
    assertThat(prometheus.sickRules()).isEmpty();
    List<String> metrics =
        chart.expressions().stream()
            .flatMap(expr -> METRIC.matcher(expr).results().map(MatchResult::group))
            .distinct()
            .toList();
    for (String metric : metrics) {
      assertThat(prometheus.query(metric)).as("series of " + metric).isNotEmpty();
    }
    assertThat(prometheus.firing()).extracting(alert -> alert.get("alertname")).isNotEmpty();
    assertThat(prometheus.firing())
        .extracting(alert -> Objects.requireNonNull(alert.get("alertname")))
        .doesNotContainAnyElementsOf(QUIET);
  }

  private static String firingAnd(PrometheusServer prometheus, Agent agent) {
    try {
      return "firing: " + prometheus.firing() + "\n" + prometheus.log() + agent.state();
    } catch (Exception e) {
      return e + "\n" + agent.state();
    }
  }

  private KubernetesNode node() {
    return Objects.requireNonNull(node, "no node");
  }
}
