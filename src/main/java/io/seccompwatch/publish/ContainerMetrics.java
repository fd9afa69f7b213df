package io.seccompwatch.publish;

import static io.seccompwatch.publish.AgentMetrics.gauge;
import static io.seccompwatch.publish.AgentMetrics.gaugeOf;

import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import java.util.List;

/** The metrics of {@link ContainerSeries}. */
final class ContainerMetrics {

  private static final String INFO = "seccomp_container_info";
  private static final String VISIBLE = "seccomp_container_denials_visible";

  /** The names of the metrics, each with a cap of its own. */
  static final List<String> NAMES = List.of(INFO, VISIBLE);

  private ContainerMetrics() {}

  static List<MetricSnapshot> of(List<ContainerSeries> containers) {
    GaugeSnapshot.Builder info =
        gaugeOf(INFO, "Which seccomp profile a container asks for, and which mode it runs in.");
    GaugeSnapshot.Builder visible =
        gaugeOf(
            VISIBLE, "Whether the kernel would write down every denial of the container's filter.");
    for (ContainerSeries container : containers) {
      Labels names =
          Labels.of(
              "namespace", container.namespace(),
              "pod", container.pod(),
              "container", container.container());
      info.dataPoint(
          gauge(
              1,
              names
                  .add("profile_type", container.profileType())
                  .add("localhost_profile", container.localhostProfile())
                  .add("mode", container.mode())));
      visible.dataPoint(gauge(container.denialsVisible() ? 1 : 0, names));
    }
    return List.of(info.build(), visible.build());
  }
}
