package io.seccompwatch.source;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The files held open in the order in which they are read: the oldest first, the one at the
 * followed path last. Owned by the follower's thread.
 */
final class OpenFiles {

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
