package io.seccompwatch.config;

import io.seccompwatch.linux.IoReason;
import io.seccompwatch.linux.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The directory of {@code --state-dir}: held by one agent at a time, by a lock on its file {@code
 * lock}. A directory that cannot be written degrades the agent and does not stop it.
 */
public final class StateDirectory implements AutoCloseable {

  private static final String NO_STATE =
      "no checkpoint can be kept: records written while the agent does not run are missed";
  private static final String OLD_STATE =
      "no checkpoint can be kept: a restart counts again from the last one";
  private static final String LOCK_FILE = "lock";
  private static final String KEY_FILE = "canary-key";
  private static final int MAX_KEY_BYTES = 1_024;
  private static final String KEY_LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

  private final Path directory;
  private final @Nullable FileChannel lock;
  private final @Nullable String problem;

  private final @Nullable Instant usedSince;

  private StateDirectory(
      Path directory,
      @Nullable FileChannel lock,
      @Nullable Instant usedSince,
      @Nullable String problem) {
    this.directory = directory;
    this.lock = lock;
    this.usedSince = usedSince;
    this.problem = problem;
  }

  /**
   * Opens and locks the directory.
   *
   * @throws AgentException when another agent holds it
   */
  public static StateDirectory open(Path directory) {
    Instant usedSince = usedSince(directory);
    try {
      Files.createDirectories(directory);
      Path file = directory.resolve(LOCK_FILE);
      if (Files.exists(file)) {
        RegularFile.check(file); // to open a FIFO would wait
      }
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!tryLock(channel)) {
        channel.close();
        throw new AgentException(
            "cannot start: "
                + directory
                + " is held by another seccomp-watch: stop it, or give another --state-dir");
      }
      return new StateDirectory(directory, channel, usedSince, null);
    } catch (IOException e) {
      return new StateDirectory(
          directory,
          null,
          usedSince,
          directory
              + ": "
              + IoReason.inWords(e)
              + ": "
              + (usedSince == null ? NO_STATE : OLD_STATE));
    }
  }

  private static boolean tryLock(FileChannel channel) throws IOException {
    try {
      FileLock held = channel.tryLock();
      return held != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /**
   * Since when agents have run with the directory, as far as its files tell; null for the first.
   * The lock is made once and never written.
   */
  private static @Nullable Instant usedSince(Path directory) {
    Instant first = null;
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(
            directory, "{" + LOCK_FILE + "," + KEY_FILE + ",*.checkpoint*,records*,node-names}")) {
      for (Path file : files) {
        Instant written = Files.getLastModifiedTime(file).toInstant();
        first = first == null || written.isBefore(first) ? written : first;
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Nothing can be told: as on a first start, unless something was found
    }
    return first;
  }

  /** Since when agents have run with the directory; null on a first start. */
  public @Nullable Instant usedSince() {
    return usedSince;
  }

  /** Why checkpoints cannot be kept; null when they can. */
  public @Nullable String problem() {
    return problem;
  }

  /**
   * The secret by which the agent knows its canary's records: made once and kept, so that an agent
   * that reads its forerunner's records knows them too.
   *
   * @param length how many letters
   */
  public String canaryKey(int length) {
    Path file = directory.resolve(KEY_FILE);
    String kept = keptKey(directory, length);
    if (kept != null) {
      return kept;
    }
    String key = randomKey(length);
    try {
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
        out.write(ByteBuffer.wrap(key.getBytes(StandardCharsets.ISO_8859_1)));
      }
    } catch (IOException e) {
      // Not kept: the next run makes another
    }
    return key;
  }

  /** The key that an agent keeps in a directory, which is only read; null without one. */
  static @Nullable String keptKey(Path directory, int length) {
    try {
      Path file = directory.resolve(KEY_FILE);
      if (Files.exists(file)) {
        byte[] bytes = RegularFile.read(file, MAX_KEY_BYTES);
        String kept = new String(bytes, StandardCharsets.ISO_8859_1).strip();
        boolean whole =
            kept.length() == length && kept.chars().allMatch(c -> KEY_LETTERS.indexOf(c) >= 0);
        return whole ? kept : null;
      }
    } catch (IOException e) {
      // As good as none
    }
    return null;
  }

  static String randomKey(int length) {
    SecureRandom random = new SecureRandom();
    StringBuilder key = new StringBuilder();
    for (int i = 0; i < length; i++) {
      key.append(KEY_LETTERS.charAt(random.nextInt(KEY_LETTERS.length())));
    }
    return key.toString();
  }

  @Override
  public void close() {
    if (lock != null) {
      try {
        lock.close();
      } catch (IOException e) {
        // The process's end releases it
      }
    }
  }
}
