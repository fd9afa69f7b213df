package io.seccompwatch.source;

import io.seccompwatch.linux.IoReason;
import io.seccompwatch.linux.RegularFile;
import io.seccompwatch.source.Checkpoint.CheckpointFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one checkpoint file per source in the state directory. A checkpoint is written to a
 * temporary file beside it, forced to the disk and moved over the old one, so that a crash leaves
 * the old or the new one, and the one before it is kept, too. Nothing here throws: a directory that
 * is full, missing or read-only means only that a restart knows less, which is told in words.
 *
 * <p>Stateless; two sources may use it at a time as long as their names differ.
 */
public final class CheckpointStore {

  private static final int MAX_BYTES = 1 << 20;

  /** What follows for the records that are read again. */
  static final String KNOWN =
      "records that are known to have been counted are duplicates, others count";

  private final @Nullable Path directory;
  private final boolean forced;
  private final @Nullable Instant usedSince;

  /**
   * A store in a directory; the directory is made with the first checkpoint.
   *
   * @param directory the agent's state directory
   * @param usedSince since when agents have run with this directory; null for a first start. A
   *     source without a checkpoint begins with the oldest file, and not at the end, when an agent
   *     has run before
   */
  public CheckpointStore(Path directory, @Nullable Instant usedSince) {
    this(directory, usedSince, true);
  }

  /** A store that need not wait for the disk, for tests that write thousands of checkpoints. */
  CheckpointStore(@Nullable Path directory, @Nullable Instant usedSince, boolean forced) {
    this.directory = directory;
    this.usedSince = usedSince;
    this.forced = forced;
  }

  /** Keeps nothing and has nothing, for who follows a file for a moment only. */
  public static CheckpointStore none() {
    return new CheckpointStore(null, null, false);
  }

  /**
   * What could be loaded.
   *
   * @param checkpoint null when there is none that can be used
   * @param missingSince when there should be one and is none that can be used: since when the
   *     directory has been in use; null otherwise
   * @param warning why a checkpoint that is there cannot be used; null when nothing is wrong
   */
  public record Loaded(
      @Nullable Checkpoint checkpoint, @Nullable Instant missingSince, @Nullable String warning) {

    /** Of a first start. */
    static final Loaded FIRST = new Loaded(null, null, null);
  }

  /**
   * Loads a source's checkpoint.
   *
   * @param source name of the source, letters, digits and {@code -}
   */
  public Loaded load(String source) {
    if (directory == null) {
      return Loaded.FIRST;
    }
    Path file = file(directory, source);
    String why;
    try {
      return new Loaded(read(file), null, null);
    } catch (NoSuchFileException e) {
      why = "not there, though an agent has run with this directory";
    } catch (CheckpointFormat.Unusable e) {
      why = String.valueOf(e.getMessage());
    } catch (IOException e) {
      why = IoReason.of(e);
    }
    try {
      Checkpoint earlier = read(earlier(directory, source));
      return new Loaded(
          earlier,
          null,
          "checkpoint: %s: %s: going on from the one before it; %s".formatted(file, why, KNOWN));
    } catch (IOException | CheckpointFormat.Unusable e) {
      boolean first = usedSince == null && !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
      return first
          ? Loaded.FIRST
          : new Loaded(
              null,
              usedSince == null ? Instant.MIN : usedSince,
              "checkpoint: %s: %s: reading from the oldest rotated file on; %s"
                  .formatted(file, why, KNOWN));
    }
  }

  /**
   * Writes a source's checkpoint.
   *
   * @return why it could not be written, or null when it was
   */
  public @Nullable String save(String source, Checkpoint checkpoint) {
    if (directory == null) {
      return null;
    }
    Path file = file(directory, source);
    byte[] bytes = CheckpointFormat.format(checkpoint).getBytes(StandardCharsets.ISO_8859_1);
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(directory);
      }
      keepEarlier(file, earlier(directory, source));
      RegularFile.replace(file, bytes, forced);
      return null;
    } catch (IOException e) {
      return notKept(file, e);
    }
  }

  private static Path file(Path directory, String source) {
    return directory.resolve(source + ".checkpoint");
  }

  private static Path earlier(Path directory, String source) {
    return directory.resolve(source + ".checkpoint.old");
  }

  /** Why a checkpoint could not be written, and what follows from that. */
  static String notKept(Path file, IOException failure) {
    String why =
        switch (failure) {
          case AccessDeniedException denied -> "permission denied";
          case NoSuchFileException none -> "the state directory is not there";
          case FileAlreadyExistsException other -> "the state directory is no directory";
          default -> IoReason.of(failure);
        };
    return ("checkpoint: %s: cannot be written: %s: a restart goes on from the last one that was"
            + " kept and may count records again; where none was kept, it may miss those that"
            + " are written while the agent does not run")
        .formatted(file, why);
  }

  private static Checkpoint read(Path file) throws IOException, CheckpointFormat.Unusable {
    return CheckpointFormat.parse(
        new String(RegularFile.read(file, MAX_BYTES), StandardCharsets.ISO_8859_1));
  }

  /** Keeps the present checkpoint beside the next one. */
  private static void keepEarlier(Path file, Path earlier) {
    try {
      Files.deleteIfExists(earlier);
      Files.createLink(earlier, file);
    } catch (IOException | UnsupportedOperationException e) {
      // There is none yet, or the file system has no links: then there is only the present one
    }
  }

  /**
   * Saves a source's checkpoints aside from the thread that reads: the latest one wins, and none is
   * saved after the last. Thread-safe.
   */
  static final class CheckpointSaving {

    private final CheckpointStore store;
    private final String source;
    private final Executor executor;
    private final Object writing = new Object();

    private volatile @Nullable Checkpoint pending;
    private volatile @Nullable String warning;
    private boolean over;

    CheckpointSaving(CheckpointStore store, String source, Executor executor) {
      this.store = store;
      this.source = source;
      this.executor = executor;
    }

    /** Saves a checkpoint soon, unless a later one comes before. */
    void later(Checkpoint checkpoint) {
      pending = checkpoint;
      try {
        executor.execute(this::savePending);
      } catch (RejectedExecutionException e) {
        savePending(); // the executor was shut down first
      }
    }

    /** Saves the last checkpoint at once, after any that is being saved; null saves what waits. */
    void last(@Nullable Checkpoint checkpoint) {
      synchronized (writing) {
        Checkpoint latest = checkpoint == null ? pending : checkpoint;
        pending = null;
        if (latest != null && !over) {
          warning = store.save(source, latest);
        }
        over = true;
      }
    }

    /** Why the latest could not be saved; null when it could. */
    @Nullable String warning() {
      return warning;
    }

    private void savePending() {
      synchronized (writing) {
        Checkpoint latest = pending;
        pending = null;
        if (latest != null && !over) {
          warning = store.save(source, latest);
        }
      }
    }
  }
}
