package io.seccompwatch.publish;

import static io.seccompwatch.publish.AgentMetrics.counter;
import static io.seccompwatch.publish.AgentMetrics.counterOf;
import static io.seccompwatch.publish.AgentMetrics.gauge;
import static io.seccompwatch.publish.AgentMetrics.gaugeOf;

import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.List;

/** The canary's metrics; without samples while it is off, but for the counters. */
final class CanaryMetrics {

  private CanaryMetrics() {}

  /** Adds them; the caller holds the books' lock. */
  static void addTo(List<MetricSnapshot> all, Books books) {
    GaugeSnapshot.Builder success =
        gaugeOf(
            "seccomp_watch_canary_last_success_timestamp_seconds",
            "When the agent last saw the record of its own canary; 0 for never.");
    GaugeSnapshot.Builder delay =
        gaugeOf(
            "seccomp_watch_canary_delay_seconds",
            "How long the last canary's record took to arrive.");
    if (books.canaryOn) {
      success.dataPoint(gauge(books.canarySuccessSeconds, Labels.EMPTY));
      if (!Double.isNaN(books.canaryDelaySeconds)) {
        delay.dataPoint(gauge(books.canaryDelaySeconds, Labels.EMPTY));
      }
    }
    GaugeSnapshot.Builder interval =
        gaugeOf(
            "seccomp_watch_canary_interval_seconds",
            "How often the canary is fired; nothing while it is off.");
    if (!Double.isNaN(books.canaryIntervalSeconds)) {
      interval.dataPoint(gauge(books.canaryIntervalSeconds, Labels.EMPTY));
    }
    all.add(success.build());
    all.add(delay.build());
    all.add(interval.build());
    addSources(all, books);
    all.add(
        counterOf("seccomp_watch_canary_fired", "How often the canary was fired.")
            .dataPoint(counter(books.canaryFired, Labels.EMPTY, books.startMillis()))
            .build());
    all.add(
        counterOf(
                "seccomp_watch_canary_missed",
                "Firings of the canary that no source brought within ten seconds.")
            .dataPoint(counter(books.canaryMissed, Labels.EMPTY, books.startMillis()))
            .build());
  }

  private static void addSources(List<MetricSnapshot> all, Books books) {
    GaugeSnapshot.Builder success =
        gaugeOf(
            "seccomp_watch_source_canary_last_success_timestamp_seconds",
            "When the source last brought the record of the agent's canary; 0 for never.");
    GaugeSnapshot.Builder delay =
        gaugeOf(
            "seccomp_watch_source_canary_delay_seconds",
            "How long the last canary's record took to arrive through the source.");
    for (Books.CanarySuccess source : books.canarySuccesses()) {
      Labels labels = Labels.of("source", source.source());
      success.dataPoint(gauge(source.seconds(), labels));
      if (!Double.isNaN(source.delaySeconds())) {
        delay.dataPoint(gauge(source.delaySeconds(), labels));
      }
    }
    all.add(success.build());
    all.add(delay.build());
  }
}
