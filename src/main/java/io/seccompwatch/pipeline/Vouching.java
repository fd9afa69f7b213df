package io.seccompwatch.pipeline;

import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds what syslog alone has brought, since anybody may write there, until a source that cannot be
 * forged has brought it too (then it is a duplicate), or is known to have lost something or to be
 * dead (then it counts), or would have brought it by now (then it is refused as of untrusted
 * origin). While that source lacks serials, of which this may be one, it is waited for their loss
 * to be certain. A source whose silence proves nothing is put to the proof with the canary.
 *
 * <p>What is older than this agent counts while syslog's file is read from before the start: nobody
 * else has seen it. From then on the stamp, which a forger chooses, excuses nothing.
 *
 * <p>Any thread may hand records in; none waits. One thread of its own decides. At most {@link
 * #MOST} are held, and fewer when their strings are long; then the oldest is decided before its
 * time.
 */
public final class Vouching implements AutoCloseable {

  /** How long a source has to bring what syslog has brought. */
  static final Duration WINDOW = Duration.ofSeconds(4);

  /** The same while that source lacks a serial and may yet bring it: {@link SerialWatch} waits. */
  static final Duration LONGEST = WINDOW.plus(SerialWatch.LONGEST).plusSeconds(1);

  /** How many are held. */
  static final int MOST = 4_096;

  /** How many characters of their hostile strings: some 500 for a record of the kernel's. */
  static final int MOST_TEXT = 1 << 21;

  /** So long one is held before a canary is fired for it: most are witnessed much sooner. */
  static final Duration PROOF_AFTER = Duration.ofMillis(500);

  /** How often at most; each costs a record. */
  private static final Duration PROOF_EVERY = Duration.ofSeconds(1);

  /** How long a canary fired for proof may take. */
  private static final Duration PROOF_PATIENCE = Duration.ofSeconds(3);

  /** Reading from before the start takes this long at least, and at most. */
  static final Duration CATCH_UP_AT_LEAST = Duration.ofSeconds(10);

  private static final Duration CATCH_UP_AT_MOST = Duration.ofMinutes(5);

  private static final long GLANCE_MILLIS = 100;
  private static final long STOP_MILLIS = 200;
  private static final long NEVER = Long.MIN_VALUE / 2;

  private final Vouchers vouchers;
  private final Deduplicator duplicates;
  private final Books books;
  private final PendingViolations delivery;
  private final @Nullable Runnable canary;
  private final Clock clock;
  private final LongSupplier millis;
  private final AgentLog log;
  private final Consumer<RuntimeException> onDefect;
  private final long startedMillis;
  private final long startedWall;
  private final Thread thread = new Thread(this::run, "vouching");

  /** Guards itself and the two that follow. */
  private final Deque<Held> held = new ArrayDeque<>();

  private int text;
  private boolean closed;
  private volatile boolean caughtUp;
  private boolean readToEnd;

  // Of the deciding thread.
  private long firedMillis = NEVER;
  private long firedWall;

  /**
   * What it works with; {@link #start} begins its thread.
   *
   * @param canary fires for proof; null while the canary is off
   * @param clock the clock of the stamps
   * @param millis a clock that only runs forward
   * @param onDefect is told of what should not have been thrown
   */
  public Vouching(
      Vouchers vouchers,
      Deduplicator duplicates,
      Books books,
      PendingViolations delivery,
      @Nullable Runnable canary,
      Clock clock,
      LongSupplier millis,
      AgentLog log,
      Consumer<RuntimeException> onDefect) {
    this.vouchers = vouchers;
    this.duplicates = duplicates;
    this.books = books;
    this.delivery = delivery;
    this.canary = canary;
    this.clock = clock;
    this.millis = millis;
    this.log = log;
    this.onDefect = onDefect;
    this.startedMillis = millis.getAsLong();
    this.startedWall = clock.millis();
    thread.setDaemon(true);
  }

  public void start() {
    thread.start();
  }

  /** What the sources are known to have brought and lost. */
  Vouchers vouchers() {
    return vouchers;
  }

  /** A clock that only runs forward, in milliseconds. */
  long now() {
    return millis.getAsLong();
  }

  /** Looks how the sources are doing; every two seconds or so, by one thread. */
  public void look(List<SourceStatus> statuses) {
    long now = millis.getAsLong();
    vouchers.look(statuses, now);
    if (caughtUp) {
      return;
    }
    boolean atEnd =
        statuses.stream().anyMatch(s -> s.name().equals("syslog") && s.up() && s.lagBytes() == 0);
    long since = now - startedMillis;
    // Twice: what was read last is still being dealt with at the first time
    caughtUp =
        (atEnd && readToEnd && since >= CATCH_UP_AT_LEAST.toMillis())
            || since >= CATCH_UP_AT_MOST.toMillis();
    readToEnd = atEnd;
  }

  /** Whether a record that syslog brought now has to be held. */
  boolean doubts(Line.Recognised line) {
    AuditStamp stamp = line.record().stamp();
    Instant made = stamp == null ? line.written() : stamp.time();
    boolean old = !caughtUp && made != null && made.toEpochMilli() < startedWall;
    return !old && vouchers.mayKnow(line.form(), millis.getAsLong());
  }

  /** Holds one, of which the filter does not know yet. */
  void hold(Held record) {
    books.held(1);
    List<Held> pushed = new ArrayList<>(1);
    synchronized (held) {
      if (closed) {
        pushed.add(record);
      } else {
        add(record);
        while (held.size() > MOST || text > MOST_TEXT) {
          pushed.add(removeFirst());
        }
        if (held.size() == 1) {
          held.notifyAll();
        }
      }
    }
    pushed.forEach(this::decide);
  }

  private void add(Held record) {
    held.addLast(record);
    text += record.textLength();
  }

  private Held removeFirst() {
    Held first = held.removeFirst();
    text -= first.textLength();
    return first;
  }

  /** Decides what is held, with what is known; those who hand in must have ended. */
  @Override
  public void close() {
    List<Held> left;
    synchronized (held) {
      closed = true;
      left = List.copyOf(held);
      held.clear();
      held.notifyAll();
    }
    try {
      thread.join(STOP_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    left.forEach(this::decide);
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
    synchronized (held) {
      while (!closed && held.isEmpty()) {
        held.wait();
      }
      if (!closed) {
        held.wait(GLANCE_MILLIS);
      }
      return !closed;
    }
  }

  /** Lets those go that were witnessed or whose time is over; of one thread. */
  void round() {
    long now = millis.getAsLong();
    List<Held> due = new ArrayList<>();
    boolean proof = false;
    synchronized (held) {
      for (int i = held.size(); i > 0; i--) {
        Held one = removeFirst();
        if (witnessed(one)) {
          books.held(-1);
          books.duplicate(one.book());
        } else if (isDue(one, now)) {
          due.add(one);
        } else {
          add(one);
          proof |=
              now - one.arrived() >= PROOF_AFTER.toMillis()
                  && firedMillis < one.arrived()
                  && vouchers.wantProof(one.form(), one.arrived(), one.arrivedWall());
        }
      }
    }
    due.forEach(this::decide);
    judgeProof(now);
    if (proof && canary != null && now - firedMillis >= PROOF_EVERY.toMillis()) {
      fire(canary, now);
    }
  }

  private boolean isDue(Held one, long now) {
    long waited = now - one.arrived();
    return waited >= LONGEST.toMillis()
        || (waited >= WINDOW.toMillis()
            && !vouchers.mayYetContradict(one.form(), one.arrived(), one.arrivedWall()));
  }

  private void fire(Runnable fired, long now) {
    firedMillis = now;
    firedWall = clock.millis();
    try {
      fired.run();
    } catch (RuntimeException e) {
      onDefect.accept(e);
    }
  }

  private void judgeProof(long now) {
    if (firedMillis != NEVER && now - firedMillis >= PROOF_PATIENCE.toMillis()) {
      vouchers.refute(firedWall);
    }
  }

  private boolean witnessed(Held one) {
    return duplicates.isKnown(one.violation().record(), one.arrivedWall(), one.written());
  }

  private void decide(Held one) {
    try {
      books.held(-1);
      if (witnessed(one)) {
        books.duplicate(one.book());
      } else if (vouchers.contradict(one.form(), one.arrived(), one.arrivedWall())) {
        books.rejected(one.book(), RejectReason.UNTRUSTED_ORIGIN);
        log.warn(
            "a record in syslog that no other source has seen is not counted",
            "source",
            one.book().source(),
            "line",
            one.line());
      } else if (duplicates.isDuplicate(
          one.violation().record(), one.arrivedWall(), one.written())) {
        books.duplicate(one.book());
      } else {
        delivery.deliver(one.book(), one.violation(), one.mayImprove());
      }
    } catch (RuntimeException e) {
      onDefect.accept(e);
    }
  }

  /**
   * A record of syslog's that waits for a source that cannot be forged to bring it, too. Whose it
   * is was looked up when it was read.
   *
   * @param book who brought it
   * @param mayImprove whether its process may become known yet
   * @param written the time that its line bears; null for none
   * @param line the line's beginning, hostile
   * @param arrived when it was read, by a clock that only runs forward, in milliseconds
   * @param arrivedWall the same by the wall clock
   */
  record Held(
      SourceBook book,
      LineForm form,
      Violation violation,
      boolean mayImprove,
      @Nullable Instant written,
      String line,
      long arrived,
      long arrivedWall) {

    /** How many characters of hostile strings it keeps. */
    int textLength() {
      return line.length() + violation.record().textLength();
    }
  }
}
