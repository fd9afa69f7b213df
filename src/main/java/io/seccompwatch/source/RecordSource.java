package io.seccompwatch.source;

import org.jspecify.annotations.Nullable;

/**
 * A place where records are read. {@link #run} is the body of the source's own thread, on which its
 * sink is called; it returns after {@link #close}, having kept its checkpoint. The other methods
 * are for any thread.
 */
public sealed interface RecordSource extends Runnable, AutoCloseable
    permits FileSource, KmsgSource, AuditNetlinkSource {

  /** How the source is doing. */
  SourceState state();

  /** Ends {@link #run} soon, for good; does not wait for it. */
  @Override
  void close();

  /**
   * How a source is doing.
   *
   * @param path what is read
   * @param up whether it can be read now
   * @param reason why it is not up, and what to do; null when it is
   * @param warning what is wrong although it is read; null when nothing is
   * @param lagBytes bytes that are written and not yet read
   * @param rotations how often the followed file was rotated
   */
  record SourceState(
      String path,
      boolean up,
      @Nullable String reason,
      @Nullable String warning,
      long lagBytes,
      long rotations) {}

  /** Place where reading begins when the agent starts. */
  public enum StartAt {
    /**
     * Place of the checkpoint; without a usable checkpoint the same as {@link #END}. A first start
     * does not replay what the node's logs have kept from before.
     */
    CHECKPOINT,
    /**
     * At the file's present end; a checkpoint is not read. A line half written then is still read.
     */
    END,
    /** At the first byte of the present file; a checkpoint and rotated siblings are not read. */
    BEGINNING
  }
}
