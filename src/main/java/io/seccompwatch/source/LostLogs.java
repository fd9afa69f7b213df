package io.seccompwatch.source;

import io.seccompwatch.record.LossReason;
import io.seccompwatch.source.FollowedFile.Interrupted;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives up what no file holds any more: delivers the partial last line of a truncated run, and
 * tells of bytes that are gone unread. Owned by the follower's thread.
 */
final class LostLogs {

  private final KnownLogs ledger;
  private final OpenFiles files;
  private final LineSink sink;
  private final int maxWaiting;
  private final List<Interrupted> interrupted = new ArrayList<>();

  /**
   * Nothing to settle yet.
   *
   * @param maxWaiting how many runs may wait for files that cannot be judged
   */
  LostLogs(KnownLogs ledger, OpenFiles files, LineSink sink, int maxWaiting) {
    this.ledger = ledger;
    this.files = files;
    this.sink = sink;
    this.maxWaiting = maxWaiting;
  }

  /** Takes a run whose file was truncated: a copy may hold it. */
  void add(Interrupted truncated) {
    interrupted.add(truncated);
  }

  /** Settles truncated runs; as long as files may be hidden, a copy may come to light. */
  void settle(boolean allJudged) {
    while (!interrupted.isEmpty() && (allJudged || interrupted.size() > maxWaiting)) {
      settle(interrupted.removeFirst());
    }
    interrupted.removeIf(each -> files.holds(each.run()));
  }

  /** What no file holds is lost; what has bytes to know it by may be in a file not yet judged. */
  void writeOffMissing(Set<Generation> present, boolean allJudged) {
    Set<Generation> known = new HashSet<>(present);
    known.addAll(files.runs());
    interrupted.forEach(i -> known.add(i.run()));
    int mayWait = allJudged ? 0 : maxWaiting;
    for (Generation run : ledger.runs()) {
      boolean unread = run.isOpen() || run.offset() < run.knownSize();
      if (!unread || known.contains(run)) {
        continue;
      }
      if (run.hasBytes() && mayWait > 0) {
        mayWait--;
        continue;
      }
      sink.lost(LossReason.ROTATION, 1);
      run.writeOff();
    }
  }

  /** Delivers the partial last line of a truncated run unless a copy holds more of it. */
  private void settle(Interrupted each) {
    Generation run = each.run();
    if (files.holds(run)) {
      return;
    }
    each.finish();
    if (run.knownSize() > run.position()) {
      sink.lost(LossReason.ROTATION, 1);
    }
    run.writeOff();
    if (!run.isTelling() || run.position() < Generation.TELLING_BYTES) {
      ledger.remove(run); // too short to be known again: a new file may begin with the same bytes
    }
  }
}
