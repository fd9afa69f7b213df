package io.seccompwatch.agent;

import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.seccompwatch.http.MetricsPage;
import io.seccompwatch.http.Page;
import io.seccompwatch.http.Response;
import io.seccompwatch.http.Site.FrontPage;
import io.seccompwatch.http.StatusPage;
import io.seccompwatch.http.ViolationsPage;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.RecentViolations;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/** The pages that the agent serves, put together. */
final class Routes {

  private Routes() {}

  /** The pages by path. */
  static Map<String, Page> pages(
      AgentMetrics metrics, StatusReport report, RecentViolations recent) {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    registry.getPrometheusRegistry().register(metrics);
    return Map.of(
        "/metrics", new MetricsPage(registry.getPrometheusRegistry()),
        "/livez", request -> liveness(report),
        "/readyz", request -> readiness(report),
        "/api/v1/violations", new ViolationsPage(recent, InstantSource.system()),
        "/api/v1/status", new StatusPage(report::status),
        "/", new FrontPage());
  }

  private static Response liveness(StatusReport report) {
    if (!report.sources().alive()) {
      return Response.text(500, "a source's thread has ended\n");
    }
    return report.delivery().alive()
        ? Response.text(200, "ok\n")
        : Response.text(500, "the delivery's thread has ended\n");
  }

  private static Response readiness(StatusReport report) {
    List<String> missing = report.notReady();
    return missing.isEmpty()
        ? Response.text(200, "ok\n")
        : Response.text(503, String.join("\n", missing) + "\n");
  }

  static String text(InetSocketAddress address) {
    return address.getHostString() + ":" + address.getPort();
  }
}
