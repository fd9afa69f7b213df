package io.seccompwatch.source;

import io.seccompwatch.linux.IoReason;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.FileFollower.FollowerLimits;
import io.seccompwatch.source.FollowedFile.Interrupted;
import io.seccompwatch.source.FollowedFile.Step;
import io.seccompwatch.source.RecordSource.StartAt;
import io.seccompwatch.source.RotationMatcher.Found;
import io.seccompwatch.source.RotationMatcher.KnownLogs;
import io.seccompwatch.source.RotationMatcher.NewFilePolicy;
import io.seccompwatch.source.RotationMatcher.NewFilePolicy.Baseline;
import io.seccompwatch.source.Siblings.Candidate;
import io.seccompwatch.source.Siblings.Listing;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log's files in their order, and looks again at the names when something was done to them.
 * Owned by the follower's thread.
 */
final class FollowedFiles {

  private static final int MAX_LOOKS = 3;
  private static final int MAX_TRUNCATIONS = 8;

  /** Beyond the pace of polls: after a longer pause a log may have come and gone unseen. */
  private static final long LONGEST_PAUSE_NANOS = 2_000_000_000L;

  private final Path file;
  private final LineSink sink;
  private final FollowerLimits limits;
  private final FileAccess access;
  private final Siblings siblings;
  private final KnownLogs ledger = new KnownLogs();
  private final byte[] buffer;

  private final OpenFiles files;
  private final LostLogs settlement;
  private Set<Generation> present = Set.of();

  private Baseline baseline;
  private Instant readSince = Instant.MIN;
  private boolean resumed;
  private boolean looked;
  private boolean allJudged;
  private final RescanTimer nextLook;
  private @Nullable String seenKey;

  private boolean polled;
  private long lastPoll;

  /** The place among the open files at which the last reading stopped: earlier ones are read. */
  private int reading;

  private int budget;
  private boolean changed;
  private boolean movedElsewhere;
  private long rotations;
  private @Nullable String reason;
  private @Nullable String warning;

  FollowedFiles(
      Path file,
      StartAt startAt,
      LineSink sink,
      InstantSource clock,
      FollowerLimits limits,
      FileAccess access) {
    this.file = file;
    this.sink = sink;
    this.limits = limits;
    this.access = access;
    this.siblings = new Siblings(access, file, clock);
    this.nextLook = new RescanTimer(limits.retryAfter());
    this.files = new OpenFiles(limits, sink);
    this.settlement = new LostLogs(ledger, files, sink, limits.maxLeaving());
    this.buffer = new byte[limits.bufferBytes()];
    this.baseline = startAt == StartAt.BEGINNING ? Baseline.SIBLINGS : Baseline.ALL;
  }

  /**
   * Begins with the oldest file, because it is not known how far files had been read.
   *
   * @param since a sibling that was last written before is passed over
   */
  void beginAtOldest(Instant since) {
    baseline = Baseline.NONE;
    readSince = since;
  }

  /** Goes on where a checkpoint was kept: what it does not know was made since. */
  void resume(Checkpoint checkpoint) {
    resumed = true;
    checkpoint.runs().reversed().forEach(run -> ledger.add(Generation.of(run)));
    siblings.ledTo(checkpoint.base());
    baseline = Baseline.NONE;
  }

  /** How far everything was read; null before the first look, which alone would add to it. */
  @Nullable Checkpoint checkpoint() {
    if (baseline != Baseline.NONE || !looked) {
      return null;
    }
    List<Checkpoint.Run> runs = new ArrayList<>();
    Set<Generation> held = files.runs();
    for (Generation run : ledger.runs()) {
      if (!allJudged || held.contains(run) || run.isOpen() || present.contains(run)) {
        runs.add(run.save());
      }
    }
    return new Checkpoint(siblings.base(), runs);
  }

  /** One round; see {@link FileFollower#poll}. */
  boolean poll(long now) {
    budget = limits.bytesPerPoll();
    boolean late = polled && now - lastPoll > LONGEST_PAUSE_NANOS;
    lastPoll = now;
    polled = true;
    // Names first: a file that was rotated away stays readable once it is open, however long the
    // reading of others takes.
    if (isLookDue(now)) {
      look(now, late);
    }
    boolean more = readAll(now);
    int before = files.count();
    try {
      files.letGo(now, more ? reading : before);
    } finally {
      changed |= files.count() < before;
    }
    return more;
  }

  /** Whether anything was read or opened since the last call. */
  boolean takeChanged() {
    boolean was = changed;
    changed = false;
    return was;
  }

  /** Whether the path has led to another place since the last call. */
  boolean takeMovedElsewhere() {
    boolean was = movedElsewhere;
    movedElsewhere = false;
    return was;
  }

  /** Why nothing is open at the path. */
  String reason() {
    return reason == null ? "no such file: waiting for it" : reason;
  }

  @Nullable String warning() {
    return warning;
  }

  long rotations() {
    return rotations;
  }

  /** The files that are open. */
  OpenFiles open() {
    return files;
  }

  private boolean isLookDue(long now) {
    String key = null;
    try {
      FileStat seen = access.stat(file);
      key = seen.regular() ? seen.identity().key() : null;
      FollowedFile current = files.current();
      if (current != null && current.holds(seen.identity())) {
        if (seen.size() < current.run().knownSize()) {
          truncated(current, now);
        }
        current.sawSize(seen.size());
      }
    } catch (IOException e) {
      reason = IoReason.of(e);
    }
    boolean moved = !Objects.equals(key, seenKey);
    return moved || nextLook.isDue(now) || siblings.mayHaveChanged();
  }

  private boolean readAll(long now) {
    int truncations = 0;
    List<FollowedFile> open = files.list();
    for (int i = 0; i < open.size(); i++) {
      FollowedFile each = open.get(i);
      reading = i;
      Step step = readToEnd(each, now);
      if (step == Step.READ) {
        return true;
      }
      if (step == Step.TRUNCATED) {
        if (++truncations > MAX_TRUNCATIONS) {
          return true;
        }
        truncated(each, now);
        look(now, false);
        i = -1; // a copy of what was truncated comes before it
      } else if (!open.contains(each)) {
        i--;
      }
    }
    return false;
  }

  private Step readToEnd(FollowedFile each, long now) {
    try {
      while (budget > 0) {
        long before = each.run().position();
        Step step = each.read(buffer, now);
        if (step != Step.READ) {
          return step;
        }
        changed = true;
        budget -= (int) (each.run().position() - before);
      }
      each.run().sawSize(each.content().mayChange() ? each.content().size() : 0);
      return Step.READ;
    } catch (IOException e) {
      drop(each, now);
      reason = "read error: " + IoReason.of(e);
      warning = "cannot read " + each.path() + ": " + IoReason.of(e);
      return Step.AT_END;
    } catch (RuntimeException | Error e) {
      backToAccepted(each, now);
      throw e;
    }
  }

  /** Goes back to the line that the sink threw at. */
  private void backToAccepted(FollowedFile each, long now) {
    try {
      each.run().rewind(each.content(), each.run().offset());
      each.restart(each.run());
    } catch (IOException e) {
      drop(each, now);
    }
  }

  /** Gives up a handle; its run is found and opened again. */
  private void drop(FollowedFile each, long now) {
    files.drop(each);
    nextLook.later(now);
    changed = true;
  }

  private void truncated(FollowedFile each, long now) {
    changed = true;
    Generation run = each.run();
    try {
      if (each.goesOnCut()) {
        return;
      }
    } catch (IOException e) {
      drop(each, now);
      return;
    }
    Generation next = Generation.unread(Objects.requireNonNull(run.identity()));
    ledger.add(next);
    settlement.add(each.restart(next));
    run.movedTo(null);
    rotated();
    nextLook.atOnce();
  }

  private void rotated() {
    rotations++;
    sink.rotated();
  }

  /** Looks at the names until they hold still, opens what is new, and settles what is gone. */
  private void look(long now, boolean late) {
    FollowedFile current = files.current();
    Generation readBefore = current == null ? null : current.run();
    List<Candidate> fresh = new ArrayList<>();
    learnHeads(now);
    boolean stable = false;
    for (int looks = 0; looks < MAX_LOOKS && !stable; looks++) {
      Listing listing = siblings.list();
      RotationMatcher survey =
          new RotationMatcher(
              access, ledger, files.list(), new NewFilePolicy(ledger, baseline, readSince));
      survey.run(listing);
      survey.found().stream().filter(Found::fresh).forEach(f -> fresh.add(f.candidate()));
      adopt(listing, survey, now);
      stable = !survey.isUnstable() && listing.shows(siblings.list());
      nextLook.looked(stable);
      looked = true;
      allJudged = stable && !survey.isUnjudged() && listing.complete();
      if (allJudged) {
        Path before = siblings.base();
        siblings.judged();
        movedElsewhere |= !before.equals(siblings.base());
      }
      if (survey.isWaiting() || !listing.complete()) {
        nextLook.later(now);
      }
      if (stable && listing.complete()) {
        settlement.writeOffMissing(present, allJudged);
      }
    }
    settlement.settle(allJudged);
    if (allJudged && readBefore != null && isGapBehind(readBefore, fresh, late)) {
      sink.lost(LossReason.ROTATION, 1);
    }
  }

  /**
   * Whether files may have come and gone unseen between the file that was read and those found now.
   * A rotation removes the oldest file first: as long as the file that was read has a name, all
   * later ones have. One that lost its name was removed itself, or others were after it.
   */
  private boolean isGapBehind(Generation read, List<Candidate> fresh, boolean late) {
    boolean nameless = files.holds(read) && !present.contains(read);
    boolean rotatedSince = fresh.stream().anyMatch(found -> !found.current());
    return nameless && (rotatedSince || (late && !fresh.isEmpty()));
  }

  /** What is held but not yet read must be known, or a copy of it would pass for something new. */
  private void learnHeads(long now) {
    for (FollowedFile each : List.copyOf(files.list())) {
      try {
        if (each.isTruncated(buffer)) {
          truncated(each, now);
        }
        each.run().learnHead(each.content());
      } catch (IOException e) {
        drop(each, now);
      }
    }
  }

  private void adopt(Listing listing, RotationMatcher survey, long now) {
    for (Found found : survey.found()) {
      files.open(found, now);
      changed = true;
      if (found.fresh() && baseline == Baseline.NONE && (looked || resumed)) {
        rotated();
      }
    }
    seenKey = listing.currentKey();
    files.arrange(listing.places(), seenKey, now);
    present = survey.present();
    reason = survey.currentProblem() == null ? listing.reason() : survey.currentProblem();
    warning = survey.problem() == null ? listing.warning() : survey.problem();
    if (!listing.denied()) {
      baseline = Baseline.NONE;
      readSince = Instant.MIN;
    }
  }

  /** When to look at the names again although nothing shows. Owned by the follower's thread. */
  static final class RescanTimer {

    private final long retryAfter;
    private boolean atOnce = true;
    private boolean retryWanted;
    private long retryAt;

    RescanTimer(Duration retryAfter) {
      this.retryAfter = retryAfter.toNanos();
    }

    boolean isDue(long now) {
      return atOnce || (retryWanted && now - retryAt >= 0);
    }

    void atOnce() {
      atOnce = true;
    }

    /** Something could not be read or may soon hold more: asks for a look after a while. */
    void later(long now) {
      retryAt = now + retryAfter;
      retryWanted = true;
    }

    /** Notes a look: it need not be repeated unless the names changed under it. */
    void looked(boolean stable) {
      atOnce = !stable;
      retryWanted = false;
    }
  }

  /**
   * Gives up what no file holds any more: delivers the partial last line of a truncated run, and
   * tells of bytes that are gone unread. Owned by the follower's thread.
   */
  static final class LostLogs {

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

    /**
     * Writes off logs that no file holds; one whose bytes are known may be in a file not yet
     * judged.
     */
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

  /**
   * The files held open in the order in which they are read: the oldest first, the one at the
   * followed path last. Owned by the follower's thread.
   */
  static final class OpenFiles {

    private final FollowerLimits limits;
    private final LineSink sink;
    private final List<FollowedFile> files = new ArrayList<>();

    OpenFiles(FollowerLimits limits, LineSink sink) {
      this.limits = limits;
      this.sink = sink;
    }

    /** A view of the files, which follows every change. */
    List<FollowedFile> list() {
      return Collections.unmodifiableList(files);
    }

    int count() {
      return files.size();
    }

    /** The file at the followed path; null when none is open. */
    @Nullable FollowedFile current() {
      FollowedFile last = files.isEmpty() ? null : files.getLast();
      return last != null && last.isCurrent() ? last : null;
    }

    /** The runs that are being read. */
    Set<Generation> runs() {
      Set<Generation> runs = new HashSet<>();
      files.forEach(file -> runs.add(file.run()));
      return runs;
    }

    boolean holds(Generation run) {
      return files.stream().anyMatch(file -> file.run() == run);
    }

    /** Bytes that are there and have not been read, as last seen. */
    long lag() {
      long lag = 0;
      for (FollowedFile each : files) {
        lag += Math.max(0, each.run().knownSize() - each.run().position());
      }
      return lag;
    }

    /** Reads on in a file that was found. */
    void open(RotationMatcher.Found found, long now) {
      files.add(
          new FollowedFile(
              found.candidate().path(),
              found.content(),
              found.run(),
              limits.maxLineBytes(),
              sink,
              now));
    }

    /**
     * Puts the files in order.
     *
     * @param places the place of each file that has a name, by its key
     * @param currentKey the file at the followed path; null when there is none
     */
    void arrange(Map<String, Integer> places, @Nullable String currentKey, long now) {
      for (FollowedFile each : files) {
        each.setCurrent(each.hasKey(currentKey), now);
      }
      // What has no name any more is older than what has one.
      files.sort(Comparator.comparingInt(each -> places.getOrDefault(each.key(), -1)));
    }

    /** Closes a file that cannot be read. */
    void drop(FollowedFile file) {
      file.close();
      files.remove(file);
    }

    /**
     * Closes what was rotated away, is quiet and has a successor that holds data.
     *
     * @param readToEnd how many files, from the oldest on, have been read to their end; others stay
     */
    void letGo(long now, int readToEnd) {
      int leaving = files.size() - 1;
      int end = readToEnd;
      for (int i = 0; i < end && i < files.size(); i++) {
        FollowedFile each = files.get(i);
        boolean whole = !each.content().mayChange();
        boolean quiet = now - each.quietSince() >= limits.lateWrites().toNanos();
        boolean tooMany = leaving > limits.maxLeaving();
        if (!each.isCurrent() && (whole || tooMany || (quiet && hasSuccessor(i)))) {
          each.finish();
          each.run().setOpen(false);
          each.close();
          files.remove(i--);
          end--;
          leaving--;
        }
      }
    }

    void close() {
      files.forEach(FollowedFile::close);
      files.clear();
    }

    private boolean hasSuccessor(int index) {
      return files.stream().skip(index + 1L).anyMatch(file -> file.run().position() > 0);
    }
  }
}
