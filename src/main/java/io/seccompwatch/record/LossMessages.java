package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

import org.jspecify.annotations.Nullable;

/**
 * Recognises the messages by which the kernel ({@code kernel/audit.c}, {@code
 * kernel/printk/printk.c}), auditd, rsyslog and journald say that they dropped something. Each
 * method expects the cursor where the message begins.
 *
 * <p>The kernel's lines that only explain {@code audit_lost=} (backlog limit exceeded …) are no
 * notices of their own: they follow it, and would count the same loss again.
 */
final class LossMessages {

  private static final byte[] AUDIT_LOST = ascii("audit_lost=");
  private static final byte[] RATE_LIMIT = ascii(" audit_rate_limit=");
  private static final byte[] DISAPPEARED = ascii("auditd disappeared");
  private static final byte[] NO_DAEMON = ascii("*NO* daemon at audit_pid=");
  private static final byte[] PRINTK_SKB = ascii("kauditd_printk_skb: ");
  private static final byte[] OLD_PRINTK_SKB = ascii("audit_printk_skb: ");
  private static final byte[] LOG_START = ascii("audit_log_start: ");
  private static final byte[] SUPPRESSED = ascii(" callbacks suppressed");
  private static final byte[] STARS = ascii("** ");
  private static final byte[] PRINTK_DROPPED = ascii(" printk messages dropped");
  private static final byte[] DAEMON_ERR = ascii("DAEMON_ERR op=format-");
  private static final byte[] MSG_LOST = ascii(" msg=lost");
  private static final byte[] QUEUE_FULL = ascii("queue to plugins is full");
  private static final byte[] DISPATCH_ERR = ascii("dispatch err (pipe full) event lost");
  private static final byte[] SUSPENDING = ascii("Audit daemon is suspending logging");
  private static final byte[] BEGIN_TO_DROP = ascii("begin to drop");
  private static final byte[] MESSAGES_LOST = ascii("messages lost due to rate-limiting");
  private static final byte[] JOURNAL_SUPPRESSED = ascii("Suppressed ");
  private static final byte[] JOURNAL_MISSED = ascii("Missed ");
  private static final byte[] JOURNAL_OVERRUN = ascii("/dev/kmsg buffer overrun");

  private final Cursor in;

  LossMessages(Cursor in) {
    this.in = in;
  }

  /** After the kernel's {@code audit: }. */
  @Nullable LossNotice kernelAudit() {
    if (in.skip(AUDIT_LOST)) {
      long total = in.decimal(SeccompRecord.UNSET);
      boolean limited = in.skip(RATE_LIMIT) && in.decimal(SeccompRecord.UNSET) > 0;
      LossReason reason = limited ? LossReason.KERNEL_RATE_LIMIT : LossReason.KERNEL_BACKLOG;
      return total > 0 ? new LossNotice(reason, total, true) : null;
    }
    if (in.startsWith(DISAPPEARED) || in.startsWith(NO_DAEMON)) {
      return new LossNotice(LossReason.AUDITD, 1, false);
    }
    return null;
  }

  /** In the kernel log, outside the audit subsystem. */
  @Nullable LossNotice kernel() {
    if (in.skip(PRINTK_SKB) || in.skip(OLD_PRINTK_SKB) || in.skip(LOG_START)) {
      return counted(SUPPRESSED);
    }
    return in.skip(STARS) ? counted(PRINTK_DROPPED) : null;
  }

  /** After auditd's {@code type=}. */
  @Nullable LossNotice auditd() {
    if (in.startsWith(DAEMON_ERR)) {
      return new LossNotice(LossReason.AUDITD, 1, false);
    }
    int blank = in.indexOf(' ');
    if (blank > 0 && in.matches(MSG_LOST, blank)) {
      return new LossNotice(LossReason.AUDITD, 1, false);
    }
    return null;
  }

  /** After the syslog tag of auditd, rsyslogd or systemd-journald. */
  @Nullable LossNotice daemon() {
    if (in.startsWith(QUEUE_FULL) || in.startsWith(DISPATCH_ERR) || in.startsWith(SUSPENDING)) {
      return new LossNotice(LossReason.AUDITD, 1, false);
    }
    if (in.startsWith(JOURNAL_OVERRUN)) {
      return new LossNotice(LossReason.SOCKET_OVERRUN, 1, false);
    }
    if (in.skip(JOURNAL_SUPPRESSED)) {
      return new LossNotice(LossReason.SYSLOG_RATE_LIMIT, Math.max(1, leadingNumber()), false);
    }
    if (in.skip(JOURNAL_MISSED)) {
      return new LossNotice(LossReason.SOCKET_OVERRUN, Math.max(1, leadingNumber()), false);
    }
    return rsyslog();
  }

  /**
   * rsyslog names its module first: {@code imuxsock[pid N]: …}, {@code imjournal: N messages …}.
   */
  private @Nullable LossNotice rsyslog() {
    int start = in.position();
    for (int at = start; at < in.end(); at++) {
      if (in.matches(BEGIN_TO_DROP, at)) {
        return new LossNotice(LossReason.SYSLOG_RATE_LIMIT, 1, false);
      }
      if (in.matches(MESSAGES_LOST, at)) {
        return new LossNotice(LossReason.SYSLOG_RATE_LIMIT, numberBefore(start, at), false);
      }
    }
    return null;
  }

  private long numberBefore(int start, int at) {
    int from = at - 1;
    while (from > start && Cursor.isDigit(in.byteAt(from - 1))) {
      from--;
    }
    in.moveTo(from);
    return Math.max(1, leadingNumber());
  }

  private @Nullable LossNotice counted(byte[] after) {
    long count = in.decimal(SeccompRecord.UNSET);
    return count > 0 && in.startsWith(after)
        ? new LossNotice(LossReason.PRINTK_SUPPRESSED, count, false)
        : null;
  }

  private long leadingNumber() {
    return in.decimal(SeccompRecord.UNSET);
  }
}
