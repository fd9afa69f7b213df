package io.seccompwatch.pipeline;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.record.SeccompRecord;
import java.time.Instant;

/** Finds whose process a record tells of; for one thread at a time. */
public interface ThreadAttributor {

  /**
   * Whose it is, as far as can be told now.
   *
   * @param written for a record without a stamp, when it was written or else read
   */
  Attribution attribute(SeccompRecord record, Instant written);

  /** Whether a later call may tell more of the record that was asked about last. */
  boolean mayImprove(SeccompRecord record);

  /**
   * Takes note of a record of a canary that this agent has just fired: its PID is the agent's own.
   *
   * @param comm the canary's name
   */
  default void judgeByCanary(String comm, SeccompRecord record) {}
}
