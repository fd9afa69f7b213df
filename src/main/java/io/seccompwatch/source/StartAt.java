package io.seccompwatch.source;

/** Where following a file begins when the agent starts. */
public enum StartAt {
  /**
   * Where the checkpoint says; without a usable checkpoint the same as {@link #END}. A first start
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
