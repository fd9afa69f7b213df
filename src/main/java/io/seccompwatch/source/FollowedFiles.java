package io.seccompwatch.source;

import io.seccompwatch.source.FollowedFile.Step;
import io.seccompwatch.source.Newcomers.Baseline;
import io.seccompwatch.source.Siblings.Listing;
import java.io.IOException;
import java.nio.file.Path;
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

  private final Path file;
  private final LineSink sink;
  private final FollowerLimits limits;
  private final FileAccess access;
  private final Siblings siblings;
  private final Ledger ledger = new Ledger();
  private final byte[] buffer;

  private final OpenFiles files;
  private final Settlement settlement;
  private Set<Generation> present = Set.of();

  private Baseline baseline;
  private boolean looked;
  private boolean allJudged;
  private final NextLook nextLook;
  private @Nullable String seenKey;

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
    this.nextLook = new NextLook(limits.retryAfter());
    this.files = new OpenFiles(limits, sink);
    this.settlement = new Settlement(ledger, files, sink, limits.maxLeaving());
    this.buffer = new byte[limits.bufferBytes()];
    this.baseline = startAt == StartAt.BEGINNING ? Baseline.SIBLINGS : Baseline.ALL;
  }

  /** Goes on where a checkpoint was kept: what it does not know was made since. */
  void resume(Checkpoint checkpoint) {
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
    boolean lookDue = isLookDue(now);
    boolean more = readAll(now);
    if (lookDue) {
      // What was rotated away has just been read; the look comes first, its last bytes after it.
      look(now);
      more = readAll(now);
    }
    if (!more) {
      int before = files.count();
      try {
        files.letGo(now);
      } finally {
        changed |= files.count() < before;
      }
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
      key = seen.identity().key();
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
      Step step = readToEnd(each, now);
      if (step == Step.READ) {
        return true;
      }
      if (step == Step.TRUNCATED) {
        if (++truncations > MAX_TRUNCATIONS) {
          return true;
        }
        truncated(each, now);
        look(now);
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
  private void look(long now) {
    learnHeads(now);
    boolean stable = false;
    for (int looks = 0; looks < MAX_LOOKS && !stable; looks++) {
      Listing listing = siblings.list();
      Survey survey = new Survey(access, ledger, files.list(), new Newcomers(ledger, baseline));
      survey.run(listing);
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

  private void adopt(Listing listing, Survey survey, long now) {
    for (Survey.Found found : survey.found()) {
      files.open(found, now);
      changed = true;
      if (found.fresh() && baseline == Baseline.NONE) {
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
    }
  }
}
