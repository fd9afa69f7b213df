package io.seccompwatch.http;

import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/**
 * {@code /metrics}: the registry in the format that the scraper asks for, OpenMetrics or
 * Prometheus's text.
 */
public final class MetricsPage implements Page {

  private final PrometheusRegistry registry;

  /** Not chosen by ExpositionFormats: it takes up protobuf, whose writer is left out here. */
  private final ExpositionFormatWriter openMetrics = OpenMetricsTextFormatWriter.create();

  private final ExpositionFormatWriter text = PrometheusTextFormatWriter.create();

  /** A page over the registry. */
  public MetricsPage(PrometheusRegistry registry) {
    this.registry = registry;
  }

  @Override
  public Response get(Page.Request request) throws IOException {
    ExpositionFormatWriter writer = openMetrics.accepts(request.accept()) ? openMetrics : text;
    ByteArrayOutputStream body = new ByteArrayOutputStream(16 * 1024);
    writer.write(body, registry.scrape());
    return new Response(200, writer.getContentType(), body.toByteArray());
  }
}
