package io.seccompwatch.record;

/**
 * Why records are known to be lost before the agent could read them; a closed set, used as a metric
 * label.
 */
public enum LossReason {
  /** The kernel's audit rate limit ({@code audit_rate_limit}) dropped records. */
  KERNEL_RATE_LIMIT("kernel_rate_limit"),
  /** The kernel's audit queue was full ({@code audit_backlog_limit}, hold and retry queues). */
  KERNEL_BACKLOG("kernel_backlog"),
  /** printk's rate limit kept audit records out of the kernel log. */
  PRINTK_SUPPRESSED("printk_suppressed"),
  /** Serials of a complete stream were missing. */
  SERIAL_GAP("serial_gap"),
  /** The reader of the kernel's ring or socket was overrun. */
  SOCKET_OVERRUN("socket_overrun"),
  /** Bytes of a followed file were destroyed or moved away before they were read. */
  ROTATION("rotation"),
  /** rsyslog or journald dropped messages by their rate limits. */
  SYSLOG_RATE_LIMIT("syslog_rate_limit"),
  /** auditd could not write or pass on a record. */
  AUDITD("auditd"),
  /** The kernel had no memory to build a record. */
  OUT_OF_MEMORY("out_of_memory");

  private final String label;

  LossReason(String label) {
    this.label = label;
  }

  /** The name that users see. */
  public String label() {
    return label;
  }
}
