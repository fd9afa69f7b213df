package io.seccompwatch.source;

import io.seccompwatch.record.LossNotice.LossReason;

/**
 * Takes what a source reads, on the source's own thread. When {@link #line} returns, the line has
 * been dealt with for good: only then may a source's checkpoint move past it.
 */
public interface LineSink {

  /**
   * One whole line without its line end.
   *
   * @param buffer holds the line; valid only during the call
   * @param from index of the first byte
   * @param to index after the last byte
   */
  void line(byte[] buffer, int from, int to);

  /** A line longer than the source's bound was dropped; {@code bytes} is what was passed over. */
  void lineTooLong(long bytes);

  /**
   * Records, or bytes that may have held records, were lost before this agent could read them.
   *
   * @param count how many; at least 1. What it counts depends on the reason
   */
  void lost(LossReason reason, long count);

  /** All that was there has been read, and the source is about to wait for more. */
  default void idle() {}

  /** The followed file was rotated (renamed, truncated or replaced) and the follower moved on. */
  void rotated();
}
