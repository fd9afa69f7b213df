package io.seccompwatch.testing;

import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Conditions;
import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import io.seccompwatch.publish.EndpointStatus;
import io.seccompwatch.publish.KernelAuditStatus;
import io.seccompwatch.publish.KubernetesStatus;
import io.seccompwatch.publish.SourceStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Metrics as a scraper sees them, from the text; a series that comes twice is refused, as
 * Prometheus does.
 */
public final class Scrape {

  private static final Pattern SAMPLE = Pattern.compile("([a-z_0-9]+)(?:\\{(.*)})? (\\S+)");
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\",?");

  private final String text;
  private final Map<String, Map<Map<String, String>, Double>> samples = new LinkedHashMap<>();
  private final Map<String, String> types = new HashMap<>();

  /** Takes Prometheus's text format apart. */
  public Scrape(String text) {
    this.text = text;
    for (String line : text.lines().toList()) {
      if (line.startsWith("# TYPE ")) {
        String[] words = line.split(" ", -1);
        types.put(words[2], words[3]);
      } else if (!line.startsWith("#")) {
        sample(line);
      }
    }
  }

  private void sample(String line) {
    Matcher matcher = SAMPLE.matcher(line);
    if (!matcher.matches()) {
      throw new AssertionError("no sample: " + line);
    }
    Map<String, String> labels = new HashMap<>();
    if (matcher.group(2) != null) {
      Matcher label = LABEL.matcher(matcher.group(2));
      while (label.find()) {
        labels.put(label.group(1), label.group(2));
      }
    }
    Double before =
        samples
            .computeIfAbsent(matcher.group(1), name -> new LinkedHashMap<>())
            .put(labels, Double.valueOf(matcher.group(3)));
    if (before != null) {
      throw new AssertionError("twice: " + line);
    }
  }

  /** A collector over the books with one source that is up. */
  public static AgentMetrics metrics(Books books) {
    return metrics(books, ContainerSeries.Bounded.NONE);
  }

  /** The same with containers. */
  public static AgentMetrics metrics(Books books, ContainerSeries.Bounded containers) {
    return new AgentMetrics(
        books,
        new Conditions(
            () -> List.of(new SourceStatus("audit-log", "/a", true, null, 0, 0)),
            () -> Map.of("written", 0L, "suppressed", 0L, "dropped", 0L, "failed", 0L),
            () -> Map.of("published", 0L, "aggregated", 0L, "suppressed", 0L, "failed", 0L),
            () -> KubernetesStatus.off("for a test"),
            () -> ProcessEventsStatus.none("for a test"),
            () -> containers,
            () ->
                new KernelAuditStatus(new KernelAuditStatus.Values(1, 600, 50, 64, 3, 1_000), null),
            () ->
                new EndpointStatus(
                    Map.of("no_token", 3L, "forbidden", 0L),
                    new EndpointStatus.Tls(Instant.ofEpochSecond(1_800_000_000), 2))),
        new AgentMetrics.Build("1.2.3", "abc", "25"));
  }

  /** Collects, as a scrape does. */
  public static Scrape of(AgentMetrics metrics) throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry();
    registry.register(metrics);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrometheusTextFormatWriter.create().write(out, registry.scrape());
    return new Scrape(out.toString(StandardCharsets.UTF_8));
  }

  /** The same in OpenMetrics's text. */
  public static String openMetrics(AgentMetrics metrics) throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry();
    registry.register(metrics);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    OpenMetricsTextFormatWriter.create().write(out, registry.scrape());
    return out.toString(StandardCharsets.UTF_8);
  }

  /** The text itself. */
  public String text() {
    return text;
  }

  /** Type by name. */
  public Map<String, String> types() {
    return types;
  }

  /** Every sample of a name: labels to value. */
  public Map<Map<String, String>, Double> series(String name) {
    return samples.getOrDefault(name, Map.of());
  }

  /** The sum over all series of a name. */
  public double sum(String name) {
    return series(name).values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** The sum over those with this label. */
  public double value(String name, String label, String value) {
    return series(name).entrySet().stream()
        .filter(series -> value.equals(series.getKey().get(label)))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }
}
