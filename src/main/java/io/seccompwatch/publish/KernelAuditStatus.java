package io.seccompwatch.publish;

import org.jspecify.annotations.Nullable;

/**
 * What the kernel's audit system last said of itself, as {@code auditctl -s} shows it.
 *
 * @param values its answer; null when it gave none
 * @param problem why there is none, in words with a remedy; null when there is one
 */
public record KernelAuditStatus(@Nullable Values values, @Nullable String problem) {

  /**
   * The answer ({@code struct audit_status}, include/uapi/linux/audit.h).
   *
   * @param enabled 0 off, 1 on, 2 on and locked
   * @param daemonPid the audit daemon's process; 0 for none
   * @param rateLimit records per second that may be written; 0 for any number
   * @param backlogLimit records that may wait for the daemon; 0 for any number
   * @param backlog records that wait
   * @param lost records of every type dropped since boot or {@code auditctl --reset-lost}
   */
  public record Values(
      int enabled, long daemonPid, long rateLimit, long backlogLimit, long backlog, long lost) {}

  /** Nobody has asked yet. */
  public static KernelAuditStatus notAsked() {
    return new KernelAuditStatus(null, "not asked yet");
  }
}
