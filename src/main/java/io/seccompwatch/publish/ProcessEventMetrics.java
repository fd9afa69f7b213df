package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.attribution.ProcessLedger;
import java.util.List;

/** Whether forks, execs and exits are followed, and what of them was lost. */
final class ProcessEventMetrics {

  private ProcessEventMetrics() {}

  static List<MetricSnapshot> of(ProcessEventsStatus now) {
    ProcessLedger.Counts counts = now.counts();
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
        gauge("tombstones", "Ended processes that are known.", counts.tombstones()));
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
