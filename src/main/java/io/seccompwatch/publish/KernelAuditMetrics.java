package io.seccompwatch.publish;

import static io.seccompwatch.publish.AgentMetrics.gauge;
import static io.seccompwatch.publish.AgentMetrics.gaugeOf;

import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.List;

/** The kernel's own figures of its audit system; none where it may not be asked. */
final class KernelAuditMetrics {

  private KernelAuditMetrics() {}

  static List<MetricSnapshot> of(KernelAuditStatus status) {
    KernelAuditStatus.Values values = status.values();
    if (values == null) {
      return List.of();
    }
    return List.of(
        of("enabled", "Whether the kernel's audit is on: 0 off, 1 on, 2 locked.", values.enabled()),
        of(
            "daemon_registered",
            "Whether an audit daemon takes the kernel's records.",
            values.daemonPid() > 0 ? 1 : 0),
        of("rate_limit", "Audit records per second that pass; 0 for all.", values.rateLimit()),
        of(
            "backlog_limit",
            "Audit records that may wait for the daemon; 0 for any number.",
            values.backlogLimit()),
        of("backlog", "Audit records that wait for the daemon.", values.backlog()),
        of("lost", "Audit records of every type the kernel dropped since boot.", values.lost()));
  }

  private static MetricSnapshot of(String name, String help, long value) {
    return gaugeOf("seccomp_watch_kernel_audit_" + name, help)
        .dataPoint(gauge((double) value, Labels.EMPTY))
        .build();
  }
}
