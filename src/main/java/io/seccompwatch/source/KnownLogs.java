package io.seccompwatch.source;

import io.seccompwatch.source.Siblings.Candidate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The runs that are known, the latest first; bounded. Owned by the follower's thread. */
final class KnownLogs {

  private static final int MAX_RUNS = 128;

  private final List<Generation> runs = new ArrayList<>();

  boolean isEmpty() {
    return runs.isEmpty();
  }

  List<Generation> runs() {
    return runs;
  }

  void add(Generation run) {
    runs.addFirst(run);
    for (int i = runs.size() - 1; i >= 0 && runs.size() > MAX_RUNS; i--) {
      if (!runs.get(i).isOpen()) {
        runs.remove(i);
      }
    }
  }

  void remove(Generation run) {
    runs.remove(run);
  }

  /** The run of a file that is surely the one of before; nothing is read. */
  @Nullable Generation surely(FileIdentity file) {
    return first(run -> run.identity() != null && run.identity().surelySameAs(file));
  }

  /** The run that this very file held, if its bytes are still there. */
  @Nullable Generation sameFile(FileIdentity file, LogContent content) throws IOException {
    for (Generation run : runs) {
      FileIdentity identity = run.identity();
      // An inode is used again: without bytes to compare only the birth tells.
      boolean same =
          identity != null
              && (run.hasBytes() ? identity.sameAs(file) : identity.surelySameAs(file));
      if (same && !run.isBlank() && run.isIn(content)) {
        return run;
      }
    }
    return null;
  }

  /** The run of a file of which no byte had been read. */
  @Nullable Generation blank(FileIdentity file) {
    return first(run -> run.isBlank() && run.identity() != null && run.identity().sameAs(file));
  }

  /**
   * Forgets what was noted of a file of which no byte had been read, now that its bytes tell.
   *
   * @return whether there was such a note
   */
  boolean removeBlank(FileIdentity file) {
    return runs.removeIf(
        run -> run.isBlank() && run.identity() != null && run.identity().sameAs(file));
  }

  /**
   * The run whose bytes the content holds, whatever file it was in.
   *
   * @param placed runs whose file is known: a few bytes are not enough to take another for a copy
   */
  @Nullable Generation sameBytes(LogContent content, Predicate<Generation> placed)
      throws IOException {
    Generation best = null;
    for (Generation run : runs) {
      boolean further = best == null || run.position() > best.position();
      boolean telling = run.isTelling() || (run.isUnaccepted() && !placed.test(run));
      if (telling && further && run.isIn(content)) {
        best = run;
      }
    }
    return best;
  }

  /** Whether some run begins with these bytes. */
  boolean anyBeginsWith(byte[] bytes, int length) {
    return first(run -> run.beginsWith(bytes, length)) != null;
  }

  /** Notes a file that is there but cannot be read: if it goes before it can, bytes were lost. */
  void addUnopened(Candidate candidate, boolean read, Set<Generation> present) {
    FileIdentity file = candidate.stat().identity();
    Generation run = first(r -> r.identity() != null && r.identity().sameAs(file));
    if (run == null) {
      long size = candidate.compressed() ? Generation.ALL : candidate.stat().size();
      run = read ? Generation.readTo(file, size) : Generation.unread(file);
      if (!read) {
        run.sawSize(candidate.stat().size());
      }
      add(run);
    }
    present.add(run);
  }

  private @Nullable Generation first(Predicate<Generation> test) {
    for (Generation run : runs) {
      if (test.test(run)) {
        return run;
      }
    }
    return null;
  }
}
