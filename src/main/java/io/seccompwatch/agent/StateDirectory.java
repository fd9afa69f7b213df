package io.seccompwatch.agent;

import io.seccompwatch.source.IoReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * The directory of {@code --state-dir}: held by one agent at a time, by a lock on its file {@code
 * lock}. A directory that cannot be written degrades the agent and does not stop it.
 */
final class StateDirectory implements AutoCloseable {

  private static final String KEY_FILE = "canary-key";
  private static final String KEY_LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

  private final Path directory;
  private final @Nullable FileChannel lock;
  private final @Nullable String problem;

  private StateDirectory(Path directory, @Nullable FileChannel lock, @Nullable String problem) {
    this.directory = directory;
    this.lock = lock;
    this.problem = problem;
  }

  /**
   * Opens and locks the directory.
   *
   * @throws AgentException when another agent holds it
   */
  static StateDirectory open(Path directory) {
    try {
      Files.createDirectories(directory);
      FileChannel channel =
          FileChannel.open(
              directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!tryLock(channel)) {
        channel.close();
        throw new AgentException(
            "cannot start: "
                + directory
                + " is held by another seccomp-watch: stop it, or give another --state-dir");
      }
      return new StateDirectory(directory, channel, null);
    } catch (IOException e) {
      return new StateDirectory(directory, null, directory + ": " + IoReason.inWords(e));
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

  /** Why checkpoints cannot be kept; null when they can. */
  @Nullable String problem() {
    return problem;
  }

  /**
   * The secret by which the agent knows its canary's records: made once and kept, so that an agent
   * that reads its forerunner's records knows them too.
   *
   * @param length how many letters
   */
  String canaryKey(int length) {
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
        String kept = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
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
