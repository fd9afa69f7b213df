package io.seccompwatch.record;

/**
 * Counts the events that are missing in a stream which should hold every audit event of the node.
 *
 * <p>The kernel numbers events one after the other ({@code audit_serial}, kernel/audit.c: 32 bits,
 * on past the largest to 0), but they may come a little out of order, because a number is given
 * when a record is begun and not when it is queued; and the records of one event share its number.
 * So a hole counts only when as many later numbers as the window holds have come, or when it has
 * been there for the settling time, or up to twice that. What comes later still was counted.
 *
 * <p>A missing number is an event of any type. One that the kernel's rate limit dropped has a
 * number too, one that its backlog limit dropped has none. Numbers that auditd gives to its own
 * records ({@code DAEMON_START} and others, 1200 to 1299) are of another count and must be left
 * out.
 *
 * <p>When the reader itself was overrun, what is missing there counts apart, so that no event
 * counts twice. Costs some nanoseconds per record and {@value #WINDOW} bits. Not thread-safe.
 */
public final class SerialGaps {

  /** How far behind the newest number one may come and still be taken. */
  public static final int WINDOW = 16_384;

  /**
   * How far ahead of the newest number one may be and be taken at once: ten minutes of a hundred
   * thousand events a second. Beyond that it is rather a damaged number, or another boot's.
   */
  private static final int MOST_AHEAD = 1 << 26;

  private static final int WORD_BITS = 64;

  private final long settleMillis;

  /** Whether a number from {@link #base} on has come, each at its remainder by the window. */
  private final long[] came = new long[WINDOW / WORD_BITS];

  private boolean begun;

  /** The first number that is not settled, and the one behind the newest. */
  private int base;

  private int next;

  /** All numbers before this one have been settled or waited for since {@link #markMillis}. */
  private int mark;

  private long markMillis;

  /** A number far away: a second one of its kind shows that the count began anew. */
  private int stray;

  private boolean strayed;

  private Overrun overrun = Overrun.NONE;
  private int overrunFrom;
  private int overrunTo;

  /** Overruns that were counted as one event each, before it is known how many there were. */
  private long overrunAdvance;

  private long missing;
  private long overrunMissing;

  private enum Overrun {
    NONE,
    /** The reader has not come to the hole yet. */
    GOES_ON,
    /** The next new number is the first behind the hole. */
    ENDS,
    /** The hole is known, and not settled yet. */
    KNOWN
  }

  /**
   * A count that begins with the first number that it sees.
   *
   * @param settleMillis how long a number may be late
   */
  public SerialGaps(long settleMillis) {
    this.settleMillis = settleMillis;
  }

  /**
   * A record came.
   *
   * @param serial the number of its event, 0 to 2^32 - 1
   * @param nowMillis by a clock that never goes back
   */
  public void saw(long serial, long nowMillis) {
    int number = (int) serial;
    if (!begun) {
      begin(number);
    }
    if (number == base && base == next && overrun == Overrun.NONE) {
      base++; // in order, as nearly all are
      next++;
      strayed = false;
      return;
    }
    int ahead = number - base;
    if (ahead < 0 || number - next > MOST_AHEAD) {
      away(number, ahead, nowMillis);
      return;
    }
    strayed = false;
    if (ahead >= WINDOW) {
      settleUpTo(number - WINDOW + 1);
    }
    came[word(number)] |= bit(number);
    if (number - next >= 0) {
      if (overrun == Overrun.ENDS) {
        overrun = Overrun.KNOWN;
        overrunTo = number;
      }
      next = number + 1;
    }
    settleWhatCame();
    if (!isMarked()) {
      mark = next;
      markMillis = nowMillis;
    }
  }

  /** The reader was overrun: from somewhere behind the newest number on, records are missing. */
  public void overrun() {
    if (overrun == Overrun.NONE) {
      overrunFrom = next;
    }
    overrun = Overrun.GOES_ON;
    overrunAdvance++;
    overrunMissing++;
  }

  /** All that was there before the overrun has been read: whatever comes now came after it. */
  public void overrunEnds() {
    if (overrun == Overrun.GOES_ON) {
      overrun = Overrun.ENDS;
    }
  }

  /** Counts the holes that have been there for long enough. */
  public void settle(long nowMillis) {
    if (isMarked() && nowMillis - markMillis >= settleMillis) {
      settleUpTo(mark);
      settleWhatCame();
      mark = next;
      markMillis = nowMillis;
    }
  }

  /** Whether there are holes that {@link #settle} will count if nothing comes. */
  public boolean isWaiting() {
    return base != next;
  }

  /** The numbers to come are of another boot. */
  public void beginAnew() {
    settleUpTo(next);
    begun = false;
  }

  /** How many events are missing, but for overruns, since the last time this was asked. */
  public long takeMissing() {
    long taken = missing;
    missing = 0;
    return taken;
  }

  /**
   * How many events are missing where the reader was overrun, since the last time this was asked;
   * at least one for each overrun, and that at once.
   */
  public long takeOverrun() {
    long taken = overrunMissing;
    overrunMissing = 0;
    return taken;
  }

  private void begin(int number) {
    begun = true;
    strayed = false;
    base = number;
    next = number;
    mark = number;
    if (overrun != Overrun.NONE) {
      overrunFrom = number;
    }
  }

  /** One of a settled event again, or the count began anew with a boot. */
  private void away(int number, int ahead, long nowMillis) {
    if (ahead < 0 && ahead >= -WINDOW) {
      return;
    }
    int sinceStray = number - stray;
    if (strayed && sinceStray > 0 && sinceStray < WINDOW) {
      beginAnew();
      saw(Integer.toUnsignedLong(stray), nowMillis);
      saw(Integer.toUnsignedLong(number), nowMillis);
      return;
    }
    strayed = true;
    stray = number;
  }

  /** Whether a hole before the mark waits. Numbers that ran on in order leave the mark behind. */
  private boolean isMarked() {
    return base != mark && Integer.compareUnsigned(mark - base, next - base) <= 0;
  }

  private void settleWhatCame() {
    while (base != next && (came[word(base)] & bit(base)) != 0) {
      came[word(base)] &= ~bit(base);
      base++;
    }
    endOverrun();
  }

  /** Settles all before {@code end}, which is not more than one window behind the newest. */
  private void settleUpTo(int end) {
    while (base != end && base != next) {
      if ((came[word(base)] & bit(base)) == 0) {
        count(base, 1);
      }
      came[word(base)] &= ~bit(base);
      base++;
    }
    if (base != end && end - base > 0) {
      count(base, Integer.toUnsignedLong(end - base));
      base = end;
      next = end;
    }
    endOverrun();
  }

  private void count(int first, long events) {
    boolean ofOverrun =
        overrun == Overrun.KNOWN
            ? first - overrunFrom >= 0 && first - overrunTo < 0
            : overrun != Overrun.NONE && first - overrunFrom >= 0;
    if (ofOverrun) {
      long counted = Math.min(overrunAdvance, events);
      overrunAdvance -= counted;
      overrunMissing += events - counted;
    } else {
      missing += events;
    }
  }

  private void endOverrun() {
    if (overrun == Overrun.KNOWN && base - overrunTo >= 0) {
      overrun = Overrun.NONE;
      overrunAdvance = 0;
    }
  }

  private static int word(int number) {
    return (number & WINDOW - 1) / WORD_BITS;
  }

  private static long bit(int number) {
    return 1L << number; // by the remainder by 64
  }
}
