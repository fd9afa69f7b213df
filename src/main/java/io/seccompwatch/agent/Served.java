package io.seccompwatch.agent;

import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.seccompwatch.http.FrontPage;
import io.seccompwatch.http.HttpApi;
import io.seccompwatch.http.MetricsPage;
import io.seccompwatch.http.StatusPage;
import io.seccompwatch.http.ViolationsPage;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.RecentViolations;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/** The pages that the agent serves, put together. */
final class Served {

  private Served() {}

  /**
   * Opens the address and serves from then on.
   *
   * @throws AgentException when the address cannot be had
   */
  static HttpApi open(
      InetSocketAddress address,
      AgentMetrics metrics,
      StatusReport report,
      RecentViolations recent) {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    registry.getPrometheusRegistry().register(metrics);
    Map<String, HttpApi.Page> pages =
        Map.of(
            "/metrics", new MetricsPage(registry.getPrometheusRegistry()),
            "/livez", request -> liveness(report),
            "/readyz", request -> readiness(report),
            "/api/v1/violations", new ViolationsPage(recent, InstantSource.system()),
            "/api/v1/status", new StatusPage(report::status),
            "/", new FrontPage());
    try {
      return new HttpApi(address, pages);
    } catch (IOException e) {
      throw new AgentException(
          "cannot listen: " + text(address) + ": " + e.getMessage() + ": give another --listen");
    }
  }

  private static HttpApi.Response liveness(StatusReport report) {
    if (!report.sources().alive()) {
      return HttpApi.Response.text(500, "a source's thread has ended\n");
    }
    return report.delivery().alive()
        ? HttpApi.Response.text(200, "ok\n")
        : HttpApi.Response.text(500, "the delivery's thread has ended\n");
  }

  private static HttpApi.Response readiness(StatusReport report) {
    List<String> missing = report.notReady();
    return missing.isEmpty()
        ? HttpApi.Response.text(200, "ok\n")
        : HttpApi.Response.text(503, String.join("\n", missing) + "\n");
  }

  static String text(InetSocketAddress address) {
    return address.getHostString() + ":" + address.getPort();
  }
}
