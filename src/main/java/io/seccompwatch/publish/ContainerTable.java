package io.seccompwatch.publish;

import io.seccompwatch.publish.ContainerSeries.Bounded;
import io.seccompwatch.publish.ContainerSeries.ContainerName;
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
}
