package io.seccompwatch.publish;

import io.seccompwatch.publish.ContainerTable.ContainerSeries.Bounded;
import io.seccompwatch.publish.ContainerTable.ContainerSeries.ContainerName;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The series of the node's containers, under a cap. They come with their container and go with it.
 * {@link #replace} belongs to one thread, {@link #series} is for any.
 */
public final class ContainerTable {

  private final int limit;
  private Set<ContainerName> left = Set.of();
  private volatile Bounded bounded = Bounded.NONE;

  /** A table of at most {@code limit} series for each metric. */
  public ContainerTable(int limit) {
    this.limit = limit;
  }

  /**
   * Takes the containers that run now. Of two of one name the first counts; those that had a series
   * keep it, and one that gets none is counted once.
   */
  public void replace(List<ContainerSeries> now) {
    Bounded before = bounded;
    Map<ContainerName, ContainerSeries> all = new LinkedHashMap<>();
    now.forEach(series -> all.putIfAbsent(series.name(), series));
    Map<ContainerName, ContainerSeries> kept = new LinkedHashMap<>();
    before
        .series()
        .forEach(
            series -> {
              ContainerSeries same = all.remove(series.name());
              if (same != null) {
                kept.put(series.name(), same);
              }
            });
    Set<ContainerName> refused = new HashSet<>();
    long overflowed = before.overflowed();
    for (Map.Entry<ContainerName, ContainerSeries> entry : all.entrySet()) {
      if (kept.size() < limit) {
        kept.put(entry.getKey(), entry.getValue());
      } else {
        refused.add(entry.getKey());
        overflowed += left.contains(entry.getKey()) ? 0 : 1;
      }
    }
    left = refused;
    bounded = new Bounded(List.copyOf(kept.values()), overflowed);
  }

  /** The series as they are now. */
  public Bounded series() {
    return bounded;
  }

  /**
   * Labels of the metrics of a running container. Immutable.
   *
   * @param namespace the pod's namespace
   * @param pod the pod's name
   * @param container the container's name
   * @param profileType what profile its pod asks for; from a closed set
   * @param localhostProfile the Localhost profile's path, a user's text of bounded length; empty
   *     when none is asked for
   * @param mode the effective mode; from a closed set
   * @param denialsVisible whether its denials could be seen
   */
  public record ContainerSeries(
      String namespace,
      String pod,
      String container,
      String profileType,
      String localhostProfile,
      String mode,
      boolean denialsVisible) {

    /**
     * The series that fit under the cap.
     *
     * @param series no two of the same container
     * @param overflowed how many did not fit, ever
     */
    public record Bounded(List<ContainerSeries> series, long overflowed) {

      /** None, as long as nobody has looked. */
      public static final Bounded NONE = new Bounded(List.of(), 0);

      /** Copies the list. */
      public Bounded {
        series = List.copyOf(series);
      }
    }

    /** Names the container. */
    ContainerName name() {
      return new ContainerName(namespace, pod, container);
    }

    /** A container's name. */
    record ContainerName(String namespace, String pod, String container) {}
  }
}
