package io.seccompwatch.pipeline;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Records of one content that came in one form, stamped or stampless, and wait for the other. Those
 * of one second are kept together, so that a flood of the same record takes no more room than a
 * few. Not thread-safe.
 */
final class StamplessMatches {

  /** What a record without a stamp and without a time of writing has for its event's time. */
  static final long UNKNOWN = Long.MIN_VALUE;

  /** How far apart the two forms may be read, when the stampless one bears no time. */
  static final Duration READ_APART = Duration.ofSeconds(5);

  /** How long after the event a syslog daemon may have stamped its line. */
  static final Duration WRITTEN_AFTER = Duration.ofSeconds(10);

  /** The kernel's stamp is that of its last tick, and clocks are read twice. */
  private static final long WRITTEN_BEFORE_MILLIS = 1_000;

  /** Seconds of one form that are remembered, beyond both bounds above. */
  private static final int MOST_RUNS = 16;

  /** So many records of one second and one node. */
  private static final class Run {
    final long eventMillis;
    final long readMillis;
    final long node;
    int count = 1;

    Run(long eventMillis, long readMillis, long node) {
      this.eventMillis = eventMillis;
      this.readMillis = readMillis;
      this.node = node;
    }

    boolean isOfTheSameSecond(long event, long read, long ofNode) {
      return node == ofNode
          && eventMillis / 1_000 == event / 1_000
          && readMillis / 1_000 == read / 1_000;
    }

    /** Whether the records can be of this node; 0 is any. */
    boolean mayBeOf(long another) {
      return node == another || node == 0 || another == 0;
    }
  }

  private final Deque<Run> stamped = new ArrayDeque<>(1);
  private final Deque<Run> stampless = new ArrayDeque<>(1);

  boolean isEmpty() {
    return stamped.isEmpty() && stampless.isEmpty();
  }

  /**
   * Takes the first of the other form that may be the same event; whether there was one.
   *
   * @param node key of the record's node; 0 where it may be any
   */
  boolean take(boolean isStamped, long eventMillis, long readMillis, long node) {
    Iterator<Run> others = (isStamped ? stampless : stamped).iterator();
    while (others.hasNext()) {
      Run other = others.next();
      long stamp = isStamped ? eventMillis : other.eventMillis;
      long written = isStamped ? other.eventMillis : eventMillis;
      if (other.mayBeOf(node) && isOneEvent(stamp, written, other.readMillis - readMillis)) {
        if (--other.count == 0) {
          others.remove();
        }
        return true;
      }
    }
    return false;
  }

  /** Has one wait for its other form. */
  void add(boolean isStamped, long eventMillis, long readMillis, long node) {
    Deque<Run> own = isStamped ? stamped : stampless;
    Run last = own.peekLast();
    if (last != null && last.isOfTheSameSecond(eventMillis, readMillis, node)) {
      last.count++;
      return;
    }
    if (own.size() >= MOST_RUNS) {
      // Beyond both bounds, unless the reader has no clock and takes all times for one
      Run oldest = own.removeFirst();
      for (Run next : own) {
        if (next.node == oldest.node) {
          next.count += oldest.count;
          break;
        }
      }
    }
    own.addLast(new Run(eventMillis, readMillis, node));
  }

  private static boolean isOneEvent(long stampMillis, long writtenMillis, long readApart) {
    if (writtenMillis == UNKNOWN) {
      return Math.abs(readApart) <= READ_APART.toMillis();
    }
    long late = writtenMillis - stampMillis;
    return late >= -WRITTEN_BEFORE_MILLIS && late <= WRITTEN_AFTER.toMillis();
  }
}
