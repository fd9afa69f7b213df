package io.seccompwatch.publish;

import static io.seccompwatch.publish.AgentMetrics.counterOf;
import static io.seccompwatch.publish.AgentMetrics.gauge;
import static io.seccompwatch.publish.AgentMetrics.gaugeOf;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import java.util.List;
import java.util.Map;

/** The metrics of {@link Conditions}. Thread-safe as those are. */
final class ConditionMetrics {

  private final Conditions conditions;
  private final long startMillis;

  ConditionMetrics(Conditions conditions, long startMillis) {
    this.conditions = conditions;
    this.startMillis = startMillis;
  }

  void addTo(List<MetricSnapshot> all, ContainerSeries.Bounded containers) {
    addSources(all, conditions.sources().get());
    all.add(
        counters(
            "seccomp_watch_log_lines",
            "Lines of the violations log by what became of them.",
            "result",
            conditions.logLines().get()));
    all.add(
        counters(
            "seccomp_watch_kubernetes_events",
            "Violations of pods by what became of them as Kubernetes Events.",
            "result",
            conditions.events().get()));
    addKubernetes(all, conditions.kubernetes().get());
    all.addAll(ProcessEventMetrics.of(conditions.processEvents().get()));
    all.addAll(ContainerMetrics.of(containers.series()));
    all.addAll(KernelAuditMetrics.of(conditions.kernelAudit().get()));
    addEndpoint(all, conditions.endpoint().get());
  }

  private void addSources(List<MetricSnapshot> all, List<SourceStatus> statuses) {
    GaugeSnapshot.Builder up =
        gaugeOf("seccomp_watch_source_up", "Whether the source can be read.");
    GaugeSnapshot.Builder lag =
        gaugeOf("seccomp_watch_source_lag_bytes", "Bytes written to the source and not yet read.");
    CounterSnapshot.Builder rotations =
        counterOf("seccomp_watch_source_rotations", "How often the followed file was rotated.");
    for (SourceStatus status : statuses) {
      Labels labels = Labels.of("source", status.name());
      up.dataPoint(gauge(status.up() ? 1 : 0, labels));
      lag.dataPoint(gauge((double) status.lagBytes(), labels));
      rotations.dataPoint(AgentMetrics.counter(status.rotations(), labels, startMillis));
    }
    all.add(up.build());
    all.add(lag.build());
    all.add(rotations.build());
  }

  private void addKubernetes(List<MetricSnapshot> all, KubernetesStatus status) {
    GaugeSnapshot.Builder synced =
        gaugeOf(
            "seccomp_watch_kubernetes_synced",
            "Whether this node's pods are known and being kept; nothing when they are not read.");
    GaugeSnapshot.Builder pods =
        gaugeOf("seccomp_watch_kubernetes_pods", "Pods that are known, lately deleted ones too.");
    if (status.on()) {
      synced.dataPoint(gauge(status.synced() ? 1 : 0, Labels.EMPTY));
      pods.dataPoint(gauge(status.pods(), Labels.EMPTY));
    }
    all.add(synced.build());
    all.add(pods.build());
    all.add(
        counters(
            "seccomp_watch_kubernetes_requests",
            "Lists and watches of pods that the API server answered.",
            "request",
            status.requests()));
    CounterSnapshot.Builder failures =
        counterOf("seccomp_watch_kubernetes_failures", "Lists and watches of pods that failed.");
    if (status.on()) {
      failures.dataPoint(AgentMetrics.counter(status.failures(), Labels.EMPTY, startMillis));
    }
    all.add(failures.build());
    all.add(
        counters(
            "seccomp_watch_kubernetes_objects_skipped",
            "What the API server sent of pods and could not be used.",
            "reason",
            status.skipped()));
  }

  private void addEndpoint(List<MetricSnapshot> all, EndpointStatus status) {
    all.add(
        counters(
            "seccomp_watch_http_denied_requests",
            "Requests that were refused.",
            "reason",
            status.denied()));
    GaugeSnapshot.Builder notAfter =
        gaugeOf(
            "seccomp_watch_tls_certificate_not_after_timestamp_seconds",
            "When the certificate that is served ends to be good; nothing without TLS.");
    CounterSnapshot.Builder failures =
        counterOf(
            "seccomp_watch_tls_reload_failures",
            "How often a new certificate or key could not be used.");
    EndpointStatus.Tls tls = status.tls();
    if (tls != null) {
      notAfter.dataPoint(gauge((double) tls.notAfter().getEpochSecond(), Labels.EMPTY));
      failures.dataPoint(AgentMetrics.counter(tls.reloadFailures(), Labels.EMPTY, startMillis));
    }
    all.add(notAfter.build());
    all.add(failures.build());
  }

  private CounterSnapshot counters(
      String name, String help, String label, Map<String, Long> values) {
    CounterSnapshot.Builder builder = counterOf(name, help);
    values.forEach(
        (value, n) ->
            builder.dataPoint(AgentMetrics.counter(n, Labels.of(label, value), startMillis)));
    return builder.build();
  }
}
