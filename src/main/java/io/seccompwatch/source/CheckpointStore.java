package io.seccompwatch.source;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one checkpoint file per source in the state directory. A checkpoint is written to a
 * temporary file beside it, forced to the disk and moved over the old one, so that a crash leaves
 * the old or the new one. Nothing here throws: a directory that is full, missing or read-only means
 * only that a restart knows less, which is told in words.
 *
 * <p>Stateless; two sources may use it at a time as long as their names differ.
 */
public final class CheckpointStore {

  private static final long MAX_BYTES = 1 << 20;

  private final @Nullable Path directory;
  private final boolean forced;

  /**
   * A store in a directory; the directory is made with the first checkpoint.
   *
   * @param directory the agent's state directory
   */
  public CheckpointStore(Path directory) {
    this(directory, true);
  }

  /** A store that need not wait for the disk, for tests that write thousands of checkpoints. */
  CheckpointStore(@Nullable Path directory, boolean forced) {
    this.directory = directory;
    this.forced = forced;
  }

  /** Keeps nothing and has nothing, for who follows a file for a moment only. */
  public static CheckpointStore none() {
    return new CheckpointStore(null, false);
  }

  /**
   * What could be loaded.
   *
   * @param checkpoint null when there is none that can be used
   * @param warning why a checkpoint that is there cannot be used; null when nothing is wrong
   */
  public record Loaded(@Nullable Checkpoint checkpoint, @Nullable String warning) {}

  /**
   * Loads a source's checkpoint.
   *
   * @param source name of the source, letters, digits and {@code -}
   */
  public Loaded load(String source) {
    if (directory == null) {
      return new Loaded(null, null);
    }
    Path file = file(directory, source);
    try {
      if (Files.size(file) > MAX_BYTES) {
        return unusable(file, "larger than a checkpoint can be");
      }
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      return new Loaded(CheckpointFormat.parse(text), null);
    } catch (NoSuchFileException e) {
      return new Loaded(null, null);
    } catch (CheckpointFormat.Unusable e) {
      return unusable(file, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return unusable(file, IoReason.of(e));
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
    Path draft = directory.resolve(source + ".checkpoint.tmp");
    byte[] bytes = CheckpointFormat.format(checkpoint).getBytes(StandardCharsets.ISO_8859_1);
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectories(directory);
      }
      try (FileChannel out =
          FileChannel.open(
              draft,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        if (forced) {
          out.force(true);
        }
      }
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
      if (forced) {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
          names.force(true);
        }
      }
      return null;
    } catch (IOException e) {
      return "checkpoint: " + file + ": " + IoReason.of(e) + ": a restart may repeat records";
    }
  }

  private static Path file(Path directory, String source) {
    return directory.resolve(source + ".checkpoint");
  }

  private static Loaded unusable(Path file, String why) {
    return new Loaded(
        null, "checkpoint: " + file + ": " + why + ": starting as if there were none");
  }
}
