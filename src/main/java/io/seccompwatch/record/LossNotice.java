package io.seccompwatch.record;

/** A message that says, or explains, that records were lost. */
public sealed interface LossNotice {

  /**
   * So many messages were lost since the last notice of this kind.
   *
   * @param reason who lost them
   * @param count how many messages the notice speaks of, audit records of every type among them; 1
   *     when it gives no number
   */
  record Lost(LossReason reason, long count) implements LossNotice {}

  /**
   * Messages are being lost from now on; how many, a later {@link Lost} of this reason says, if it
   * comes.
   *
   * @param reason who loses them
   */
  record Begun(LossReason reason) implements LossNotice {}

  /**
   * The kernel's {@code audit_lost=}: audit records of every type that it has dropped since it was
   * booted or since {@code auditctl --reset-lost}. Why, the next line says ({@link KernelReason}).
   *
   * @param total the count, 32 bits without sign
   * @param rateLimited whether a rate limit is set ({@code audit_rate_limit=} above 0)
   */
  record KernelTotal(long total, boolean rateLimited) implements LossNotice {}

  /**
   * The line that follows {@link KernelTotal} and says why the last of these records was dropped.
   * No loss of its own: the total has it.
   *
   * @param reason why
   * @param numbered whether the record had its serial already, so that its loss shows as a gap, too
   */
  record KernelReason(LossReason reason, boolean numbered) implements LossNotice {}

  /**
   * Why records are known to be lost before the agent could read them; a closed set, used as a
   * metric label.
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
}
