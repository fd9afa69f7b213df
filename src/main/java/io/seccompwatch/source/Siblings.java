package io.seccompwatch.source;

import io.seccompwatch.linux.IoReason;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the followed file and the files it was rotated to: beside the file that the path leads to,
 * and, when the path is a link that was turned elsewhere, beside the file it led to before. Owned
 * by the follower's thread.
 */
final class Siblings {

  /** The coarsest time stamp of a Linux file system in use, with room: two jiffies are 20 ms. */
  private static final Duration STAMP_STEP = Duration.ofMillis(100);

  private static final int MAX_SIBLINGS = 64;

  private final FileAccess access;
  private final Path file;
  private final InstantSource clock;

  private Path base;

  /** Where the path led when all files there had been judged; looked at until they are again. */
  private Path judgedBase;

  private final Set<Path> knownBases = new HashSet<>();
  private final Map<Path, Instant> stamps = new HashMap<>();
  private boolean unsettled = true;

  Siblings(FileAccess access, Path file, InstantSource clock) {
    this.access = access;
    this.file = file;
    this.clock = clock;
    this.base = file;
    this.judgedBase = file;
  }

  /**
   * A file that holds, or may hold, what the writer wrote.
   *
   * @param current whether it is the one at the followed path
   * @param foreign whether it was there before the path led to its directory: not to be read
   */
  record Candidate(
      Path path, FileStat stat, boolean compressed, boolean current, boolean foreign) {}

  /**
   * The files found.
   *
   * @param candidates the oldest first, the one at the path last
   * @param complete whether every directory could be listed and every file be looked at
   * @param denied whether there may be files that could not be seen; a directory that is not there
   *     makes a listing incomplete, but hides nothing
   * @param reason why the followed path itself could not be looked at; null when it could
   * @param warning why the listing is not complete; null when it is
   */
  record Listing(
      List<Candidate> candidates,
      boolean complete,
      boolean denied,
      @Nullable String reason,
      @Nullable String warning) {

    boolean shows(Listing other) {
      return names().equals(other.names());
    }

    /** The place of each file in the order, by its key. */
    Map<String, Integer> places() {
      Map<String, Integer> places = new HashMap<>();
      candidates.forEach(c -> places.put(c.stat.identity().key(), places.size()));
      return places;
    }

    /** The key of the file at the path; null when there is none. */
    @Nullable String currentKey() {
      Candidate last = candidates.isEmpty() ? null : candidates.getLast();
      return last != null && last.current ? last.stat.identity().key() : null;
    }

    private Map<Path, String> names() {
      Map<Path, String> names = new HashMap<>();
      candidates.forEach(c -> names.put(c.path, c.stat.identity().key()));
      return names;
    }
  }

  /** Takes over where the path led when the checkpoint was written. */
  void ledTo(Path earlier) {
    base = earlier;
    judgedBase = earlier;
    knownBases.add(earlier);
  }

  /** The followed path with its links resolved, as it was when all files were last judged. */
  Path base() {
    return judgedBase;
  }

  /** Takes note that every file listed was judged. */
  void judged() {
    judgedBase = base;
  }

  /** Whether names may have changed since the last listing; costs one stat per directory. */
  boolean mayHaveChanged() {
    if (unsettled) {
      return true;
    }
    for (Map.Entry<Path, Instant> stamp : stamps.entrySet()) {
      if (!stamp.getValue().equals(modified(stamp.getKey()))) {
        return true;
      }
    }
    return false;
  }

  /** Looks at all names. */
  Listing list() {
    String reason = null;
    try {
      base = access.real(file);
    } catch (IOException e) {
      reason =
          IoReason.of(e); // the link dangles or the file is missing: the old place still counts
    }
    if (knownBases.isEmpty()) {
      judgedBase = base;
    }
    Path before = judgedBase;
    Map<String, Candidate> found = new LinkedHashMap<>();
    Problems problems = new Problems();
    stampDirectories(before);
    if (!before.equals(base)) {
      addSiblings(before, found, problems);
      add(new RotatedName(before, 0, "", false), false, found, problems);
    }
    addSiblings(base, found, problems);
    if (reason != null) {
      add(new RotatedName(base, 0, "", false), false, found, problems); // behind a dangling link
    }
    if (knownBases.size() > MAX_SIBLINGS) {
      knownBases.clear();
    }
    knownBases.add(base);
    try {
      FileStat stat = access.stat(file);
      if (!stat.regular()) {
        throw new FileSystemException(
            file.toString(), null, "is " + access.type(file) + ", not a regular file");
      }
      found.remove(stat.identity().key());
      found.put(stat.identity().key(), new Candidate(file, stat, false, true, false));
      reason = null;
    } catch (IOException e) {
      reason = reason == null ? IoReason.of(e) : reason;
      problems.hidden |= e instanceof AccessDeniedException;
      problems.denied |= e instanceof AccessDeniedException;
    }
    return new Listing(
        new ArrayList<>(found.values()),
        !problems.hidden,
        problems.denied,
        reason,
        problems.warning);
  }

  private void addSiblings(Path of, Map<String, Candidate> found, Problems problems) {
    boolean foreign = !knownBases.isEmpty() && !knownBases.contains(of);
    String name = String.valueOf(of.getFileName());
    try {
      List<RotatedName> names = new ArrayList<>();
      Set<String> plain = new HashSet<>();
      for (Path path : access.list(directory(of), name)) {
        RotatedName rotated = RotatedName.of(path, name);
        if (rotated != null) {
          names.add(rotated);
          if (!rotated.compressed()) {
            plain.add(rotated.plain());
          }
        }
      }
      // While a sibling is being compressed both are there, and the compressed one is not whole.
      names.removeIf(n -> n.compressed() && plain.contains(n.plain()));
      names.sort(RotatedName.OLDEST_FIRST);
      for (RotatedName n : names.subList(Math.max(0, names.size() - MAX_SIBLINGS), names.size())) {
        add(n, foreign, found, problems);
      }
    } catch (IOException e) {
      problems.hidden = true;
      problems.denied |= !(e instanceof NoSuchFileException);
      problems.warning = "cannot list " + directory(of) + ": " + IoReason.of(e);
    }
  }

  private void add(
      RotatedName name, boolean foreign, Map<String, Candidate> found, Problems problems) {
    try {
      FileStat stat = access.stat(name.path());
      if (!stat.regular()) {
        problems.warning = name.path() + " is " + access.type(name.path()) + " and is not read";
        return;
      }
      found.put(
          stat.identity().key(),
          new Candidate(name.path(), stat, name.compressed(), false, foreign));
    } catch (NoSuchFileException e) {
      // Renamed or removed since the listing: the second look finds it under its new name.
    } catch (IOException e) {
      problems.hidden = true;
      problems.denied = true;
      problems.warning = "cannot look at " + name.path() + ": " + IoReason.of(e);
    }
  }

  /** Stamps are taken before names are read: a change in between shows at the next look. */
  private void stampDirectories(Path before) {
    stamps.clear();
    unsettled = false;
    for (Path each : List.of(before, base, file)) {
      Path directory = directory(each);
      Instant modified = modified(directory);
      stamps.put(directory, modified);
      // A second change within the same step of the clock would not show.
      unsettled |= clock.instant().isBefore(modified.plus(STAMP_STEP));
    }
  }

  private Instant modified(Path directory) {
    try {
      return access.stat(directory).modified();
    } catch (IOException e) {
      return Instant.EPOCH;
    }
  }

  private static Path directory(Path path) {
    Path parent = path.toAbsolutePath().getParent();
    return parent == null ? path : parent;
  }

  /** What went wrong while names were looked at. */
  private static final class Problems {
    private boolean hidden;
    private boolean denied;
    private @Nullable String warning;
  }

  /**
   * The name of a rotated sibling: {@code audit.log.1} (auditd, logrotate), {@code
   * audit.log-20261122}, {@code audit.log-20261122-1795342823} (logrotate's dateext), each also
   * with {@code .gz}. Copies that people make ({@code audit.log.bak}) are not siblings.
   *
   * @param path where it is
   * @param number the number of a numbered sibling, else 0
   * @param date the date of a dated sibling, else empty
   * @param compressed whether it ends in {@code .gz}
   */
  record RotatedName(Path path, long number, String date, boolean compressed) {

    /**
     * Oldest first. A file that has both forms changed its scheme: the dated ones count as older.
     */
    static final Comparator<RotatedName> OLDEST_FIRST =
        Comparator.comparing((RotatedName name) -> name.date.isEmpty())
            .thenComparing(RotatedName::date)
            .thenComparing(Comparator.comparingLong(RotatedName::number).reversed());

    private static final String GZIP = ".gz";
    private static final int DATE_DIGITS = 6;

    /** Reads a path's name as a sibling of the file; null when it is none. */
    static @Nullable RotatedName of(Path path, String file) {
      String name = String.valueOf(path.getFileName());
      boolean compressed = name.endsWith(GZIP);
      int end = compressed ? name.length() - GZIP.length() : name.length();
      if (!name.startsWith(file) || end - file.length() < 2) {
        return null;
      }
      char separator = name.charAt(file.length());
      String suffix = name.substring(file.length() + 1, end);
      if (separator == '.' && digits(suffix) == suffix.length() && suffix.length() <= 9) {
        return new RotatedName(path, Long.parseLong(suffix), "", compressed);
      }
      boolean dated =
          (separator == '-' || separator == '.')
              && digits(suffix.replace("-", "").replace("_", "")) >= DATE_DIGITS;
      return dated ? new RotatedName(path, 0, suffix, compressed) : null;
    }

    /** The name without {@code .gz}. */
    String plain() {
      String name = path.toString();
      return compressed ? name.substring(0, name.length() - GZIP.length()) : name;
    }

    private static int digits(String text) {
      int count = 0;
      while (count < text.length() && text.charAt(count) >= '0' && text.charAt(count) <= '9') {
        count++;
      }
      return count == text.length() ? count : 0;
    }
  }
}
