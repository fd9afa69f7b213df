package io.seccompwatch.agent;

import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.posture.AuditView;
import io.seccompwatch.posture.ContainerPosture;
import io.seccompwatch.posture.Posture;
import io.seccompwatch.posture.PostureScan;
import io.seccompwatch.posture.PostureWatch;
import io.seccompwatch.publish.ContainerTable;
import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import java.util.Comparator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The parts of the posture on this node, put together: it is looked at on housekeeping's thread,
 * and told as metrics and on the status page, for any thread.
 */
final class NodePostures {

  private final PostureWatch watch;
  private final ContainerTable table;

  /**
   * Looks at nothing yet.
   *
   * @param pods the node's pods; null when they are not read
   * @param audit what is known of the way of a record to the agent
   */
  NodePostures(
      AgentConfig config,
      NodeAttribution attribution,
      @Nullable PodDirectory pods,
      Supplier<AuditView> audit) {
    PostureScan survey =
        new PostureScan(
            config.proc(),
            attribution.reader(),
            attribution.containers(),
            config.hostRoot(),
            pods,
            audit);
    this.watch = new PostureWatch(survey, pods, () -> System.nanoTime() / 1_000_000);
    this.table = new ContainerTable(config.seriesLimit());
  }

  /** Looks on housekeeping's thread, soon and from then on by its clock. */
  void start(Scheduler housekeeping) {
    housekeeping.soon(this::glance);
    housekeeping.every(PostureWatch.GLANCE, this::glance);
  }

  private void glance() {
    Posture now = watch.glance();
    if (now != null) {
      table.replace(
          now.containers().stream()
              .filter(ContainerPosture::named)
              // a container that was restarted is told by its last run
              .sorted(Comparator.comparingLong(ContainerPosture::startTicks).reversed())
              .map(NodePostures::series)
              .toList());
    }
  }

  private static ContainerSeries series(ContainerPosture posture) {
    String file = posture.asked().localhostProfile();
    return new ContainerSeries(
        String.valueOf(posture.namespace()),
        String.valueOf(posture.pod()),
        String.valueOf(posture.container()),
        posture.asked().type().label(),
        file == null ? "" : file,
        posture.mode().label(),
        posture.denialsVisible());
  }

  ContainerSeries.Bounded series() {
    return table.series();
  }

  /** What was last seen; null before the first look. */
  @Nullable Posture last() {
    return watch.posture();
  }
}
