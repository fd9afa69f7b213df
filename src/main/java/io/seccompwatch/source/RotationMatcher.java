package io.seccompwatch.source;

import io.seccompwatch.linux.IoReason;
import io.seccompwatch.source.FileAccess.FileIdentity;
import io.seccompwatch.source.FollowedFile.LogContent;
import io.seccompwatch.source.RotationMatcher.KnownLogs;
import io.seccompwatch.source.Siblings.Candidate;
import io.seccompwatch.source.Siblings.Listing;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Tells which of the files found hold what has been read before, and opens those that hold more.
 * One survey may need several looks when names change while it looks. Lives for one survey.
 */
final class RotationMatcher {

  /**
   * A file found to hold bytes that are wanted, or the present file.
   *
   * @param fresh whether nothing of it has been seen before
   */
  record Found(Candidate candidate, LogContent content, Generation run, boolean fresh) {}

  /** How many files may be open at a time; the file at the path is opened beyond that. */
  static final int MAX_OPEN = 48;

  private final FileAccess access;
  private final KnownLogs ledger;
  private final List<FollowedFile> held;
  private final NewFilePolicy newcomers;

  private final Set<Generation> present = new HashSet<>();
  private final Map<Candidate, LogContent> opened = new LinkedHashMap<>();
  private final List<Found> found = new ArrayList<>();
  private boolean unstable;
  private boolean waiting;
  private boolean unjudged;
  private @Nullable String problem;
  private @Nullable String currentProblem;

  /**
   * A survey.
   *
   * @param held the files that are open already
   * @param newcomers judges what is not known
   */
  RotationMatcher(
      FileAccess access, KnownLogs ledger, List<FollowedFile> held, NewFilePolicy newcomers) {
    this.access = access;
    this.ledger = ledger;
    this.held = held;
    this.newcomers = newcomers;
  }

  /** Goes through the files of a listing. */
  void run(Listing listing) {
    List<Candidate> rest = new ArrayList<>();
    for (Candidate candidate : listing.candidates()) {
      if (!isHeld(candidate) && !isSettled(candidate) && !open(candidate)) {
        continue;
      }
      if (opened.containsKey(candidate)) {
        rest.add(candidate);
      }
    }
    rest.removeIf(candidate -> match(candidate, true));
    rest.removeIf(candidate -> match(candidate, false));
    rest.forEach(this::begin);
  }

  /** What is to be read, in the order of the listing. */
  List<Found> found() {
    return found;
  }

  /** The runs that some file holds. */
  Set<Generation> present() {
    return present;
  }

  /** Whether names changed under the survey: look again at once. */
  boolean isUnstable() {
    return unstable;
  }

  /** Whether some file may soon hold more than now: look again after a while. */
  boolean isWaiting() {
    return waiting;
  }

  /** Whether it could not be told of some file what it holds. */
  boolean isUnjudged() {
    return unjudged;
  }

  /** Why a sibling could not be read; null when all could. */
  @Nullable String problem() {
    return problem;
  }

  /** Why the present file could not be read; null when it could. */
  @Nullable String currentProblem() {
    return currentProblem;
  }

  private boolean isHeld(Candidate candidate) {
    for (FollowedFile file : held) {
      if (file.holds(candidate.stat().identity())) {
        file.run().movedTo(candidate.stat().identity());
        present.add(file.run());
        return true;
      }
    }
    return false;
  }

  /** Whether a sibling was read to its end and is the very file of then; spares opening it. */
  private boolean isSettled(Candidate candidate) {
    Generation run = ledger.surely(candidate.stat().identity());
    boolean settled =
        run != null
            && !candidate.current()
            && !run.isOpen()
            && run.offset() == run.position()
            && (candidate.compressed() || run.endsAt(candidate.stat().size()));
    if (settled && run != null) {
      present.add(run);
    }
    return settled;
  }

  private boolean open(Candidate candidate) {
    if (!candidate.current() && held.size() + opened.size() >= MAX_OPEN) {
      // Opened when earlier files have been read; noted, so that it counts when it goes before
      unopened(candidate);
      return false;
    }
    boolean emptySibling = candidate.stat().size() == 0 && !candidate.current();
    if (emptySibling) {
      waiting = true; // a copy that is just being made, or a file that never had a line
      Generation blank = ledger.blank(candidate.stat().identity());
      if (blank != null) {
        present.add(blank);
      }
      return false;
    }
    try {
      FileChannel channel = access.open(candidate.path());
      LogContent content =
          candidate.compressed() ? new LogContent.Gzip(channel) : new LogContent.Plain(channel);
      // There is no fstat here: only a name that led to the same file before and after is trusted.
      FileIdentity now = access.stat(candidate.path()).identity();
      if (now.key().equals(candidate.stat().identity().key())) {
        opened.put(candidate, content);
        return true;
      }
      FollowedFile.closeQuietly(content);
      unstable = true;
    } catch (NoSuchFileException e) {
      unstable = true;
    } catch (IOException e) {
      unreadable(candidate, e);
    }
    return false;
  }

  private boolean match(Candidate candidate, boolean byIdentity) {
    LogContent content = opened.get(candidate);
    if (content == null) {
      return true;
    }
    try {
      Generation run =
          byIdentity
              ? ledger.sameFile(candidate.stat().identity(), content)
              : ledger.sameBytes(content, this::isPlaced);
      if (run == null) {
        return false;
      }
      ledger.removeBlank(candidate.stat().identity());
      if (isTaken(run)) {
        if (candidate.current()) {
          return false; // a copy put in the file's place is new content of the file
        }
        present.add(run); // its only file once the handle is closed, when that has no name left
        FollowedFile.closeQuietly(content);
        return true;
      }
      if (present.add(run)) {
        take(candidate, content, run);
      } else {
        FollowedFile.closeQuietly(content);
      }
    } catch (IOException e) {
      FollowedFile.closeQuietly(content);
      unreadable(candidate, e);
    }
    return true;
  }

  private void take(Candidate candidate, LogContent content, Generation run) throws IOException {
    boolean wanted = candidate.current() || run.goesOnIn(content) || mayGrow(candidate, run);
    if (wanted) {
      if (run.offset() != run.position()) {
        run.rewind(content, run.offset());
      }
      found.add(new Found(candidate, content, run, false));
    } else {
      FollowedFile.closeQuietly(content);
      if (run.identity() != null) {
        run.writeOff();
      }
    }
    run.movedTo(candidate.stat().identity());
  }

  /** Whether it was rotated away shortly before a restart: its writer may not have reopened yet. */
  private static boolean mayGrow(Candidate candidate, Generation run) {
    FileIdentity identity = run.identity();
    return run.isOpen()
        && !candidate.compressed()
        && identity != null
        && identity.sameAs(candidate.stat().identity());
  }

  private void begin(Candidate candidate) {
    LogContent content = opened.get(candidate);
    if (content == null) {
      return;
    }
    try {
      boolean asRead = newcomers.countsAsRead(candidate);
      if (!asRead && newcomers.isBeginningOfKnown(candidate, content)) {
        // A compressed file is whole as soon as it stands alone; a plain one may be growing.
        waiting |= !candidate.compressed();
        FollowedFile.closeQuietly(content);
        return;
      }
      Generation run = newcomers.runOf(candidate, content);
      boolean noted = ledger.removeBlank(candidate.stat().identity());
      ledger.add(run);
      present.add(run);
      if (candidate.current() || !asRead) {
        found.add(new Found(candidate, content, run, !noted));
      } else {
        FollowedFile.closeQuietly(content);
      }
    } catch (IOException e) {
      FollowedFile.closeQuietly(content);
      unreadable(candidate, e);
    }
  }

  private boolean isPlaced(Generation run) {
    return isTaken(run) || present.contains(run);
  }

  private boolean isTaken(Generation run) {
    return held.stream().anyMatch(file -> file.run() == run);
  }

  private void unreadable(Candidate candidate, IOException e) {
    String reason = IoReason.of(e);
    if (candidate.current()) {
      currentProblem = reason;
    } else {
      problem = "cannot read " + candidate.path() + ": " + reason;
    }
    unopened(candidate);
  }

  private void unopened(Candidate candidate) {
    waiting = true;
    unjudged = true;
    ledger.addUnopened(candidate, newcomers.countsAsRead(candidate), present);
  }

  /** The runs that are known, the latest first; bounded. Owned by the follower's thread. */
  static final class KnownLogs {

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

  /**
   * Judges files that hold nothing known: how much of them counts as read, and whether they may yet
   * turn out to be a copy of something known.
   *
   * @param since siblings that were last written earlier count as read
   */
  record NewFilePolicy(KnownLogs ledger, Baseline baseline, Instant since) {

    private static final int LAST_LINE_BYTES = 64 << 10;

    /** What of the files that are not known counts as read. */
    enum Baseline {
      /** Everything: following starts at the present end. */
      ALL,
      /** What was rotated away: following starts with the present file. */
      SIBLINGS,
      /** Nothing: what is not known was made since. */
      NONE
    }

    boolean countsAsRead(Candidate candidate) {
      boolean before =
          switch (baseline) {
            case ALL -> true;
            case SIBLINGS -> !candidate.current();
            case NONE -> !candidate.current() && candidate.stat().modified().isBefore(since);
          };
      return before || candidate.foreign();
    }

    /** Whether it is so short that it may be a copy just begun of something known. */
    boolean isBeginningOfKnown(Candidate candidate, LogContent content) throws IOException {
      if (ledger.blank(candidate.stat().identity()) != null) {
        return false; // it was there before it held anything: no copy
      }
      byte[] bytes = new byte[Generation.TELLING_BYTES];
      int length = content.read(0, bytes, 0, bytes.length);
      return !candidate.current() && length < bytes.length && ledger.anyBeginsWith(bytes, length);
    }

    /** A run for it, which stands where reading is to begin. */
    Generation runOf(Candidate candidate, LogContent content) throws IOException {
      if (countsAsRead(candidate)) {
        return readAlready(candidate, content);
      }
      Generation run = Generation.unread(candidate.stat().identity());
      run.learnHead(content);
      return run;
    }

    private static Generation readAlready(Candidate candidate, LogContent content)
        throws IOException {
      long size = candidate.compressed() ? Generation.ALL : candidate.stat().size();
      Generation run = Generation.readTo(candidate.stat().identity(), size);
      run.learnHead(content);
      if (!candidate.compressed()) {
        run.rewind(content, candidate.current() ? lastLineEnd(content, size) : size);
      }
      return run;
    }

    /** The end of the last whole line: a line that is half written at the start is still read. */
    private static long lastLineEnd(LogContent content, long size) throws IOException {
      byte[] last = new byte[(int) Math.min(size, LAST_LINE_BYTES)];
      int length = content.read(size - last.length, last, 0, last.length);
      for (int i = length; i > 0; i--) {
        if (last[i - 1] == '\n') {
          return size - last.length + i;
        }
      }
      return length == size ? 0 : size;
    }
  }
}
