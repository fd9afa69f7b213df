package io.seccompwatch.publish;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.FairTable.Tenant;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Every record's account. One lock makes each entry whole: a reader sees a record counted
 * everywhere or nowhere, so that at any moment records = duplicates + canary + pending +
 * violations, and violations = attributions = denials + logged calls + retired ones. Retired are
 * the violations whose series have gone with their pod, or have given way to those of another.
 * Thread-safe.
 */
public final class Books {

  /** What a series of attributions is keyed by. */
  record Attributed(String outcome, String by) {}

  /** What the last-denial gauge is keyed by. */
  record ContainerKey(String namespace, String pod, String container) {}

  /**
   * When a source last brought the canary.
   *
   * @param seconds since the epoch; 0 for never
   * @param delaySeconds how long it took; NaN for never
   */
  public record CanarySuccess(String source, double seconds, double delaySeconds) {}

  /** When the kernel last recorded a denial of a container. */
  private static final class LastDenial {
    private long millis;
  }

  /**
   * A tenant whose series gave way to those of others.
   *
   * @param name {@code namespace/pod}; the container's id or the pod's uid where it has no name;
   *     {@code host} or {@code unknown}
   * @param series how many series it lost
   */
  public record GaveWay(String name, long series) {}

  /** A pod that has series. */
  public record PodName(String namespace, String pod) {}

  /**
   * The totals at one moment.
   *
   * @param held syslog's records of which it is not decided whether they are any; not among {@code
   *     records}
   */
  public record Balance(
      long lines,
      long records,
      long duplicates,
      long canary,
      long pending,
      long held,
      long violations,
      long denials,
      long logged,
      long retired,
      long attributions,
      Map<String, Long> rejected,
      Map<String, Long> lost) {

    /** Whether every record is accounted for. */
    public boolean balanced() {
      return records == duplicates + canary + pending + violations
          && violations == attributions
          && violations == denials + logged + retired;
    }
  }

  /** How many tenants whose series gave way are remembered until they are told. */
  private static final int MOST_GIVERS = 64;

  private final Clock clock;
  private final long startMillis;
  final List<SourceBook> sources = new ArrayList<>();
  final SeriesTable denials;
  final SeriesTable logged;
  final Map<Attributed, Long> attributions = new HashMap<>();
  private final FairTable<ContainerKey, LastDenial> lastDenials;
  private final Map<ContainerKey, LastDenial> otherLastDenials = new HashMap<>();
  private final int otherLastDenialsLimit;
  private long lastDenialsEvicted;
  private final Map<Tenant, Long> gaveWay = new HashMap<>();
  final DelayHistogram delay = new DelayHistogram();
  boolean canaryOn;
  double canaryDelaySeconds = Double.NaN;
  double canarySuccessSeconds;
  double canaryIntervalSeconds = Double.NaN;
  long canaryFired;
  long canaryMissed;
  long held;

  /**
   * Empty books.
   *
   * @param seriesLimit how many series each of the metrics of violations may have, those named
   *     other included
   */
  public Books(Clock clock, int seriesLimit) {
    this.clock = clock;
    this.startMillis = clock.millis();
    this.denials = new SeriesTable(seriesLimit);
    this.logged = new SeriesTable(seriesLimit);
    this.otherLastDenialsLimit = SeriesTable.overflowLimit(seriesLimit);
    this.lastDenials =
        new FairTable<>(
            seriesLimit - otherLastDenialsLimit, SeriesTable.limitOfTenant(seriesLimit));
    for (String outcome : List.of("container", "pod", "host")) {
      attributions.put(new Attributed(outcome, "procfs"), 0L);
    }
    for (String by : List.of("history", "parent", "termination")) {
      attributions.put(new Attributed("container", by), 0L);
    }
    attributions.put(new Attributed("pod", "label"), 0L);
    attributions.put(new Attributed("unknown", "none"), 0L);
  }

  /**
   * The page of a source, opened when there is none; its counters start at zero at once. Sources of
   * one name, two syslog files say, share a page.
   */
  public synchronized SourceBook open(String source) {
    return open(source, true);
  }

  /** The page of somebody who is no source and only tells of losses. */
  public synchronized SourceBook openLosses(String teller) {
    return open(teller, false);
  }

  private SourceBook open(String source, boolean reads) {
    for (SourceBook book : sources) {
      if (book.source().equals(source)) {
        return book;
      }
    }
    SourceBook book = new SourceBook(source, reads);
    sources.add(book);
    return book;
  }

  /** A record that another source, or the same one, has brought before. */
  public synchronized void duplicate(SourceBook book) {
    recorded(book);
    book.duplicates++;
  }

  /** A record of the agent's own canary. */
  public synchronized void canary(SourceBook book) {
    recorded(book);
    book.canary++;
  }

  /** A canary will be fired: its last success is told from now on, as 0 until there is one. */
  public synchronized void canaryAwaited() {
    canaryOn = true;
  }

  /** The canary will be fired so often. */
  public synchronized void canaryEvery(Duration interval) {
    canaryIntervalSeconds = interval.toNanos() / 1e9;
  }

  /** The canary is fired, or was tried to be. */
  public synchronized void canaryFired() {
    canaryFired++;
  }

  /** No source has brought a firing's record in time. */
  public synchronized void canaryMissed() {
    canaryMissed++;
  }

  /**
   * A firing's record was brought by a source for the first time.
   *
   * @param when it was
   * @param delaySinceFired how long after the firing
   * @param first whether no other source had brought it before
   */
  public synchronized void canarySeen(
      String source, Instant when, Duration delaySinceFired, boolean first) {
    double seconds = when.toEpochMilli() / 1_000.0;
    double delayed = delaySinceFired.toNanos() / 1e9;
    SourceBook book = open(source);
    book.canarySuccessSeconds = seconds;
    book.canaryDelaySeconds = delayed;
    canarySuccessSeconds = seconds;
    if (first) {
      canaryDelaySeconds = delayed;
    }
  }

  /** How the canary has fared through each source; empty while it is off. */
  public synchronized List<CanarySuccess> canarySuccesses() {
    return canaryOn
        ? sources.stream()
            .filter(SourceBook::reads)
            .map(
                book ->
                    new CanarySuccess(
                        book.source(), book.canarySuccessSeconds, book.canaryDelaySeconds))
            .toList()
        : List.of();
  }

  /** How often the canary was fired. */
  public synchronized long canariesFired() {
    return canaryFired;
  }

  /** How often no source brought it. */
  public synchronized long canariesMissed() {
    return canaryMissed;
  }

  /**
   * A record of syslog's begins or ceases to wait for a better witness; it is in no account yet.
   */
  public synchronized void held(int change) {
    held += change;
  }

  /** A line that looked like a record and was refused. */
  public synchronized void rejected(SourceBook book, RejectReason reason) {
    book.rejected.merge(reason, 1L, Long::sum);
  }

  /** Records known to be lost. */
  public synchronized void lost(SourceBook book, LossReason reason, long count) {
    book.lost.merge(reason, count, Long::sum);
  }

  /** A record that is a violation, attributed as well as it can be. */
  public synchronized void violation(SourceBook book, Violation violation) {
    count(book, violation, recorded(book));
  }

  /** A record that is a violation, and waits for what may yet be known of it. */
  public synchronized void pending(SourceBook book) {
    recorded(book);
    book.pending++;
  }

  /** A violation that has waited, attributed as well as it can be. */
  public synchronized void settled(SourceBook book, Violation violation) {
    book.pending--;
    count(book, violation, clock.millis());
  }

  private void count(SourceBook book, Violation violation, long now) {
    book.violations++;
    Attribution attribution = violation.attribution();
    if (attribution.reason() == AttributionReason.FOREIGN_NODE) {
      book.foreign++;
    }
    String by = attribution.by() == null ? "none" : attribution.by().label();
    attributions.merge(new Attributed(attribution.outcome().label(), by), 1L, Long::sum);
    SeriesTable.Key key = key(violation);
    Tenant tenant = Tenant.of(attribution);
    long stamped = violation.time() == null ? now : violation.time().toEpochMilli();
    if (violation.denied()) {
      denials.increment(key, tenant, now, this::gaveWay);
      touchLastDenial(key, tenant, Math.min(stamped, now));
    } else {
      logged.increment(key, tenant, now, this::gaveWay);
    }
    delay.observe(Math.max(0, now - stamped) / 1_000.0);
  }

  /** The pods that have series. */
  public synchronized Set<PodName> pods() {
    Set<PodName> pods = new HashSet<>(denials.pods());
    pods.addAll(logged.pods());
    pods.addAll(lastDenials.pods());
    return pods;
  }

  /** Removes the series of pods that are no more; what they counted is kept as a total. */
  public synchronized void retire(Set<PodName> gone) {
    denials.remove(gone);
    logged.remove(gone);
    lastDenials.remove(gone, (key, last) -> {});
  }

  /** Returns the tenants whose series gave way since it was asked last. */
  public synchronized List<GaveWay> gaveWay() {
    List<GaveWay> since =
        gaveWay.entrySet().stream()
            .map(entry -> new GaveWay(entry.getKey().toString(), entry.getValue()))
            .sorted(Comparator.comparingLong(GaveWay::series).reversed())
            .toList();
    gaveWay.clear();
    return since;
  }

  private void gaveWay(Tenant tenant) {
    if (gaveWay.size() < MOST_GIVERS || gaveWay.containsKey(tenant)) {
      gaveWay.merge(tenant, 1L, Long::sum);
    }
  }

  /** The totals over all sources at this moment. */
  public synchronized Balance balance() {
    long[] sums = new long[6];
    Map<String, Long> rejected = new TreeMap<>();
    Map<String, Long> lost = new TreeMap<>();
    for (SourceBook book : sources) {
      sums[0] += book.lines();
      sums[1] += book.records;
      sums[2] += book.duplicates;
      sums[3] += book.canary;
      sums[4] += book.pending;
      sums[5] += book.violations;
      book.rejected.forEach((reason, n) -> add(rejected, reason.label(), n));
      book.lost.forEach((reason, n) -> add(lost, reason.label(), n));
    }
    long attributed = attributions.values().stream().mapToLong(Long::longValue).sum();
    return new Balance(
        sums[0],
        sums[1],
        sums[2],
        sums[3],
        sums[4],
        held,
        sums[5],
        denials.total(),
        logged.total(),
        denials.removed() + logged.removed(),
        attributed,
        rejected,
        lost);
  }

  long startMillis() {
    return startMillis;
  }

  private long recorded(SourceBook book) {
    long now = clock.millis();
    book.records++;
    book.lastRecordMillis = now;
    return now;
  }

  private void touchLastDenial(SeriesTable.Key key, Tenant tenant, long millis) {
    ContainerKey container = new ContainerKey(key.namespace(), key.pod(), key.container());
    LastDenial last = lastDenials.get(container);
    if (last == null) {
      last =
          lastDenials.add(container, tenant, LastDenial::new, (giver, old) -> lastDenialsEvicted++);
    }
    if (last == null) {
      last = otherLastDenial(key.namespace());
    }
    last.millis = Math.max(last.millis, millis);
  }

  private LastDenial otherLastDenial(String namespace) {
    ContainerKey other = new ContainerKey(namespace, SeriesTable.OTHER, SeriesTable.OTHER);
    if (!otherLastDenials.containsKey(other)
        && otherLastDenials.size() >= otherLastDenialsLimit - 1) {
      other = new ContainerKey(SeriesTable.OTHER, SeriesTable.OTHER, SeriesTable.OTHER);
    }
    return otherLastDenials.computeIfAbsent(other, key -> new LastDenial());
  }

  /** When each container was last denied something, in milliseconds since the epoch. */
  void forEachLastDenial(ObjLongConsumer<ContainerKey> action) {
    lastDenials.forEach((key, last) -> action.accept(key, last.millis));
    otherLastDenials.forEach((key, last) -> action.accept(key, last.millis));
  }

  /** How many series of last denials gave way to those of another tenant. */
  long lastDenialsEvicted() {
    return lastDenialsEvicted;
  }

  private static SeriesTable.Key key(Violation violation) {
    Workload named = violation.attribution().workload();
    String namespace = "";
    String pod = "";
    String container = "";
    String workload = "";
    String workloadType = "";
    if (named != null) {
      namespace = named.namespace();
      pod = named.pod();
      container = orEmpty(named.container());
      // As kubernetes-mixin has it: a pod that nobody owns is its own workload
      boolean bare = named.ownerName() == null;
      workload = bare ? pod : orEmpty(named.ownerName());
      workloadType = bare ? "pod" : orEmpty(named.ownerKind()).toLowerCase(Locale.ROOT);
    }
    return new SeriesTable.Key(
        namespace,
        pod,
        container,
        workload,
        workloadType,
        violation.syscallLabel(),
        violation.record().arch().label(),
        violation.denied() ? violation.record().action().label() : null);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static void add(Map<String, Long> sums, String key, long count) {
    if (count > 0) {
      sums.merge(key, count, Long::sum);
    }
  }

  /** One source's page of the {@link Books}, which guard all of it but the count of lines. */
  public static final class SourceBook {

    private final String source;
    private final boolean reads;
    private final AtomicLong lines = new AtomicLong();
    final Map<RejectReason, Long> rejected = new EnumMap<>(RejectReason.class);
    final Map<LossReason, Long> lost = new EnumMap<>(LossReason.class);
    long records;
    long duplicates;
    long canary;
    long pending;
    long violations;

    /** Violations of other nodes, whose lines the source has too; among {@link #violations}. */
    long foreign;

    long lastRecordMillis;
    double canarySuccessSeconds;
    double canaryDelaySeconds = Double.NaN;

    /**
     * An empty page.
     *
     * @param reads whether lines come from there, and not losses alone
     */
    SourceBook(String source, boolean reads) {
      this.source = source;
      this.reads = reads;
      for (RejectReason reason : RejectReason.values()) {
        rejected.put(reason, 0L);
      }
      for (LossReason reason : LossReason.values()) {
        lost.put(reason, 0L);
      }
    }

    /** The source's name, {@code audit-log} say. */
    public String source() {
      return source;
    }

    boolean reads() {
      return reads;
    }

    /** Counts a line; called for every line there is, hence without the books' lock. */
    public void line() {
      lines.getAndIncrement();
    }

    long lines() {
      return lines.get();
    }
  }

  /**
   * A histogram of delays in seconds with fixed buckets. What seems to be late by more than an hour
   * says that a clock was set, or that an old log was read: it is in the last bucket and the count,
   * and not in the sum, which it would spoil for good. Not thread-safe.
   */
  static final class DelayHistogram {

    private static final double[] UPPER_BOUNDS = {
      0.001,
      0.0025,
      0.005,
      0.01,
      0.025,
      0.05,
      0.1,
      0.25,
      0.5,
      1,
      2.5,
      5,
      10,
      30,
      60,
      Double.POSITIVE_INFINITY
    };

    /** The longest delay that is added to the sum. */
    static final double LONGEST_SUMMED = 3_600;

    private final long[] counts = new long[UPPER_BOUNDS.length];
    private double sum;

    void observe(double seconds) {
      int bucket = 0;
      while (seconds > UPPER_BOUNDS[bucket]) {
        bucket++;
      }
      counts[bucket]++;
      if (seconds <= LONGEST_SUMMED) {
        sum += seconds;
      }
    }

    double sum() {
      return sum;
    }

    ClassicHistogramBuckets buckets() {
      return ClassicHistogramBuckets.of(UPPER_BOUNDS.clone(), counts.clone());
    }
  }
}
