package io.seccompwatch.agent;

import io.seccompwatch.agent.Identification.Look;
import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Publisher;
import io.seccompwatch.publish.SourceBook;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

  /** How often it is looked whether a pod's status has come. */
  private static final long NAMES_GLANCE_MILLIS = 50;

  /** How often it is looked whether process events have come: mostly that takes a millisecond. */
  private static final long PROCESS_GLANCE_MILLIS = 2;

  /** How many processes are looked for while a reader may wait for the lock: some 4 ms. */
  private static final int MOST_ASKED = 200;

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

  private final Books books;
  private final List<Publisher> publishers;
  private final Identification identification;
  private final Limits limits;
  private final Clock clock;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private final Map<String, Integer> keys = new ConcurrentHashMap<>();
  private final Thread thread = new Thread(this::run, "delivery");

  /** How many of the waiting are waiting for process events. */
  private int lagging;

  private boolean closed;

  Delivery(
      Books books,
      List<Publisher> publishers,
      Identification identification,
      Limits limits,
      Clock clock) {
    this.books = books;
    this.publishers = List.copyOf(publishers);
    this.identification = identification;
    this.limits = limits;
    this.clock = clock;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /**
   * Takes a violation whose process was looked for.
   *
   * @param lagging whether nobody is known yet and the process may become known within moments
   */
  void deliver(SourceBook book, Violation violation, boolean lagging) {
    String key = key(violation.attribution());
    if (!lagging) {
      identification.observe(violation);
    }
    if (lagging || (key != null && keys.containsKey(key))) {
      enter(book, key, violation, lagging);
      return;
    }
    Look look = identification.look(violation, waitMillis(violation) <= 0);
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
            waiting.wait(lagging > 0 ? PROCESS_GLANCE_MILLIS : NAMES_GLANCE_MILLIS);
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
    entry.namesDeadline = now + waitMillis(violation);
    synchronized (waiting) {
      if (waiting.size() >= limits.most()) {
        release(waiting.removeFirst(), true);
      }
      books.pending(book);
      if (key != null) {
        keys.merge(key, 1, Integer::sum);
      }
      waiting.addLast(entry);
      this.lagging += lagging ? 1 : 0;
      if (closed) {
        release(waiting.removeLast(), true);
      } else if (waiting.size() == 1 || (lagging && this.lagging == 1)) {
        waiting.notifyAll();
      }
    }
  }

  /** Looks at all that wait, in the order of their coming; package-private for tests. */
  void round() {
    synchronized (waiting) {
      long version = identification.version();
      long now = clock.millis();
      Set<String> held = new HashSet<>();
      List<Waiting> done = new ArrayList<>();
      Iterator<Waiting> entries = waiting.iterator();
      int asked = 0;
      while (entries.hasNext() && asked < MOST_ASKED) {
        Waiting entry = entries.next();
        asked += entry.processDeadline > 0 ? 1 : 0;
        boolean behind = entry.key != null && held.contains(entry.key);
        if (!behind && isDone(entry, version, now)) {
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
    if (entry.processDeadline > 0 && !settleProcess(entry, now >= entry.processDeadline)) {
      return false;
    }
    boolean last = now >= entry.namesDeadline;
    if (!last && entry.lookedAt == version) {
      return false;
    }
    entry.lookedAt = version;
    Look look = identification.look(entry.violation, last);
    entry.violation = look.violation();
    return !look.waits();
  }

  /** Looks for the process once more; whether that was the last time. */
  private boolean settleProcess(Waiting entry, boolean last) {
    Look again = identification.again(entry.violation);
    if (again.waits() && !last) {
      return false;
    }
    entry.violation = again.violation();
    entry.processDeadline = 0;
    lagging--;
    identification.observe(entry.violation);
    return true;
  }

  private void release(Waiting entry, boolean last) {
    if (entry.processDeadline > 0) {
      settleProcess(entry, true);
    }
    entry.violation = identification.look(entry.violation, last).violation();
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

  private long waitMillis(Violation violation) {
    return identification.waitMillis(violation, limits.forNames());
  }

  private static @Nullable String key(Attribution attribution) {
    return attribution.containerId() != null ? attribution.containerId() : attribution.podUid();
  }
}
