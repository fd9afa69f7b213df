package io.seccompwatch.cli;

import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.violation.Violation;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ObjLongConsumer;

/**
 * Keeps violations without a stamp back for a while, since journald writes each event twice and the
 * second line, the kernel's, may bring the stamp and the serial. What comes behind one that waits
 * is kept back too, so that the order stays. Holds at most {@link #MOST} violations. Not
 * thread-safe.
 */
final class TwinQueue {

  /** How many violations behind one without a stamp are looked at for its twin. */
  private static final int MOST = 4_096;

  private static final class Waiting {
    Violation violation;
    final long suppressed;
    boolean open;

    Waiting(Violation violation, long suppressed, boolean open) {
      this.violation = violation;
      this.suppressed = suppressed;
      this.open = open;
    }
  }

  private final ObjLongConsumer<Violation> next;
  private final Deque<Waiting> queue = new ArrayDeque<>();

  /** Those that wait for a stamp, by their content without one. */
  private final Map<SeccompRecord, Deque<Waiting>> open = new HashMap<>();

  /** The stamp that one of a content got last: its third copy is no other's twin. */
  private final Map<SeccompRecord, AuditStamp> given =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<SeccompRecord, AuditStamp> eldest) {
          return size() > MOST;
        }
      };

  /**
   * An empty queue.
   *
   * @param next takes each violation in its best form, with the number of those suppressed before
   *     it
   */
  TwinQueue(ObjLongConsumer<Violation> next) {
    this.next = next;
  }

  /** Takes a violation that is nobody's duplicate. */
  void add(Violation violation, long suppressed, boolean mayHaveTwin) {
    boolean waits = mayHaveTwin && violation.record().stamp() == null;
    if (!waits && queue.isEmpty()) {
      next.accept(violation, suppressed);
      return;
    }
    Waiting waiting = new Waiting(violation, suppressed, waits);
    queue.add(waiting);
    if (waits) {
      open.computeIfAbsent(violation.record(), content -> new ArrayDeque<>(1)).add(waiting);
    }
    while (queue.size() > MOST || (!queue.isEmpty() && !queue.getFirst().open)) {
      release(queue.removeFirst());
    }
  }

  /**
   * Takes a duplicate: if it has the stamp that the first of its content lacks, it takes that one's
   * place.
   */
  void duplicate(Violation violation) {
    AuditStamp stamp = violation.record().stamp();
    if (stamp == null) {
      return;
    }
    SeccompRecord content = withoutStamp(violation.record());
    Deque<Waiting> waiting = open.get(content);
    if (waiting == null || stamp.equals(given.get(content))) {
      return;
    }
    Waiting first = waiting.removeFirst();
    if (waiting.isEmpty()) {
      open.remove(content);
    }
    first.violation = violation;
    first.open = false;
    given.put(content, stamp);
    while (!queue.isEmpty() && !queue.getFirst().open) {
      release(queue.removeFirst());
    }
  }

  /** Hands on all that wait. */
  void finish() {
    while (!queue.isEmpty()) {
      release(queue.removeFirst());
    }
  }

  private void release(Waiting waiting) {
    SeccompRecord record = waiting.violation.record();
    if (waiting.open) {
      waiting.open = false;
      Deque<Waiting> alike = open.get(record);
      if (alike != null && alike.remove(waiting) && alike.isEmpty()) {
        open.remove(record);
      }
    }
    next.accept(waiting.violation, waiting.suppressed);
  }

  private static SeccompRecord withoutStamp(SeccompRecord r) {
    return new SeccompRecord(
        null,
        r.auid(),
        r.uid(),
        r.gid(),
        r.session(),
        r.label(),
        r.pid(),
        r.comm(),
        r.exe(),
        r.signal(),
        r.archToken(),
        r.hasArch(),
        r.syscall(),
        r.compat(),
        r.ip(),
        r.code(),
        r.extent());
  }
}
