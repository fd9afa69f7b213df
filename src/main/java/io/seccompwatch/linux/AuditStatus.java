package io.seccompwatch.linux;

import java.nio.ByteBuffer;

/**
 * How the kernel's audit is doing: {@code struct audit_status} of include/uapi/linux/audit.h, as
 * {@code auditctl -s} shows it. What a kernel does not tell because it is too old is {@value
 * #UNTOLD}.
 *
 * @param enabled 0 off, 1 on, 2 on and locked; seccomp records are written in each of them
 * @param failure what the kernel does when it cannot write a record: 0 nothing, 1 printk, 2 panic
 * @param pid the process that the records are given to, auditd mostly; 0 for none
 * @param rateLimit records that may be written per second; 0 for any number
 * @param backlogLimit records that may wait to be taken; 0 for any number
 * @param lost records lost since boot, as the kernel counts: those that printk suppressed, or that
 *     a multicast reader was too slow for, are not among them
 * @param backlog records that wait now
 * @param features bits of what the kernel can (AUDIT_FEATURE_BITMAP_*), before Linux 3.19 a version
 * @param backlogWaitTime jiffies that a process may be held up while the backlog is full
 * @param backlogWaitTimeActual jiffies that processes were held up since the number was reset
 */
public record AuditStatus(
    int enabled,
    int failure,
    long pid,
    long rateLimit,
    long backlogLimit,
    long lost,
    long backlog,
    long features,
    long backlogWaitTime,
    long backlogWaitTimeActual) {

  /** Of a field that the running kernel does not have. */
  public static final long UNTOLD = -1;

  // Behind the mask; the first kernels with audit had all up to backlog
  private static final int ENABLED_AT = 4;
  private static final int FAILURE_AT = 8;
  private static final int PID_AT = 12;
  private static final int RATE_LIMIT_AT = 16;
  private static final int BACKLOG_LIMIT_AT = 20;
  private static final int LOST_AT = 24;
  private static final int BACKLOG_AT = 28;
  private static final int FEATURES_AT = 32;
  private static final int BACKLOG_WAIT_TIME_AT = 36;
  private static final int BACKLOG_WAIT_TIME_ACTUAL_AT = 40;

  /**
   * Reads the structure, however much of it the kernel gave.
   *
   * @param answer in the machine's byte order
   * @param at where it begins
   * @param length bytes of it
   */
  static AuditStatus read(ByteBuffer answer, int at, int length) {
    return new AuditStatus(
        (int) field(answer, at, length, ENABLED_AT),
        (int) field(answer, at, length, FAILURE_AT),
        field(answer, at, length, PID_AT),
        field(answer, at, length, RATE_LIMIT_AT),
        field(answer, at, length, BACKLOG_LIMIT_AT),
        field(answer, at, length, LOST_AT),
        field(answer, at, length, BACKLOG_AT),
        field(answer, at, length, FEATURES_AT),
        field(answer, at, length, BACKLOG_WAIT_TIME_AT),
        field(answer, at, length, BACKLOG_WAIT_TIME_ACTUAL_AT));
  }

  private static long field(ByteBuffer answer, int at, int length, int field) {
    return field + Integer.BYTES <= length
        ? Integer.toUnsignedLong(answer.getInt(at + field))
        : UNTOLD;
  }
}
