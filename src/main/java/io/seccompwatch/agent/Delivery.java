package io.seccompwatch.agent;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.AttributionReason;
import io.seccompwatch.attribution.Inference;
import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.PodDirectory.Naming;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Publisher;
import io.seccompwatch.publish.SourceBook;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Brings violations into the books and to the publishers, each once: at once when all that can be
 * known of it is known, else after a wait for what may still come, on a thread of its own. What
 * belongs to one container stays in order. A wait is bounded in time, the waiting are bounded in
 * number, and whoever's time is over, or who is pushed out, is published with what is known.
 *
 * <p>{@link #deliver} is for any number of threads and never blocks.
 */
final class Delivery implements AutoCloseable {

  /**
   * The bounds of the waiting.
   *
   * @param most how many may wait
   * @param forProcess how long for the process events that may still tell whose the process was
   * @param forNames how long for the status of a pod, counted from the record on
   */
  record Limits(int most, Duration forProcess, Duration forNames) {
    /** 4,096, a second, and ten: a kubelet looks at its containers every second and reports. */
    static final Limits DEFAULT = new Limits(4_096, Duration.ofSeconds(1), Duration.ofSeconds(10));
  }

  /**
   * What there is to ask.
   *
   * @param pods this node's pods; null without Kubernetes
   * @param lagging whether the events of the record's process may still be on their way
   * @param attributor asks for the process again, on this object's own thread
   */
  record Knowledge(
      @Nullable PodDirectory pods,
      Predicate<SeccompRecord> lagging,
      Function<SeccompRecord, Attribution> attributor) {}

  /** The reasons for which nobody is known, and from the outside something may be concluded. */
  private static final Set<AttributionReason> INFERABLE =
      EnumSet.of(
          AttributionReason.PROCESS_GONE,
          AttributionReason.PID_REUSED,
          AttributionReason.PID_REUSE_POSSIBLE,
          AttributionReason.NO_PERMISSION);

  private static final long GLANCE_MILLIS = 20;

  /** How many processes are looked for while a reader may wait for the lock: some 4 ms. */
  private static final int MOST_SETTLED = 200;

  private static final class Waiting {
    final SourceBook book;
    final @Nullable String key;
    Violation violation;
    long processDeadline;
    long namesDeadline;
    long lookedAt = -1;

    Waiting(SourceBook book, @Nullable String key, Violation violation) {
      this.book = book;
      this.key = key;
      this.violation = violation;
    }
  }

  /** A violation as far as it is known, and whether it is worth to wait for more. */
  private record Look(Violation violation, boolean waits) {}

  private final Books books;
  private final List<Publisher> publishers;
  private final Knowledge knowledge;
  private final @Nullable Inference inference;
  private final Limits limits;
  private final Clock clock;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private final Map<String, Integer> keys = new ConcurrentHashMap<>();
  private final Thread thread = new Thread(this::run, "delivery");
  private boolean closed;

  Delivery(
      Books books, List<Publisher> publishers, Knowledge knowledge, Limits limits, Clock clock) {
    this.books = books;
    this.publishers = List.copyOf(publishers);
    this.knowledge = knowledge;
    this.inference = knowledge.pods() == null ? null : new Inference(knowledge.pods());
    this.limits = limits;
    this.clock = clock;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Takes a violation whose process was looked for. */
  void deliver(SourceBook book, Violation violation) {
    String key = key(violation.attribution());
    boolean lagging = isUnknown(violation) && knowledge.lagging().test(violation.record());
    if (!lagging) {
      observe(violation);
    }
    if (lagging || (key != null && keys.containsKey(key))) {
      enter(book, key, violation, lagging);
      return;
    }
    Look look = look(violation, namesMillis(violation) <= 0);
    if (look.waits()) {
      enter(book, key, look.violation(), false);
    } else {
      books.violation(book, look.violation());
      publish(look.violation());
    }
  }

  /** How many wait. */
  int size() {
    synchronized (waiting) {
      return waiting.size();
    }
  }

  /** Publishes what waits, with what is known of it. */
  @Override
  public void close() {
    synchronized (waiting) {
      closed = true;
      waiting.notifyAll();
      while (!waiting.isEmpty()) {
        release(waiting.removeFirst(), true);
      }
    }
  }

  private void run() {
    synchronized (waiting) {
      try {
        while (!closed) {
          if (waiting.isEmpty()) {
            waiting.wait();
          } else {
            waiting.wait(GLANCE_MILLIS);
            round();
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void enter(SourceBook book, @Nullable String key, Violation violation, boolean lagging) {
    Waiting entry = new Waiting(book, key, violation);
    long now = clock.millis();
    entry.processDeadline = lagging ? now + limits.forProcess().toMillis() : 0;
    entry.namesDeadline = now + namesMillis(violation);
    synchronized (waiting) {
      if (waiting.size() >= limits.most()) {
        release(waiting.removeFirst(), true);
      }
      books.pending(book);
      if (key != null) {
        keys.merge(key, 1, Integer::sum);
      }
      waiting.addLast(entry);
      if (closed) {
        release(waiting.removeLast(), true);
      } else if (waiting.size() == 1) {
        waiting.notifyAll();
      }
    }
  }

  /** Looks at all that wait, in the order of their coming; package-private for tests. */
  void round() {
    synchronized (waiting) {
      long version = knowledge.pods() == null ? 0 : knowledge.pods().version();
      long now = clock.millis();
      Set<String> held = new HashSet<>();
      List<Waiting> done = new ArrayList<>();
      Iterator<Waiting> entries = waiting.iterator();
      int settled = 0;
      while (entries.hasNext() && settled < MOST_SETTLED) {
        Waiting entry = entries.next();
        boolean behind = entry.key != null && held.contains(entry.key);
        boolean lagged = entry.processDeadline > 0;
        boolean isDone = !behind && isDone(entry, version, now);
        settled += lagged && entry.processDeadline == 0 ? 1 : 0;
        if (isDone) {
          entries.remove();
          done.add(entry);
        } else if (entry.key != null) {
          held.add(entry.key);
        }
      }
      done.forEach(this::publishReleased);
    }
  }

  private boolean isDone(Waiting entry, long version, long now) {
    if (entry.processDeadline > 0) {
      boolean over = now >= entry.processDeadline;
      if (!over && knowledge.lagging().test(entry.violation.record())) {
        return false;
      }
      settleProcess(entry);
    }
    boolean last = now >= entry.namesDeadline;
    if (!last && entry.lookedAt == version) {
      return false;
    }
    entry.lookedAt = version;
    Look look = look(entry.violation, last);
    entry.violation = look.violation();
    return !look.waits();
  }

  private void settleProcess(Waiting entry) {
    Attribution found = knowledge.attributor().apply(entry.violation.record());
    entry.violation = entry.violation.with(found);
    entry.processDeadline = 0;
    observe(entry.violation);
  }

  private void release(Waiting entry, boolean last) {
    if (entry.processDeadline > 0) {
      settleProcess(entry);
    }
    entry.violation = look(entry.violation, last).violation();
    publishReleased(entry);
  }

  private void publishReleased(Waiting entry) {
    books.settled(entry.book, entry.violation);
    publish(entry.violation);
    if (entry.key != null) {
      keys.computeIfPresent(entry.key, (key, n) -> n == 1 ? null : n - 1);
    }
  }

  private void publish(Violation violation) {
    for (Publisher publisher : publishers) {
      publisher.publish(violation);
    }
  }

  private void observe(Violation violation) {
    Instant time = violation.time();
    if (inference != null && time != null) {
      inference.observe(violation.record(), time, violation.attribution());
    }
  }

  /**
   * What is known now.
   *
   * @param last whether the wait is over
   */
  private Look look(Violation violation, boolean last) {
    PodDirectory pods = knowledge.pods();
    if (pods == null) {
      return new Look(violation, false);
    }
    Violation known = isUnknown(violation) ? inferred(violation, last) : violation;
    if (isUnknown(known)) {
      boolean mayEnd = isInferable(known) && Inference.kills(known.record().action());
      return new Look(known, mayEnd && !last && isInTouch(pods));
    }
    Naming naming = pods.name(known.attribution());
    return new Look(
        known.with(naming.attribution()), naming.mayImprove() && !last && isInTouch(pods));
  }

  private Violation inferred(Violation violation, boolean last) {
    Instant time = violation.time();
    if (inference == null || time == null || !isInferable(violation)) {
      return violation;
    }
    Attribution by = inference.byLabel(violation.record(), time);
    if (by == null && last) {
      by = inference.byTermination(violation.record(), time);
    }
    return by == null ? violation : violation.with(by);
  }

  /** When the API server has long been away, waiting for it would only delay. */
  private boolean isInTouch(PodDirectory pods) {
    Instant since = pods.outOfTouchSince();
    return since == null || clock.instant().isBefore(since.plus(limits.forNames()));
  }

  /** How long it may wait for names; of an old record the pod has told all that it will. */
  private long namesMillis(Violation violation) {
    PodDirectory pods = knowledge.pods();
    Instant time = violation.time();
    if (pods == null) {
      return 0;
    }
    long age =
        time == null || !pods.synced() ? 0 : Math.max(0, clock.millis() - time.toEpochMilli());
    return limits.forNames().toMillis() - age;
  }

  private static boolean isUnknown(Violation violation) {
    return violation.attribution().outcome() == Outcome.UNKNOWN;
  }

  private static boolean isInferable(Violation violation) {
    return INFERABLE.contains(
        Objects.requireNonNullElse(
            violation.attribution().reason(), AttributionReason.INTERNAL_ERROR));
  }

  private static @Nullable String key(Attribution attribution) {
    return attribution.containerId() != null ? attribution.containerId() : attribution.podUid();
  }
}
