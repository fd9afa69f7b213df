package io.seccompwatch.publish;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.EventCorrelator.Create;
import io.seccompwatch.publish.EventCorrelator.Step;
import io.seccompwatch.publish.EventCorrelator.Update;
import io.seccompwatch.publish.EventCorrelator.Wait;
import io.seccompwatch.publish.EventText.EventNames;
import io.seccompwatch.publish.EventsApi.Result;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Makes Kubernetes Events of violations whose pod is known, on a thread of its own: one Event for
 * each pod, container, call and action, whose repeats become its series. What a pod or the node may
 * not have is suppressed; what the API server does not take within ten minutes has failed. Nothing
 * here blocks a reader, and what waits is bounded however long the API server is away. Thread-safe.
 */
public final class KubernetesEvents implements Publisher, AutoCloseable {

  /** Which violations become Events. */
  public enum Which {
    /** Those that were blocked. */
    DENIED,
    /** Those that were only logged too. */
    ALL
  }

  /** {@code ReportingInstanceLengthLimit} of the API server, in bytes. */
  private static final int LONGEST_INSTANCE = 128;

  private static final Duration AFTER_DEFECT = Duration.ofSeconds(1);

  private final AtomicLong defects = new AtomicLong();
  private final EventsApi api;
  private final Which which;
  private final Clock clock;
  private final LongSupplier millis;
  private final ApiHealth health;
  private final EventCorrelator correlator;
  private final Thread writer = new Thread(this::write, "kubernetes-events");
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long wakeAt = Long.MIN_VALUE;
  private boolean woken;
  private boolean closing;

  /**
   * A publisher that writes to {@code api}; {@link #start} begins.
   *
   * @param instance which agent reports: the node's name; cut to 128 bytes
   * @param random where names of Events and the spread of retries come from; the names are not to
   *     be guessed, so give a secure one
   */
  public KubernetesEvents(
      EventsApi api, Which which, String instance, Clock clock, RandomGenerator random) {
    // Pauses are not to end late because somebody has set the clock
    this(api, which, instance, clock, () -> System.nanoTime() / 1_000_000, random);
  }

  KubernetesEvents(
      EventsApi api,
      Which which,
      String instance,
      Clock clock,
      LongSupplier millis,
      RandomGenerator random) {
    this(api, which, instance, clock, millis, random, new ApiHealth(random));
  }

  private KubernetesEvents(
      EventsApi api,
      Which which,
      String instance,
      Clock clock,
      LongSupplier millis,
      RandomGenerator random,
      ApiHealth health) {
    this(
        api,
        which,
        clock,
        millis,
        health,
        new EventCorrelator(
            EventText.name(instance, LONGEST_INSTANCE),
            new EventNames(random.nextLong()),
            health,
            new EventBudget(millis.getAsLong())));
  }

  KubernetesEvents(
      EventsApi api,
      Which which,
      Clock clock,
      LongSupplier millis,
      ApiHealth health,
      EventCorrelator correlator) {
    this.api = api;
    this.which = which;
    this.clock = clock;
    this.millis = millis;
    this.health = health;
    this.correlator = correlator;
    writer.setDaemon(true);
  }

  /** Starts the writer. */
  public void start() {
    writer.start();
  }

  /** Takes a violation; one that no pod of the API is known for is none of this publisher's. */
  @Override
  public void publish(Violation violation) {
    Attribution attribution = violation.attribution();
    Workload workload = attribution.workload();
    String podUid = attribution.podUid();
    boolean wanted = violation.denied() || which == Which.ALL;
    if (!wanted || workload == null || podUid == null || !isOfTheApi(attribution)) {
      return;
    }
    lock.lock();
    try {
      long now = millis.getAsLong();
      if (correlator.accept(violation, workload, podUid, time(violation), now) < wakeAt) {
        woken = true;
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether the API server gave the pod's name; an Event of a pod that it does not know fails. */
  private static boolean isOfTheApi(Attribution attribution) {
    return attribution.reason() != AttributionReason.POD_NOT_FOUND
        && attribution.reason() != AttributionReason.KUBERNETES_UNAVAILABLE;
  }

  /** A log may be made to say that something happened in the future, or in the year 30000. */
  private Instant time(Violation violation) {
    Instant now = clock.instant();
    Instant time = violation.time();
    return time == null || time.isAfter(now) || time.isBefore(Instant.EPOCH) ? now : time;
  }

  /**
   * How many violations became an Event ({@code published}), were counted in the series of one
   * ({@code aggregated}), were beyond the budgets ({@code suppressed}) or could not be told ({@code
   * failed}).
   */
  public Map<String, Long> results() {
    lock.lock();
    try {
      return correlator.tally().results();
    } finally {
      lock.unlock();
    }
  }

  /** How many violations wait for their Event to be created. */
  public long waiting() {
    lock.lock();
    try {
      return correlator.tally().waiting;
    } finally {
      lock.unlock();
    }
  }

  /** How many violations were taken: the sum of all results and of those that wait. */
  public long accepted() {
    lock.lock();
    try {
      return correlator.tally().accepted;
    } finally {
      lock.unlock();
    }
  }

  /** What keeps Events from being written; null when nothing does. */
  public @Nullable String problem() {
    lock.lock();
    try {
      String known = health.problem(millis.getAsLong());
      boolean defective = known == null && defects.get() > 0;
      return defective ? "a defect of the agent; please report it" : known;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    close(Duration.ofMillis(500));
  }

  /**
   * Sends what waits, the repeats that were not told yet included, and ends the writer. An API
   * server that does not answer now is not asked again.
   *
   * @param patience how long to wait for that
   * @return how many violations were accepted and did not become an Event in that time
   */
  public long close(Duration patience) {
    lock.lock();
    try {
      closing = true;
      woken = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
    try {
      writer.join(Math.max(1, patience.toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    writer.interrupt();
    return waiting();
  }

  /**
   * Does the next thing that is to be done, one request at most.
   *
   * @return how long there is nothing to do after it; zero when there may be more
   */
  Duration runOnce() throws InterruptedException {
    Step step = next();
    if (step instanceof Wait wait) {
      return Duration.ofMillis(wait.millis());
    }
    Result result = send(step);
    lock.lock();
    try {
      correlator.answer(step, result, millis.getAsLong());
    } finally {
      lock.unlock();
    }
    return Duration.ZERO;
  }

  private Step next() {
    lock.lock();
    try {
      long now = millis.getAsLong();
      Step step = correlator.next(now, closing);
      if (step instanceof Wait wait) {
        wakeAt = now + wait.millis();
        woken = false;
      }
      return step;
    } finally {
      lock.unlock();
    }
  }

  private Result send(Step step) throws InterruptedException {
    try {
      return switch (step) {
        case Create create -> api.create(create.event());
        case Update update ->
            api.patch(update.series().pod.namespace(), update.series().name, update.counted());
        case Wait wait -> throw new IllegalArgumentException("nothing to send");
      };
    } catch (RuntimeException e) {
      // A defect; the other Events are written all the same. Its words may quote a credential
      return new EventsApi.Unavailable(e.getClass().getName(), null);
    }
  }

  private void write() {
    try {
      while (true) {
        Duration wait = guarded();
        if (!wait.isZero() && !awaitWork(wait)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A defect in one Event must not end them all. */
  private Duration guarded() throws InterruptedException {
    try {
      return runOnce();
    } catch (RuntimeException e) {
      defects.getAndIncrement();
      return AFTER_DEFECT;
    }
  }

  /** Waits until there is work; false when there will be none any more. */
  private boolean awaitWork(Duration wait) throws InterruptedException {
    lock.lock();
    try {
      long left = wait.toNanos();
      boolean wasClosing = closing && !woken;
      while (!woken && !wasClosing && left > 0) {
        left = changed.awaitNanos(left);
      }
      return !wasClosing;
    } finally {
      lock.unlock();
    }
  }
}
