package io.seccompwatch.pipeline;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Those that wait, in the order of their coming, so many of one key and so many in all, and fewer
 * when their strings are long. Guarded by its own lock, which the caller holds; only {@link #has}
 * needs none.
 */
final class WaitingLine {

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
