package io.seccompwatch.agent;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.record.SeccompRecord;

/** Finds whose process a record tells of; for one thread at a time. */
interface ThreadAttributor {

  /** Whose it is, as far as can be told now. */
  Attribution attribute(SeccompRecord record);

  /** Whether a later call may tell more of the record that was asked about last. */
  boolean mayImprove(SeccompRecord record);
}
