package io.seccompwatch.source;

import io.seccompwatch.linux.IoReason;
import io.seccompwatch.record.LossReason;
import io.seccompwatch.source.FollowedFile.Step;
import io.seccompwatch.source.NewFilePolicy.Baseline;
import io.seccompwatch.source.RotationMatcher.Found;
import io.seccompwatch.source.Siblings.Candidate;
import io.seccompwatch.source.Siblings.Listing;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
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
}
