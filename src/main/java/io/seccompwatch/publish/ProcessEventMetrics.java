package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.ProcessEventHistory;
import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.attribution.Workload;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Whether forks, execs and exits are followed, and what of them was lost. */
final class ProcessEventMetrics {

  private ProcessEventMetrics() {}

  static List<MetricSnapshot> of(ProcessEventsStatus now) {
    ProcessEventHistory.Counts counts = now.counts();
    return List.of(
        gauge("active", "Whether the kernel's process events are read.", now.active() ? 1 : 0),
        counter("read", "Forks, execs and exits read.", counts.events()),
        counter("lost", "Process events known to be missing.", counts.lost()),
        counter(
            "losses",
            "How often process events went missing, or the machine was suspended.",
            counts.losses()),
        counter("untracked", "Processes that found no room.", counts.untracked()),
        gauge("processes", "Living processes that are known.", counts.processes()),
        gauge("tombstones", "Ended processes that are known.", counts.tombstones()),
        dropped(counts),
        crowded(now.crowdedBy()));
  }

  private static MetricSnapshot dropped(ProcessEventHistory.Counts counts) {
    return CounterSnapshot.builder()
        .name("seccomp_watch_process_lifetimes_dropped")
        .help("Processes that were forgotten before their time, or not remembered: too many.")
        .dataPoint(dropped("ended", counts.forgotten()))
        .dataPoint(dropped("living", counts.untracked()))
        .build();
  }

  private static CounterSnapshot.CounterDataPointSnapshot dropped(String state, long value) {
    return CounterSnapshot.CounterDataPointSnapshot.builder()
        .value((double) value)
        .labels(Labels.of("state", state))
        .build();
  }

  /** One series at most: names of a pod are a label only while it is the one with the most. */
  private static MetricSnapshot crowded(@Nullable Attribution by) {
    GaugeSnapshot.Builder crowded =
        AgentMetrics.gaugeOf(
            "seccomp_watch_process_lifetimes_crowded",
            "The container with the most dropped processes of the last minute; else nothing.");
    if (by != null) {
      Workload names = by.workload();
      crowded.dataPoint(
          AgentMetrics.gauge(
              1,
              Labels.of(
                  "namespace", names == null ? "" : names.namespace(),
                  "pod", names == null ? "" : names.pod(),
                  "container",
                      Objects.requireNonNullElse(names == null ? null : names.container(), ""))));
    }
    return crowded.build();
  }

  private static MetricSnapshot counter(String name, String help, long value) {
    return CounterSnapshot.builder()
        .name("seccomp_watch_process_events_" + name)
        .help(help)
        .dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder().value((double) value).build())
        .build();
  }

  private static MetricSnapshot gauge(String name, String help, double value) {
    return GaugeSnapshot.builder()
        .name("seccomp_watch_process_events_" + name)
        .help(help)
        .dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder().value(value).build())
        .build();
  }
}
