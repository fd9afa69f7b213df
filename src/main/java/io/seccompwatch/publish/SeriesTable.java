package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.Labels;
import io.seccompwatch.publish.Books.PodName;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The series of one counter with hostile or many-valued labels, under a cap: what comes after the
 * cap is reached is counted in a series whose pod and container are {@value #OTHER}, so that totals
 * stay true. A pod may have a quarter of the series, so that one that calls whatever there is does
 * not drive out its neighbours. Not thread-safe: {@link Books} guards it.
 */
final class SeriesTable {

  /** The label value of everything beyond the cap. */
  static final String OTHER = "other";

  /** How much of the cap one pod may have. */
  private static final int SHARE = 4;

  /** How many overflow series there may be; namespaces come and go without end. */
  static final int MOST_OVERFLOW = 64;

  /** The labels of a violation's series; each value is from a closed set or from Kubernetes. */
  record Key(
      String namespace,
      String pod,
      String container,
      String workload,
      String workloadType,
      String syscall,
      String arch,
      @Nullable String action) {

    Key other(String ofNamespace) {
      return new Key(ofNamespace, OTHER, OTHER, OTHER, OTHER, OTHER, arch, action);
    }

    PodName podName() {
      return new PodName(namespace, pod);
    }

    Labels labels() {
      Labels common =
          Labels.of(
              "namespace", namespace,
              "pod", pod,
              "container", container,
              "workload", workload,
              "workload_type", workloadType,
              "syscall", syscall,
              "arch", arch);
      return action == null ? common : common.add("action", action);
    }
  }

  /** One series: its labels as the exposition wants them, its value, when it was born. */
  static final class Series {
    final Labels labels;
    final long createdMillis;
    long count;

    Series(Labels labels, long createdMillis) {
      this.labels = labels;
      this.createdMillis = createdMillis;
    }
  }

  private final int limit;
  private final int podLimit;
  private final Map<Key, Series> series = new HashMap<>();
  private final Map<Key, Series> overflow = new HashMap<>();
  private final Map<PodName, Integer> seriesOfPod = new HashMap<>();
  private long overflowed;
  private long total;
  private long removed;

  /** A table of at most {@code limit} series beside the few of the overflow. */
  SeriesTable(int limit) {
    this.limit = limit;
    this.podLimit = Math.max(1, limit / SHARE);
  }

  void increment(Key key, long nowMillis) {
    Series own = series.get(key);
    if (own == null && hasRoomFor(key)) {
      own = new Series(key.labels(), nowMillis);
      series.put(key, own);
      if (!key.pod().isEmpty()) {
        seriesOfPod.merge(key.podName(), 1, Integer::sum);
      }
    }
    if (own == null) {
      overflowed++;
      own = overflow(key, nowMillis);
    }
    own.count++;
    total++;
  }

  private boolean hasRoomFor(Key key) {
    return series.size() < limit
        && (key.pod().isEmpty() || seriesOfPod.getOrDefault(key.podName(), 0) < podLimit);
  }

  private Series overflow(Key key, long nowMillis) {
    Key other = key.other(key.namespace());
    if (!overflow.containsKey(other) && overflow.size() >= MOST_OVERFLOW) {
      other = key.other(OTHER);
    }
    return overflow.computeIfAbsent(other, k -> new Series(k.labels(), nowMillis));
  }

  /** How many increments went to an overflow series. */
  long overflowed() {
    return overflowed;
  }

  /** The sum of all series that are there. */
  long total() {
    return total;
  }

  /** The sum of all series that were removed. */
  long removed() {
    return removed;
  }

  /** The pods that have series. */
  Set<PodName> pods() {
    return seriesOfPod.keySet();
  }

  void remove(Set<PodName> gone) {
    if (gone.stream().noneMatch(seriesOfPod::containsKey)) {
      return;
    }
    series
        .entrySet()
        .removeIf(
            entry -> {
              boolean leaves = gone.contains(entry.getKey().podName());
              if (leaves) {
                removed += entry.getValue().count;
                total -= entry.getValue().count;
              }
              return leaves;
            });
    seriesOfPod.keySet().removeAll(gone);
  }

  void forEach(BiConsumer<Key, Series> action) {
    series.forEach(action);
    overflow.forEach(action);
  }
}
