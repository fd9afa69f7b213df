package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.Labels;
import io.seccompwatch.publish.Books.PodName;
import io.seccompwatch.publish.FairTable.Tenant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The series of one counter with hostile or many-valued labels, under a cap that includes every
 * series of the counter. The series are shared fairly among the tenants ({@link FairTable}). A
 * tenant, a pod as a rule, has a quarter of them at most. A violation that finds no room is counted
 * in a series whose pod and container are {@value #OTHER}, so that totals stay true. A series that
 * gives way to another tenant's is retired: its count is in {@link #removed} from then on. Not
 * thread-safe: {@link Books} guards it.
 */
final class SeriesTable {

  /** The label value of everything beyond the cap. */
  static final String OTHER = "other";

  /** The part of the cap that one tenant may have: one of so many. */
  private static final int SHARE = 4;

  /** How many of the series may be {@value #OTHER}; namespaces come and go without end. */
  private static final int MOST_OVERFLOW = 64;

  /** The part of a small cap that is kept for the series {@value #OTHER}: one of so many. */
  private static final int OVERFLOW_SHARE = 8;

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

    /** The one series that there is always room for. */
    Key last() {
      return new Key(
          OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, action == null ? null : OTHER);
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

  private final FairTable<Key, Series> series;
  private final int overflowLimit;
  private final Map<Key, Series> overflow = new HashMap<>();
  private long overflowed;
  private long total;
  private long removed;
  private long evicted;

  /** A table of at most {@code limit} series. */
  SeriesTable(int limit) {
    this.overflowLimit = overflowLimit(limit);
    this.series = new FairTable<>(limit - overflowLimit, limitOfTenant(limit));
  }

  /** How many of the series are kept for {@value #OTHER}. */
  static int overflowLimit(int limit) {
    return Math.clamp(limit / OVERFLOW_SHARE, 1, MOST_OVERFLOW);
  }

  /** How many series one tenant may have. */
  static int limitOfTenant(int limit) {
    return Math.max(1, limit / SHARE);
  }

  /**
   * Counts a violation.
   *
   * @param gaveWay takes the tenant that loses a series to this one
   */
  void increment(Key key, Tenant tenant, long nowMillis, Consumer<Tenant> gaveWay) {
    Series own = series.get(key);
    if (own == null) {
      own =
          series.add(
              key,
              tenant,
              () -> new Series(key.labels(), nowMillis),
              (from, old) -> evict(from, old, gaveWay));
    }
    if (own == null) {
      overflowed++;
      own = overflow(key, nowMillis);
    }
    own.count++;
    total++;
  }

  private void evict(Tenant from, Series old, Consumer<Tenant> gaveWay) {
    evicted++;
    retire(old);
    gaveWay.accept(from);
  }

  private void retire(Series old) {
    removed += old.count;
    total -= old.count;
  }

  /** The most telling one of the overflow series that there is or may be. */
  private Series overflow(Key key, long nowMillis) {
    Key other = key.other(key.namespace());
    if (!overflow.containsKey(other) && overflow.size() >= overflowLimit / 2) {
      other = key.other(OTHER);
    }
    if (!overflow.containsKey(other) && overflow.size() >= overflowLimit - 1) {
      other = key.last();
    }
    return overflow.computeIfAbsent(other, k -> new Series(k.labels(), nowMillis));
  }

  /** How many increments went to an overflow series. */
  long overflowed() {
    return overflowed;
  }

  /** How many series gave way to those of another tenant. */
  long evicted() {
    return evicted;
  }

  /** The sum of all series that are there. */
  long total() {
    return total;
  }

  /** The sum of all series that were removed. */
  long removed() {
    return removed;
  }

  /** How many series there are. */
  int size() {
    return series.size() + overflow.size();
  }

  /** The named pods that have series. */
  Set<PodName> pods() {
    return series.pods();
  }

  /** Retires the series of these pods. */
  void remove(Set<PodName> gone) {
    series.remove(gone, (key, old) -> retire(old));
  }

  void forEach(BiConsumer<Key, Series> action) {
    series.forEach(action);
    overflow.forEach(action);
  }
}
