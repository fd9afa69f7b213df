package io.seccompwatch.publish;

import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Turns the {@link Books} into metrics. All of a scrape's figures are taken under the books' lock,
 * as one consistent picture: that is why this is a collector beneath Micrometer's registry and not
 * a set of meters, each of which would be read at a moment of its own. Thread-safe.
 */
public final class AgentMetrics implements MultiCollector {

  /** What the agent was built from and runs on, for {@code seccomp_watch_build_info}. */
  public record Build(String version, String revision, String javaVersion) {}

  private final Books books;
  private final Conditions asked;
  private final ConditionMetrics conditions;
  private final Build build;

  /**
   * A collector over the books.
   *
   * @param conditions how everything else is doing at the moment of the scrape
   */
  public AgentMetrics(Books books, Conditions conditions, Build build) {
    this.books = books;
    this.asked = conditions;
    this.conditions = new ConditionMetrics(conditions, books.startMillis());
    this.build = build;
  }

  @Override
  public MetricSnapshots collect() {
    List<MetricSnapshot> all = new ArrayList<>();
    ContainerSeries.Bounded containers = asked.containers().get();
    conditions.addTo(all, containers);
    synchronized (books) {
      addViolations(all, containers.overflowed());
      addPipeline(all);
      CanaryMetrics.addTo(all, books);
    }
    all.add(
        InfoSnapshot.builder()
            .name("seccomp_watch_build")
            .help("What this agent was built from and runs on.")
            .dataPoint(
                InfoSnapshot.InfoDataPointSnapshot.builder()
                    .labels(
                        Labels.of(
                            "version", build.version(),
                            "revision", build.revision(),
                            "java_version", build.javaVersion()))
                    .build())
            .build());
    all.add(
        gaugeOf(
                "seccomp_watch_scrape_labels",
                "Constant 1. The label namespace is \"honored\" as long as the scraper keeps the"
                    + " labels of the agent (honor_labels).")
            .dataPoint(gauge(1, Labels.of("namespace", "honored")))
            .build());
    return new MetricSnapshots(all);
  }

  private void addViolations(List<MetricSnapshot> all, long containersOverflowed) {
    all.add(series("seccomp_denials", "Syscalls that a seccomp filter blocked.", books.denials));
    all.add(
        series(
            "seccomp_logged_syscalls",
            "Syscalls that a seccomp filter allowed and logged.",
            books.logged));
    GaugeSnapshot.Builder last =
        GaugeSnapshot.builder()
            .name("seccomp_denial_last_timestamp_seconds")
            .help("When the kernel last recorded a denial of the container.");
    books.forEachLastDenial(
        (key, millis) ->
            last.dataPoint(
                gauge(
                    millis / 1_000.0,
                    Labels.of(
                        "namespace", key.namespace(),
                        "pod", key.pod(),
                        "container", key.container()))));
    all.add(last.build());
    CounterSnapshot.Builder overflow =
        counterOf("seccomp_watch_series_overflow", "Increments beyond a metric's series cap.");
    overflow.dataPoint(
        counter(books.denials.overflowed(), Labels.of("metric", "seccomp_denials_total")));
    overflow.dataPoint(
        counter(books.logged.overflowed(), Labels.of("metric", "seccomp_logged_syscalls_total")));
    for (String metric : ContainerMetrics.NAMES) {
      overflow.dataPoint(counter(containersOverflowed, Labels.of("metric", metric)));
    }
    all.add(overflow.build());
    CounterSnapshot.Builder evicted =
        counterOf(
            "seccomp_watch_series_evicted",
            "Series removed because another pod with fewer series needed the room.");
    evicted.dataPoint(
        counter(books.denials.evicted(), Labels.of("metric", "seccomp_denials_total")));
    evicted.dataPoint(
        counter(books.logged.evicted(), Labels.of("metric", "seccomp_logged_syscalls_total")));
    evicted.dataPoint(
        counter(
            books.lastDenialsEvicted(),
            Labels.of("metric", "seccomp_denial_last_timestamp_seconds")));
    all.add(evicted.build());
    CounterSnapshot.Builder retired =
        counterOf(
            "seccomp_watch_violations_retired",
            "Violations whose series were removed: their pod is gone, or another pod needed the"
                + " room.");
    retired.dataPoint(
        counter(books.denials.removed(), Labels.of("metric", "seccomp_denials_total")));
    retired.dataPoint(
        counter(books.logged.removed(), Labels.of("metric", "seccomp_logged_syscalls_total")));
    all.add(retired.build());
    CounterSnapshot.Builder attributed =
        counterOf(
            "seccomp_watch_attributions", "Violations by what their process was found to be.");
    books.attributions.forEach(
        (key, n) ->
            attributed.dataPoint(counter(n, Labels.of("outcome", key.outcome(), "by", key.by()))));
    all.add(attributed.build());
  }

  private void addPipeline(List<MetricSnapshot> all) {
    all.add(perSource("lines_read", "Lines read.", SourceBook::lines));
    all.add(perSource("records", "Seccomp records recognised and parsed.", book -> book.records));
    all.add(
        perSource(
            "records_duplicate",
            "Records that had been brought before, by this source or another.",
            book -> book.duplicates));
    all.add(
        perSource(
            "records_foreign",
            "Violations of other nodes, by the name in their lines; their workload is unknown.",
            book -> book.foreign));
    all.add(perSource("canary_records", "Records of the agent's own canary.", book -> book.canary));
    CounterSnapshot.Builder rejected =
        counterOf(
            "seccomp_watch_records_rejected", "Lines that looked like a record and are none.");
    CounterSnapshot.Builder lost =
        counterOf("seccomp_watch_records_lost", "Records known to be lost before they were read.");
    for (SourceBook book : books.sources) {
      if (book.reads()) {
        book.rejected.forEach(
            (reason, n) ->
                rejected.dataPoint(
                    counter(n, Labels.of("source", book.source(), "reason", reason.label()))));
      }
      book.lost.forEach(
          (reason, n) ->
              lost.dataPoint(
                  counter(n, Labels.of("source", book.source(), "reason", reason.label()))));
    }
    all.add(rejected.build());
    all.add(lost.build());
    GaugeSnapshot.Builder last =
        gaugeOf(
            "seccomp_watch_source_last_record_timestamp_seconds",
            "When the source last brought a seccomp record; 0 for never.");
    for (SourceBook book : books.sources.stream().filter(SourceBook::reads).toList()) {
      last.dataPoint(gauge(book.lastRecordMillis / 1_000.0, Labels.of("source", book.source())));
    }
    all.add(last.build());
    all.add(
        GaugeSnapshot.builder()
            .name("seccomp_watch_violations_pending")
            .help("Violations that wait for their container's name.")
            .dataPoint(gauge((double) books.balance().pending(), Labels.EMPTY))
            .build());
    all.add(
        GaugeSnapshot.builder()
            .name("seccomp_watch_records_held")
            .help("Records of syslog that wait for a source that cannot be forged to bring them.")
            .dataPoint(gauge((double) books.held, Labels.EMPTY))
            .build());
    all.add(
        HistogramSnapshot.builder()
            .name("seccomp_watch_detection_delay_seconds")
            .help(
                "From the kernel's stamp of a violation to its publication. More than an hour is"
                    + " not in the sum: a clock was set, or an old log was read.")
            .dataPoint(
                HistogramSnapshot.HistogramDataPointSnapshot.builder()
                    .classicHistogramBuckets(books.delay.buckets())
                    .sum(books.delay.sum())
                    .createdTimestampMillis(books.startMillis())
                    .build())
            .build());
  }

  private CounterSnapshot perSource(String name, String help, ToLongFunction<SourceBook> value) {
    CounterSnapshot.Builder builder = counterOf("seccomp_watch_" + name, help);
    for (SourceBook book : books.sources.stream().filter(SourceBook::reads).toList()) {
      builder.dataPoint(counter(value.applyAsLong(book), Labels.of("source", book.source())));
    }
    return builder.build();
  }

  private CounterSnapshot series(String name, String help, SeriesTable table) {
    CounterSnapshot.Builder builder = counterOf(name, help);
    table.forEach(
        (key, series) ->
            builder.dataPoint(
                CounterSnapshot.CounterDataPointSnapshot.builder()
                    .value((double) series.count)
                    .labels(series.labels)
                    .createdTimestampMillis(series.createdMillis)
                    .build()));
    return builder.build();
  }

  private CounterSnapshot.CounterDataPointSnapshot counter(long value, Labels labels) {
    return counter(value, labels, books.startMillis());
  }

  static CounterSnapshot.CounterDataPointSnapshot counter(
      long value, Labels labels, long createdMillis) {
    return CounterSnapshot.CounterDataPointSnapshot.builder()
        .value((double) value)
        .labels(labels)
        .createdTimestampMillis(createdMillis)
        .build();
  }

  static CounterSnapshot.Builder counterOf(String name, String help) {
    return CounterSnapshot.builder().name(name).help(help);
  }

  static GaugeSnapshot.Builder gaugeOf(String name, String help) {
    return GaugeSnapshot.builder().name(name).help(help);
  }

  static GaugeSnapshot.GaugeDataPointSnapshot gauge(double value, Labels labels) {
    return GaugeSnapshot.GaugeDataPointSnapshot.builder().value(value).labels(labels).build();
  }
}
