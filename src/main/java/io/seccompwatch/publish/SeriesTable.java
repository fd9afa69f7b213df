package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.Labels;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The series of one counter with hostile or many-valued labels, under a cap: what comes after the
 * cap is reached is counted in a series whose pod and container are {@value #OTHER}, so that totals
 * stay true. Not thread-safe: {@link Books} guards it.
 */
final class SeriesTable {

  /** The label value of everything beyond the cap. */
  static final String OTHER = "other";

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

    Key other() {
      return new Key(namespace, OTHER, OTHER, OTHER, OTHER, OTHER, arch, action);
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
  private final Map<Key, Series> series = new HashMap<>();
  private final Map<Key, Series> overflow = new HashMap<>();
  private long overflowed;

  /** A table of at most {@code limit} series beside the few of the overflow. */
  SeriesTable(int limit) {
    this.limit = limit;
  }

  void increment(Key key, long nowMillis) {
    Series own = series.get(key);
    if (own == null && series.size() < limit) {
      own = new Series(key.labels(), nowMillis);
      series.put(key, own);
    }
    if (own == null) {
      overflowed++;
      own = overflow.computeIfAbsent(key.other(), other -> new Series(other.labels(), nowMillis));
    }
    own.count++;
  }

  /** How many increments went to an overflow series. */
  long overflowed() {
    return overflowed;
  }

  long total() {
    long total = 0;
    for (Series one : series.values()) {
      total += one.count;
    }
    for (Series one : overflow.values()) {
      total += one.count;
    }
    return total;
  }

  void forEach(BiConsumer<Key, Series> action) {
    series.forEach(action);
    overflow.forEach(action);
  }
}
