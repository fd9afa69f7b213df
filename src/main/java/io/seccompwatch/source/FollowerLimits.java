package io.seccompwatch.source;

import java.time.Duration;

/**
 * The bounds of a {@link FileFollower}.
 *
 * @param maxLineBytes the longest line that is delivered, without its line end; at least 1
 * @param bufferBytes size of the one read buffer; at least 4 KiB
 * @param bytesPerPoll after how many bytes a poll returns although there is more; at least 1
 * @param checkpointEvery the least time between two checkpoints
 * @param lateWrites how long a file that was rotated away must not have grown before its handle is
 *     closed: writers go on with the old file until they are told to reopen
 * @param retryAfter how long to wait after a failed look at a directory or a file
 * @param maxLeaving how many files that were rotated away are held open at most
 */
public record FollowerLimits(
    int maxLineBytes,
    int bufferBytes,
    int bytesPerPoll,
    Duration checkpointEvery,
    Duration lateWrites,
    Duration retryAfter,
    int maxLeaving) {

  /** Checks the bounds. */
  public FollowerLimits {
    if (maxLineBytes < 1 || bufferBytes < 4096 || bytesPerPoll < 1 || maxLeaving < 1) {
      throw new IllegalArgumentException(
          "follower limits: line %d, buffer %d, poll %d, leaving %d: at least 1, 4096, 1, 1 needed"
              .formatted(maxLineBytes, bufferBytes, bytesPerPoll, maxLeaving));
    }
  }

  /**
   * 64 KiB lines, a buffer of 128 KiB, 256 KiB a poll, a checkpoint every 3 s, 10 s for late
   * writes, a retry every second, 16 files held open.
   */
  public static FollowerLimits defaults() {
    return new FollowerLimits(
        64 << 10,
        128 << 10,
        256 << 10,
        Duration.ofSeconds(3),
        Duration.ofSeconds(10),
        Duration.ofSeconds(1),
        16);
  }
}
