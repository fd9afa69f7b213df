package io.seccompwatch.source;

import io.seccompwatch.linux.IoReason;
import io.seccompwatch.linux.RegularFile;
import io.seccompwatch.source.KmsgReader.KmsgStart;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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

  /**
   * Where to go on.
   *
   * @param start the ring's end on a first start; the oldest record that the ring has when there
   *     should be a checkpoint and is none that can be used
   * @param warning why there is none; null when nothing is wrong
   */
  record Loaded(KmsgStart start, @Nullable String warning) {}

  /**
   * Loads the checkpoint.
   *
   * @param usedBefore whether an agent has run with this state directory
   */
  Loaded load(boolean usedBefore) {
    String why = "damaged";
    try {
      String text = new String(RegularFile.read(file, MAX_BYTES), StandardCharsets.ISO_8859_1);
      List<String> lines = text.lines().toList();
      if (lines.size() == 3 && lines.get(0).equals(VERSION)) {
        return new Loaded(new KmsgStart.After(Long.parseLong(lines.get(2)), lines.get(1)), null);
      }
    } catch (NoSuchFileException e) {
      if (!usedBefore) {
        return new Loaded(new KmsgStart.End(), null);
      }
      why = "not there, though an agent has run with this directory";
    } catch (NumberFormatException e) {
      // Damaged, as it stands above
    } catch (IOException e) {
      why = IoReason.of(e);
    }
    return new Loaded(
        new KmsgStart.Oldest(),
        "checkpoint: %s: %s: reading the kernel's log from its oldest record on; %s"
            .formatted(file, why, CheckpointStore.KNOWN));
  }

  /** Writes the checkpoint; answers why it could not be written, or null. */
  @Nullable String save(KmsgStart.After after) {
    String text = VERSION + "\n" + after.bootId() + "\n" + after.sequence() + "\n";
    try {
      RegularFile.replace(file, text.getBytes(StandardCharsets.ISO_8859_1), false);
      return null;
    } catch (IOException e) {
      return CheckpointStore.notKept(file, e);
    }
  }
}
