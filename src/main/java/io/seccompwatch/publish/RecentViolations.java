package io.seccompwatch.publish;

import io.seccompwatch.violation.Violation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;

/**
 * The last violations, for the query API: at most a fixed number, and fewer when their strings are
 * long. Thread-safe.
 */
public final class RecentViolations implements Publisher {

  /** How many characters of hostile strings are kept in all. */
  private static final int MAX_CHARS = 1 << 20;

  private final int capacity;
  private final Deque<Violation> violations = new ArrayDeque<>();
  private int chars;

  /** An empty store of at most {@code capacity} violations. */
  public RecentViolations(int capacity) {
    this.capacity = capacity;
  }

  @Override
  public void publish(Violation violation) {
    synchronized (violations) {
      violations.addLast(violation);
      chars += violation.record().textLength();
      while (violations.size() > capacity || chars > MAX_CHARS) {
        chars -= violations.removeFirst().record().textLength();
      }
    }
  }

  /** At most {@code limit} violations that {@code wanted} accepts, newest first. */
  public List<Violation> find(Predicate<Violation> wanted, int limit) {
    List<Violation> found = new ArrayList<>();
    synchronized (violations) {
      Iterator<Violation> newestFirst = violations.descendingIterator();
      while (found.size() < limit && newestFirst.hasNext()) {
        Violation violation = newestFirst.next();
        if (wanted.test(violation)) {
          found.add(violation);
        }
      }
    }
    return found;
  }
}
