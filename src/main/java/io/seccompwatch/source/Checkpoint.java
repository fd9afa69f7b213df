package io.seccompwatch.source;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a source had been read: every file that matters for going on without loss or repetition.
 *
 * @param base the followed path with its symbolic links resolved
 * @param runs what had been read of the file and of its rotated siblings
 */
public record Checkpoint(Path base, List<Run> runs) {

  /** Keeps its own copy of the runs. */
  public Checkpoint {
    runs = List.copyOf(runs);
  }

  /**
   * One run of bytes, whatever file holds it by now.
   *
   * @param identity the file that held it; null when it was being looked for
   * @param open whether it may have grown afterwards; a run that was closed was read to its end
   * @param offset how many bytes the sink has dealt with; the end of a line
   * @param position how many bytes had been read, a partial last line included
   * @param headFrom where the head begins
   * @param head the first bytes, in hex
   * @param marker the bytes before the position, in hex
   */
  public record Run(
      @Nullable FileIdentity identity,
      boolean open,
      long offset,
      long position,
      long headFrom,
      String head,
      String marker) {}
}
