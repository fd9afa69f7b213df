package io.seccompwatch.pipeline;

import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.record.LossNotice.KernelReason;
import io.seccompwatch.record.LossNotice.KernelTotal;
import io.seccompwatch.record.LossNotice.LossReason;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Enters what the kernel's audit system dropped into the books, once, whoever tells it: {@code
 * audit_lost} is one total for the whole kernel, and each source that carries the kernel's messages
 * tells it, and the kernel itself when it is asked. Who tells first is the one under whom it is
 * counted.
 *
 * <p>What the total says and what a gap in serials says may be the same records: the rate limit
 * refuses a record when it has its serial already ({@code audit_log_end}), a full backlog and a
 * lack of memory before that ({@code audit_log_start}). So of losses that may have taken serials,
 * told by the total and by gaps within one {@link LossDeduplicator storm}, the greater figure
 * counts. So it does of what printk says that it suppressed, which the ring has, and syslog out of
 * the ring.
 *
 * <p>Thread-safe.
 */
public final class KernelLosses {

  /** The name under which is counted what the kernel itself tells when it is asked. */
  static final String KERNEL = "kernel";

  /** A total waits so long for the line that says why. */
  public static final Duration EXPLANATION = Duration.ofSeconds(2);

  /** A line that says why explains what the kernel is asked within this time after it. */
  private static final Duration MEMORY = Duration.ofSeconds(60);

  private static final long NONE = -1;

  /** One who tells totals. */
  private static final class Teller {
    private final String source;
    private long last = NONE;
    private int reset;
    private long unexplained;
    private boolean limited;
    private long since;

    Teller(String source, int reset) {
      this.source = source;
      this.reset = reset;
    }
  }

  private final Books books;
  private final LongSupplier millis;
  private final LossDeduplicator overlap = new LossDeduplicator();
  private final LossDeduplicator printk = new LossDeduplicator();
  private final Map<String, Teller> tellers = new HashMap<>();
  private boolean firstHand;
  private long total = NONE;
  private int resets;
  private @Nullable KernelReason lastReason;
  private long lastReasonAt;

  /**
   * Nothing has been told.
   *
   * @param firstHand whether a source is read that only the kernel writes to: what files say of its
   *     total, which users can write into, too, is then not needed
   * @param millis a clock that only runs forward
   */
  public KernelLosses(Books books, boolean firstHand, LongSupplier millis) {
    this.books = books;
    this.firstHand = firstHand;
    this.millis = millis;
  }

  /** The clock by which losses are told to be of one storm. */
  long millis() {
    return millis.getAsLong();
  }

  /**
   * A source has the kernel's message of its total.
   *
   * @param hearsay whether others than the kernel can write there
   * @return whether something was lost that nobody told before
   */
  synchronized boolean total(String source, KernelTotal notice, boolean hearsay) {
    if (hearsay && firstHand) {
      return false;
    }
    Teller teller = teller(source);
    explain(teller, fallback(teller.limited));
    // Nobody says what was lost before the first message, but one was just now
    long fresh = total == NONE ? 1 : 0;
    fresh = Math.max(fresh, advance(teller, notice.total()));
    teller.unexplained = fresh;
    teller.limited = notice.rateLimited();
    teller.since = millis.getAsLong();
    return fresh > 0;
  }

  /**
   * A source has the line that says why the kernel dropped what its total told.
   *
   * @param hearsay whether others than the kernel can write there
   * @return whether it may be true
   */
  synchronized boolean reason(String source, KernelReason reason, boolean hearsay) {
    if (hearsay && firstHand) {
      return false;
    }
    lastReason = reason;
    lastReasonAt = millis.getAsLong();
    explain(teller(source), reason);
    return true;
  }

  /**
   * The kernel was asked. Its first answer is what was before our time, and no loss.
   *
   * @return whether something was lost that nobody told before
   */
  public synchronized boolean asked(long lost, long rateLimit) {
    books.openLosses(KERNEL); // its counters start at zero at once
    firstHand = true;
    long fresh = advance(teller(KERNEL), lost);
    boolean known = lastReason != null && millis.getAsLong() - lastReasonAt < MEMORY.toMillis();
    KernelReason reason = known && lastReason != null ? lastReason : fallback(rateLimit > 0);
    count(KERNEL, reason, fresh);
    return fresh > 0;
  }

  /** A source whose stream is complete lacks so many serials. */
  synchronized void gap(String source, long missing) {
    books.lost(
        books.open(source),
        LossReason.SERIAL_GAP,
        overlap.beyond(source, missing, millis.getAsLong()));
  }

  /** A source has printk's message that it kept so many from the kernel's log. */
  synchronized void suppressed(String source, long count) {
    books.lost(
        books.open(source),
        LossReason.PRINTK_SUPPRESSED,
        printk.beyond(source, count, millis.getAsLong()));
  }

  /** Counts totals whose explanation has not come in time; by the clock. */
  public synchronized void settle() {
    long before = millis.getAsLong() - EXPLANATION.toMillis();
    for (Teller teller : tellers.values()) {
      if (teller.since <= before) {
        explain(teller, fallback(teller.limited));
      }
    }
  }

  private Teller teller(String source) {
    return tellers.computeIfAbsent(source, name -> new Teller(name, resets));
  }

  /**
   * How much of a total is new. A total that falls was reset, by {@code auditctl --reset-lost} or a
   * reboot that a log spans; a source that lags behind another has not come to that yet.
   */
  private long advance(Teller teller, long told) {
    if (told < teller.last) {
      teller.reset++;
    }
    if (teller.source.equals(KERNEL)) {
      teller.reset = Math.max(teller.reset, resets); // what it says is of now, never of before
    }
    teller.last = told;
    if (teller.reset < resets) {
      return 0;
    }
    if (teller.reset > resets) {
      resets = teller.reset;
      total = 0;
    }
    long fresh = total == NONE ? 0 : Math.max(0, told - total);
    total = Math.max(total, told);
    return fresh;
  }

  private void explain(Teller teller, KernelReason reason) {
    count(teller.source, reason, teller.unexplained);
    teller.unexplained = 0;
  }

  private void count(String source, KernelReason why, long lost) {
    long counted = why.numbered() ? overlap.beyond(KERNEL, lost, millis.getAsLong()) : lost;
    if (counted > 0) {
      SourceBook page = source.equals(KERNEL) ? books.openLosses(source) : books.open(source);
      books.lost(page, why.reason(), counted);
    }
  }

  /** Where nobody says why: with a rate limit it is that as a rule; else what is left. */
  private static KernelReason fallback(boolean limited) {
    return new KernelReason(
        limited ? LossReason.KERNEL_RATE_LIMIT : LossReason.KERNEL_BACKLOG, true);
  }

  /**
   * Counts once what several tell of the same losses: of all that is told with no pause longer than
   * {@link #PAUSE}, a storm, the sum of the one who tells most. That is exact where one of them
   * knows all, and never more than was lost where each knows a part. Not thread-safe.
   */
  static final class LossDeduplicator {

    /** Longer than those take who are asked by the clock. */
    static final Duration PAUSE = Duration.ofSeconds(60);

    private final Map<String, Long> told = new HashMap<>();
    private long counted;
    private long last;

    /**
     * Takes what somebody tells.
     *
     * @param count how many are lost, beyond what the same one told before
     * @return how many of them nobody told before
     */
    long beyond(String teller, long count, long nowMillis) {
      if (count <= 0) {
        return 0;
      }
      if (nowMillis - last > PAUSE.toMillis()) {
        told.clear();
        counted = 0;
      }
      last = nowMillis;
      long sum = told.merge(teller, count, Long::sum);
      long beyond = Math.max(0, sum - counted);
      counted += beyond;
      return beyond;
    }
  }
}
