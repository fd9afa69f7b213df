package io.seccompwatch.source;

import io.seccompwatch.record.LossReason;
import io.seccompwatch.source.FollowedFile.Interrupted;
import io.seccompwatch.source.FollowedFile.Step;
import io.seccompwatch.source.Siblings.Candidate;
import io.seccompwatch.source.Siblings.Listing;
import io.seccompwatch.source.Survey.Baseline;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files that a follower holds open, the oldest first, the one at the followed path last: reads
 * them in this order, and lets a file go when it was rotated away and is quiet. Owned by the
 * follower's thread.
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

  private final List<FollowedFile> files = new ArrayList<>();
  private final List<Interrupted> interrupted = new ArrayList<>();
  private Set<Generation> present = Set.of();

  private Baseline baseline;
  private boolean looked;
  private boolean allJudged;
  private boolean lookAgain = true;
  private long retryAt;
  private boolean retryWanted;
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
    Set<Generation> held = new HashSet<>();
    files.forEach(f -> held.add(f.run()));
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
      letGo(now);
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

  @Nullable FollowedFile current() {
    FollowedFile last = files.isEmpty() ? null : files.getLast();
    return last != null && last.isCurrent() ? last : null;
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

  int count() {
    return files.size();
  }

  /** Bytes that are there and have not been read, as last seen. */
  long lag() {
    long lag = 0;
    for (FollowedFile each : files) {
      lag += Math.max(0, each.run().knownSize() - each.run().position());
    }
    return lag;
  }

  void close() {
    files.forEach(FollowedFile::close);
    files.clear();
  }

  private boolean isLookDue(long now) {
    String key = null;
    try {
      FileStat seen = access.stat(file);
      key = seen.identity().key();
      FollowedFile current = current();
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
    boolean retryDue = retryWanted && now - retryAt >= 0;
    return lookAgain || moved || retryDue || siblings.mayHaveChanged();
  }

  private boolean readAll(long now) {
    int truncations = 0;
    for (int i = 0; i < files.size(); i++) {
      FollowedFile each = files.get(i);
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
      } else if (!files.contains(each)) {
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
    each.close();
    files.remove(each);
    retryIn(now);
    changed = true;
  }

  private void retryIn(long now) {
    retryAt = now + limits.retryAfter().toNanos();
    retryWanted = true;
  }

  private void truncated(FollowedFile each, long now) {
    changed = true;
    Generation run = each.run();
    try {
      long size = each.content().size();
      if (run.isTelling() && size > 0 && run.isIn(each.content())) {
        cut(each, size);
        return;
      }
    } catch (IOException e) {
      drop(each, now);
      return;
    }
    Generation next = Generation.unread(Objects.requireNonNull(run.identity()));
    ledger.add(next);
    interrupted.add(each.restart(next));
    run.movedTo(null);
    rotated();
    lookAgain = true;
  }

  /** Its end was cut off, its beginning is the same: not to be read again. */
  private void cut(FollowedFile each, long size) throws IOException {
    Generation run = each.run();
    boolean unreadGone = run.knownSize() > Math.max(run.position(), size);
    if (size < run.position()) {
      run.rewind(each.content(), Math.min(size, run.offset()));
      each.restart(run);
    }
    if (unreadGone) {
      sink.lost(LossReason.ROTATION, 1);
    }
    run.cutTo(size);
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
      Survey survey = new Survey(access, ledger, files, baseline);
      survey.run(listing);
      adopt(listing, survey, now);
      stable = !survey.isUnstable() && listing.shows(siblings.list());
      lookAgain = !stable;
      retryWanted = false;
      looked = true;
      allJudged = stable && !survey.isUnjudged() && listing.complete();
      if (allJudged) {
        Path before = siblings.base();
        siblings.judged();
        movedElsewhere |= !before.equals(siblings.base());
      }
      if (survey.isWaiting() || !listing.complete()) {
        retryIn(now);
      }
      if (stable && listing.complete()) {
        writeOffMissing();
      }
    }
    settleInterrupted();
  }

  /** What is held but not yet read must be known, or a copy of it would pass for something new. */
  private void learnHeads(long now) {
    for (FollowedFile each : List.copyOf(files)) {
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

  /** As long as files may be hidden, a copy may come to light. */
  private void settleInterrupted() {
    while (!interrupted.isEmpty() && (allJudged || interrupted.size() > limits.maxLeaving())) {
      settle(interrupted.removeFirst());
    }
    interrupted.removeIf(each -> isHeld(each.run()));
  }

  private boolean isHeld(Generation run) {
    return files.stream().anyMatch(f -> f.run() == run);
  }

  private void adopt(Listing listing, Survey survey, long now) {
    for (Survey.Found found : survey.found()) {
      files.add(
          new FollowedFile(
              found.candidate().path(),
              found.content(),
              found.run(),
              limits.maxLineBytes(),
              sink,
              now));
      changed = true;
      if (found.fresh() && baseline == Baseline.NONE) {
        rotated();
      }
    }
    Map<String, Integer> places = new HashMap<>();
    seenKey = null;
    for (Candidate candidate : listing.candidates()) {
      String key = candidate.stat().identity().key();
      places.put(key, places.size());
      seenKey = candidate.current() ? key : seenKey;
    }
    for (FollowedFile each : files) {
      each.setCurrent(each.hasKey(seenKey), now);
    }
    // What has no name any more is older than what has one.
    files.sort(Comparator.comparingInt(each -> places.getOrDefault(each.key(), -1)));
    present = survey.present();
    reason = survey.currentProblem() == null ? listing.reason() : survey.currentProblem();
    warning = survey.problem() == null ? listing.warning() : survey.problem();
    if (!listing.denied()) {
      baseline = Baseline.NONE;
    }
  }

  /** Delivers the partial last line of a truncated run unless a copy holds more of it. */
  private void settle(Interrupted each) {
    Generation run = each.run();
    if (isHeld(run)) {
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

  /** What no file holds is lost; what has bytes to know it by may be in a file not yet judged. */
  private void writeOffMissing() {
    Set<Generation> known = new HashSet<>(present);
    files.forEach(f -> known.add(f.run()));
    interrupted.forEach(i -> known.add(i.run()));
    int mayWait = allJudged ? 0 : limits.maxLeaving();
    for (Generation run : ledger.runs()) {
      boolean unread = run.isOpen() || run.offset() < run.knownSize();
      boolean waits = run.hasBytes() && mayWait > 0;
      if (unread && !known.contains(run)) {
        if (waits) {
          mayWait--;
          continue;
        }
        sink.lost(LossReason.ROTATION, 1);
        run.writeOff();
      }
    }
  }

  /** Closes what was rotated away, is quiet and has a successor that holds data. */
  private void letGo(long now) {
    int leaving = files.size() - 1;
    for (int i = 0; i < files.size(); i++) {
      FollowedFile each = files.get(i);
      boolean whole = !each.content().mayChange();
      boolean quiet = now - each.quietSince() >= limits.lateWrites().toNanos();
      boolean tooMany = leaving > limits.maxLeaving();
      if (!each.isCurrent() && (whole || tooMany || (quiet && hasSuccessor(i)))) {
        each.finish();
        each.run().setOpen(false);
        each.close();
        files.remove(i--);
        leaving--;
        changed = true;
      }
    }
  }

  private boolean hasSuccessor(int index) {
    return files.stream().skip(index + 1L).anyMatch(f -> f.run().position() > 0);
  }
}
