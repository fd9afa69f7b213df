package io.seccompwatch.source;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps {@code kmsg.checkpoint} in the state directory: the version of the format, the boot's id
 * and the last sequence number, a line each. It is moved into place whole but not forced to the
 * disk: a crash of the machine ends the boot, and with it what the checkpoint is good for.
 */
final class KmsgCheckpoints {

  private static final String VERSION = "1";
  private static final int MAX_BYTES = 1_024;

  private final Path file;

  KmsgCheckpoints(Path stateDirectory) {
    file = stateDirectory.resolve("kmsg.checkpoint");
  }

  /** Where to go on; the ring's end when there is no checkpoint that can be used. */
  KmsgStart load() {
    try {
      if (Files.size(file) > MAX_BYTES) {
        return new KmsgStart.End();
      }
      List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
      if (lines.size() == 3 && lines.get(0).equals(VERSION)) {
        return new KmsgStart.After(Long.parseLong(lines.get(2)), lines.get(1));
      }
    } catch (NoSuchFileException e) {
      // The first start
    } catch (IOException | NumberFormatException e) {
      // As good as none: what came while the agent was down is not read
    }
    return new KmsgStart.End();
  }

  /** Writes the checkpoint; answers why it could not be written, or null. */
  @Nullable String save(KmsgStart.After after) {
    Path draft = file.resolveSibling("kmsg.checkpoint.tmp");
    String text = VERSION + "\n" + after.bootId() + "\n" + after.sequence() + "\n";
    try {
      Files.writeString(draft, text, StandardCharsets.ISO_8859_1);
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
      return null;
    } catch (IOException e) {
      return "checkpoint: " + file + ": " + IoReason.of(e) + ": a restart may repeat records";
    }
  }
}
