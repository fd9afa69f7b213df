package io.seccompwatch.pipeline;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.pipeline.PendingViolations.PendingViolation;
import io.seccompwatch.pipeline.WorkloadResolver.Look;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.publish.Publisher;
import io.seccompwatch.violation.Violation;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Brings violations into the books and to the publishers, each once: at once when all that can be
 * known of it is known, else after a wait for what may still come, on a thread of its own. What
 * belongs to one container, or to one process that is still looked for, stays in order. A wait is
 * bounded in time, the waiting are bounded in number, and whoever's time is over, or who is pushed
 * out, is published with what is known.
 *
 * <p>{@link #deliver} is for any number of threads; it waits for nothing but a lock that is held
 * for moments, never while something is looked up.
 */
public final class PendingViolations implements AutoCloseable {

  /**
   * The bounds of the waiting.
   *
   * @param most how many may wait
   * @param mostOfOne how many of one container may
   * @param forProcess how long for the process events that may still tell whose the process was
   * @param forNames how long for the status of a pod
   */
  public record Limits(int most, int mostOfOne, Duration forProcess, Duration forNames) {
    /** A kubelet looks at its containers every second, and reports. */
    public static final Limits DEFAULT =
        new Limits(4_096, 256, Duration.ofSeconds(1), Duration.ofSeconds(10));
  }

  /** How often it is looked whether a pod's status has come. */
  private static final long NAMES_GLANCE_MILLIS = 50;

  /** How often it is looked whether process events have come: mostly that takes a millisecond. */
  private static final long PROCESS_GLANCE_MILLIS = 2;

  /** For whom nothing came in time nobody waits again so soon. */
  private static final long GIVEN_UP_MILLIS = 60_000;

  private static final int MOST_GIVEN_UP = 1_024;

  private final Books books;
  private final List<Publisher> publishers;
  private final WorkloadResolver identification;
  private final Limits limits;
  private final LongSupplier millis;
  private final Consumer<RuntimeException> onDefect;
  private final WaitingLine waiting;
  private final Map<String, Long> givenUpUntil = new ConcurrentHashMap<>();
  private final Thread thread = new Thread(this::run, "delivery");
  private boolean closed;

  /**
   * A delivery; {@link #start} begins its own thread.
   *
   * @param millis a clock that only runs forward
   * @param onDefect is told of what publishers and look-ups should not have thrown
   */
  public PendingViolations(
      Books books,
      List<Publisher> publishers,
      WorkloadResolver identification,
      Limits limits,
      LongSupplier millis,
      Consumer<RuntimeException> onDefect) {
    this.books = books;
    this.publishers = List.copyOf(publishers);
    this.identification = identification;
    this.limits = limits;
    this.millis = millis;
    this.onDefect = onDefect;
    this.waiting = new WaitingLine(limits.most(), limits.mostOfOne());
    thread.setDaemon(true);
  }

  public void start() {
    thread.start();
  }

  /** Whether its thread runs; that it does not is a defect, and wants a restart. */
  public boolean alive() {
    return thread.isAlive();
  }

  /** Records are known to be lost: what is concluded from those that are there may be wrong. */
  public void lost() {
    identification.lost();
  }

  /**
   * Takes a violation whose process was looked for.
   *
   * @param lagging whether nobody is known yet and the process may become known within moments
   */
  void deliver(SourceBook book, Violation violation, boolean lagging) {
    if (!lagging) {
      identification.observe(violation);
    }
    String process = "pid " + violation.record().pid();
    String container = container(violation.attribution());
    if (lagging || waiting.has(process)) {
      enter(book, process, violation, lagging);
      return;
    }
    boolean behind = container != null && waiting.has(container);
    Look look = look(violation, false);
    boolean waits =
        look.mayImprove() && identification.waitMillis(violation, limits.forNames()) > 0;
    if (behind || (waits && !isGivenUp(container))) {
      enter(book, container, look.violation(), false);
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
      for (PendingViolation entry : waiting.all()) {
        pushOut(entry);
      }
    }
  }

  private void enter(SourceBook book, @Nullable String key, Violation violation, boolean lagging) {
    long now = millis.getAsLong();
    PendingViolation entry =
        new PendingViolation(
            book,
            key,
            violation,
            lagging,
            now + limits.forProcess().toMillis(),
            now + identification.waitMillis(violation, limits.forNames()));
    synchronized (waiting) {
      books.pending(book);
      for (PendingViolation pushed : waiting.add(entry)) {
        pushOut(pushed);
      }
      if (closed) {
        pushOut(entry);
      } else if (waiting.size() == 1 || (lagging && waiting.lagging() == 1)) {
        waiting.notifyAll();
      }
    }
  }

  private void run() {
    try {
      while (awaitRound()) {
        try {
          round();
        } catch (RuntimeException e) {
          onDefect.accept(e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean awaitRound() throws InterruptedException {
    synchronized (waiting) {
      while (!closed && waiting.size() == 0) {
        waiting.wait();
      }
      if (!closed) {
        waiting.wait(waiting.lagging() > 0 ? PROCESS_GLANCE_MILLIS : NAMES_GLANCE_MILLIS);
      }
      return !closed;
    }
  }

  /** Looks at those of whom more may be known, in the order of their coming; of one thread. */
  void round() {
    long version = identification.version();
    long now = millis.getAsLong();
    List<PendingViolation> due;
    synchronized (waiting) {
      due = waiting.due(version, now);
    }
    List<PendingViolation.Finding> findings = new ArrayList<>(due.size());
    for (PendingViolation entry : due) {
      findings.add(examined(entry, now));
    }
    synchronized (waiting) {
      for (PendingViolation.Finding finding : findings) {
        apply(finding, version, now);
      }
    }
  }

  private PendingViolation.Finding examined(PendingViolation entry, long now) {
    Violation violation = entry.violation();
    if (entry.lagging()) {
      Look again = guarded(() -> identification.again(violation), violation);
      if (again.mayImprove() && now < entry.processDeadline()) {
        return new PendingViolation.Finding(entry, violation, true, true);
      }
      Look look = look(again.violation(), false);
      return new PendingViolation.Finding(entry, look.violation(), false, look.mayImprove());
    }
    Look look = look(violation, now >= entry.namesDeadline());
    return new PendingViolation.Finding(entry, look.violation(), false, look.mayImprove());
  }

  private void apply(PendingViolation.Finding finding, long version, long now) {
    PendingViolation entry = finding.entry();
    if (!waiting.contains(entry)) {
      return; // pushed out meanwhile
    }
    if (entry.lagging() && !finding.lagging()) {
      waiting.settled(entry);
      identification.observe(finding.violation());
    }
    entry.found(finding.violation(), version);
    boolean over = now >= entry.namesDeadline();
    if (finding.mayImprove() && !over) {
      return;
    }
    if (waiting.isFirstOfItsKey(entry)) {
      if (finding.mayImprove()) {
        giveUp(container(finding.violation().attribution()), now);
      }
      release(entry);
    } else {
      entry.lookAgain();
    }
  }

  /** Publishes before its time, and concludes nothing: the evidence may not all be in. */
  private void pushOut(PendingViolation entry) {
    if (entry.lagging()) {
      identification.observe(entry.violation());
    }
    entry.found(look(entry.violation(), false).violation(), 0);
    release(entry);
  }

  private void release(PendingViolation entry) {
    books.settled(entry.book(), entry.violation());
    publish(entry.violation());
    waiting.remove(entry); // last: until then the next of its key queues behind it
  }

  private void publish(Violation violation) {
    for (Publisher publisher : publishers) {
      try {
        publisher.publish(violation);
      } catch (RuntimeException e) {
        onDefect.accept(e);
      }
    }
  }

  private Look look(Violation violation, boolean conclude) {
    return guarded(() -> identification.look(violation, conclude), violation);
  }

  private Look guarded(Supplier<Look> look, Violation otherwise) {
    try {
      return look.get();
    } catch (RuntimeException e) {
      onDefect.accept(e);
      return new Look(otherwise, false);
    }
  }

  private boolean isGivenUp(@Nullable String key) {
    Long until = key == null ? null : givenUpUntil.get(key);
    return until != null && millis.getAsLong() < until;
  }

  private void giveUp(@Nullable String key, long now) {
    if (key == null) {
      return;
    }
    if (givenUpUntil.size() >= MOST_GIVEN_UP) {
      givenUpUntil.clear();
    }
    givenUpUntil.put(key, now + GIVEN_UP_MILLIS);
  }

  private static @Nullable String container(Attribution attribution) {
    return attribution.containerId() != null ? attribution.containerId() : attribution.podUid();
  }

  /** A violation that waits. Changed only by whoever holds the lock of its {@link WaitingLine}. */
  static final class PendingViolation {

    /**
     * What a look at an entry has found.
     *
     * @param lagging whether the process events are still awaited
     * @param mayImprove whether it is worth to wait for more
     */
    record Finding(
        PendingViolation entry, Violation violation, boolean lagging, boolean mayImprove) {}

    private static final long NEVER = -1;

    private final SourceBook book;
    private final @Nullable String key;
    private final long processDeadline;
    private final long namesDeadline;
    private volatile Violation violation;
    private volatile boolean lagging;
    private long lookedAt = NEVER;

    /**
     * An entry.
     *
     * @param key what is published in order; null when there is no order to keep
     * @param lagging whether it waits for process events first
     * @param processDeadline how long it does, by the delivery's clock
     * @param namesDeadline when its wait is over, by the same
     */
    PendingViolation(
        SourceBook book,
        @Nullable String key,
        Violation violation,
        boolean lagging,
        long processDeadline,
        long namesDeadline) {
      this.book = book;
      this.key = key;
      this.violation = violation;
      this.lagging = lagging;
      this.processDeadline = processDeadline;
      this.namesDeadline = namesDeadline;
    }

    SourceBook book() {
      return book;
    }

    @Nullable String key() {
      return key;
    }

    Violation violation() {
      return violation;
    }

    boolean lagging() {
      return lagging;
    }

    long processDeadline() {
      return processDeadline;
    }

    long namesDeadline() {
      return namesDeadline;
    }

    /** Whether there is a reason to look at it, other than process events. */
    boolean isDue(long version, long now) {
      return lookedAt != version || now >= namesDeadline;
    }

    void found(Violation known, long version) {
      violation = known;
      lookedAt = version;
    }

    void lookAgain() {
      lookedAt = NEVER;
    }

    void settled() {
      lagging = false;
    }
  }

  /**
   * Those that wait, in the order of their coming, so many of one key and so many in all, and fewer
   * when their strings are long. Guarded by its own lock, which the caller holds; only {@link #has}
   * needs none.
   */
  static final class WaitingLine {

    /** How many characters of hostile strings may wait: some 500 for each of the most there are. */
    static final int MOST_TEXT = 1 << 21;

    /** How many processes are looked for in one round. */
    private static final int MOST_ASKED = 200;

    /** The share of those without a key. */
    private static final String NO_KEY = "";

    private final int most;
    private final int mostOfOne;
    private final Set<PendingViolation> all = new LinkedHashSet<>();
    private final Map<String, Deque<PendingViolation>> byKey = new ConcurrentHashMap<>();
    private int lagging;
    private int text;

    /**
     * An empty line.
     *
     * @param most how many may wait; half of them those without a key
     * @param mostOfOne how many of one key may
     */
    WaitingLine(int most, int mostOfOne) {
      this.most = most;
      this.mostOfOne = mostOfOne;
    }

    /** Whether anybody of this key waits; for any thread, without the lock. */
    boolean has(String key) {
      return byKey.containsKey(key);
    }

    int size() {
      return all.size();
    }

    /** How many wait for process events. */
    int lagging() {
      return lagging;
    }

    boolean contains(PendingViolation entry) {
      return all.contains(entry);
    }

    /** All of them, first come first. */
    List<PendingViolation> all() {
      return List.copyOf(all);
    }

    /** Takes one more, and says who has to go for it: they are still in the line. */
    List<PendingViolation> add(PendingViolation entry) {
      List<PendingViolation> pushed = new ArrayList<>();
      String share = share(entry);
      Deque<PendingViolation> own = byKey.get(share);
      if (own != null && own.size() >= (share.equals(NO_KEY) ? most / 2 : mostOfOne)) {
        pushed.add(own.getFirst());
      } else if (all.size() >= most) {
        pushed.add(all.iterator().next());
      }
      text += text(entry);
      int over = text - MOST_TEXT - pushed.stream().mapToInt(WaitingLine::text).sum();
      for (Iterator<PendingViolation> first = all.iterator(); over > 0 && first.hasNext(); ) {
        PendingViolation next = first.next();
        if (!pushed.contains(next)) {
          pushed.add(next);
          over -= text(next);
        }
      }
      all.add(entry);
      byKey.computeIfAbsent(share, key -> new ArrayDeque<>()).addLast(entry);
      lagging += entry.lagging() ? 1 : 0;
      return pushed;
    }

    void remove(PendingViolation entry) {
      if (!all.remove(entry)) {
        return;
      }
      text -= text(entry);
      lagging -= entry.lagging() ? 1 : 0;
      byKey.computeIfPresent(
          share(entry),
          (key, own) -> {
            own.remove(entry);
            return own.isEmpty() ? null : own;
          });
    }

    /** Its process is looked for no longer. */
    void settled(PendingViolation entry) {
      lagging--;
      entry.settled();
    }

    /** Whether nobody of its key is before it; those without a key keep no order. */
    boolean isFirstOfItsKey(PendingViolation entry) {
      Deque<PendingViolation> own = entry.key() == null ? null : byKey.get(entry.key());
      return own == null || own.peekFirst() == entry;
    }

    /** Those of whom more may be known than at the last look. */
    List<PendingViolation> due(long version, long now) {
      List<PendingViolation> due = new ArrayList<>();
      int asked = 0;
      for (PendingViolation entry : all) {
        boolean ask = entry.lagging() && (asked < MOST_ASKED || now >= entry.processDeadline());
        asked += entry.lagging() ? 1 : 0;
        if (ask || (!entry.lagging() && entry.isDue(version, now))) {
          due.add(entry);
        }
      }
      return due;
    }

    private static int text(PendingViolation entry) {
      return entry.violation().record().textLength();
    }

    private static String share(PendingViolation entry) {
      String key = entry.key();
      return key == null ? NO_KEY : key;
    }
  }
}
