package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/**
 * How the process events are doing. Immutable.
 *
 * @param active whether they come
 * @param reason why they do not; null while they do
 * @param bufferBytes the receive buffer as the kernel counts it, 0 when there is none
 * @param counts the ledger's figures; zeros when there is none
 */
public record ProcessEventsStatus(
    boolean active, @Nullable String reason, int bufferBytes, ProcessLedger.Counts counts) {

  /** There are none, for a reason. */
  public static ProcessEventsStatus none(String reason) {
    return new ProcessEventsStatus(false, reason, 0, new ProcessLedger.Counts(0, 0, 0, 0, 0, 0));
  }
}
