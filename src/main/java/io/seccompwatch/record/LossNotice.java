package io.seccompwatch.record;

/**
 * A message that says records were lost.
 *
 * @param reason who lost them
 * @param count how many messages the notice speaks of, audit records of every type among them; 1
 *     when it gives no number
 * @param cumulative whether {@code count} is a total since boot ({@code audit_lost=}) and not the
 *     loss since the last notice
 */
public record LossNotice(LossReason reason, long count, boolean cumulative) {}
