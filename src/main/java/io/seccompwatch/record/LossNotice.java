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
}
