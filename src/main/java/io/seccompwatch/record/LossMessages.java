package io.seccompwatch.record;

import static io.seccompwatch.record.Cursor.ascii;

import io.seccompwatch.record.LossNotice.Begun;
import io.seccompwatch.record.LossNotice.KernelReason;
import io.seccompwatch.record.LossNotice.KernelTotal;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.LossNotice.Lost;
import org.jspecify.annotations.Nullable;

/**
 * Recognises the messages by which the kernel ({@code kernel/audit.c}, {@code lib/ratelimit.c},
 * {@code kernel/printk/printk.c}), auditd ({@code auditd-event.c}, {@code auditd-dispatch.c}),
 * rsyslog ({@code runtime/ratelimit.c}) and journald ({@code journald-kmsg.c}, {@code
 * journald-rate-limit.c}) say that they dropped something. Each method expects the cursor where the
 * message begins.
 *
 * <p>{@code audit_backlog=N > audit_backlog_limit=M} and {@code *NO* daemon at audit_pid=} are no
 * notices: {@code audit_lost=} follows and has the loss. {@code Audit daemon rotating log files} is
 * none either: nothing is lost by it.
 */
final class LossMessages {

  private static final byte[] AUDIT_LOST = ascii("audit_lost=");
  private static final byte[] RATE_LIMIT = ascii(" audit_rate_limit=");
  private static final byte[] SUPPRESSED = ascii(" callbacks suppressed");
  private static final byte[] STARS = ascii("** ");
  private static final byte[] PRINTK_DROPPED = ascii(" printk messages dropped");
  private static final byte[] DAEMON_ERR = ascii("DAEMON_ERR op=format-");
  private static final byte[] MSG_LOST = ascii(" msg=lost");
  private static final byte[] RATE_LIMITED = ascii(" messages lost due to rate-limiting");
  private static final byte[] BEGIN_TO_DROP =
      ascii(": begin to drop messages due to rate-limiting");
  private static final byte[] JOURNAL_SUPPRESSED = ascii("Suppressed ");
  private static final byte[] FROM = ascii(" messages from ");
  private static final byte[] MESSAGES = ascii(" messages");
  private static final byte[] KERNEL_MESSAGES = ascii(" kernel messages");
  private static final byte[] JOURNAL_MISSED = ascii("Missed ");
  private static final byte[] JOURNAL_FORWARDING = ascii("Forwarding to syslog missed ");
  private static final byte[] JOURNAL_OVERRUN = ascii("/dev/kmsg buffer overrun");

  private static final class Reason {
    private final byte[] text;
    private final KernelReason notice;

    Reason(String text, LossReason reason, boolean numbered) {
      this.text = ascii(text);
      this.notice = new KernelReason(reason, numbered);
    }
  }

  /** What {@code audit_log_lost} is given, by kernels since 3.8. */
  private static final Reason[] KERNEL_REASONS = {
    new Reason("rate limit exceeded", LossReason.KERNEL_RATE_LIMIT, true),
    new Reason("backlog limit exceeded", LossReason.KERNEL_BACKLOG, false),
    new Reason("kauditd hold queue overflow", LossReason.KERNEL_BACKLOG, true),
    new Reason("kauditd retry queue overflow", LossReason.KERNEL_BACKLOG, true),
    new Reason("out of memory in audit_log_start", LossReason.OUT_OF_MEMORY, false),
    // audit_expand, audit_log_vformat, before 4.10 audit_log_move: the record had begun
    new Reason("out of memory in audit_", LossReason.OUT_OF_MEMORY, true),
    new Reason("printk limit exceeded", LossReason.PRINTK_SUPPRESSED, true),
    new Reason("auditd disappeared", LossReason.AUDITD, true),
  };

  /**
   * Who asks {@code printk_ratelimit()} in the audit system. One limit serves all who ask, and the
   * line has the name of whoever asks first when it opens again.
   */
  private static final byte[][] SUPPRESSED_BY = {
    ascii("kauditd_printk_skb: "),
    ascii("audit_printk_skb: "),
    ascii("audit_log_start: "),
    ascii("audit_log_lost: "),
    ascii("audit_panic: "),
  };

  /** What auditd says of itself; each means one event at the least. */
  private static final byte[][] AUDITD = {
    ascii("queue to plugins is full - dropping event"),
    ascii("queue is full - dropping event"),
    ascii("dispatch err (pipe full) event lost"),
    ascii("Audit daemon is suspending logging due to "),
    ascii("Audit daemon has no space left on logging partition"),
    ascii(
        "The audit daemon is now changing the system to single user mode due to no space left on"),
    ascii("The audit daemon is now halting the system due to no space left on logging partition"),
    ascii("The audit daemon is now changing the system to single user mode due to previously men"),
    ascii("The audit daemon is now halting the system due to previously mentioned write error"),
    ascii("write: Audit daemon detected an error writing an event to disk"),
    ascii("flush: Audit daemon detected an error writing an event to disk"),
  };

  private final Cursor in;

  LossMessages(Cursor in) {
    this.in = in;
  }

  /** After the kernel's {@code audit: }. */
  @Nullable LossNotice kernelAudit() {
    if (in.skip(AUDIT_LOST)) {
      long total = in.decimal(SeccompRecord.UNSET);
      boolean limited = in.skip(RATE_LIMIT) && in.decimal(SeccompRecord.UNSET) > 0;
      return total > 0 ? new KernelTotal(total, limited) : null;
    }
    for (Reason reason : KERNEL_REASONS) {
      if (in.startsWith(reason.text)) {
        return reason.notice;
      }
    }
    return null;
  }

  /** In the kernel log, outside the audit subsystem. */
  @Nullable LossNotice kernel() {
    for (byte[] name : SUPPRESSED_BY) {
      if (in.skip(name)) {
        return counted(LossReason.PRINTK_SUPPRESSED, SUPPRESSED);
      }
    }
    return in.skip(STARS) ? counted(LossReason.PRINTK_SUPPRESSED, PRINTK_DROPPED) : null;
  }

  /** After auditd's {@code type=}. */
  @Nullable LossNotice auditd() {
    if (in.startsWith(DAEMON_ERR)) {
      return new Lost(LossReason.AUDITD, 1);
    }
    int blank = in.indexOf(' ');
    return blank > 0 && in.matches(MSG_LOST, blank) ? new Lost(LossReason.AUDITD, 1) : null;
  }

  /** After the syslog tag of auditd or its dispatcher. */
  @Nullable LossNotice auditdSaying() {
    for (byte[] text : AUDITD) {
      if (in.startsWith(text)) {
        return new Lost(LossReason.AUDITD, 1);
      }
    }
    return null;
  }

  /** After the syslog tag of systemd-journald. */
  @Nullable LossNotice journald() {
    if (in.startsWith(JOURNAL_OVERRUN)) {
      return new Begun(LossReason.SOCKET_OVERRUN); // "Missed N kernel messages" has the number
    }
    if (in.skip(JOURNAL_SUPPRESSED)) {
      return counted(LossReason.SYSLOG_RATE_LIMIT, FROM);
    }
    if (in.skip(JOURNAL_MISSED)) {
      return counted(LossReason.SOCKET_OVERRUN, KERNEL_MESSAGES);
    }
    return in.skip(JOURNAL_FORWARDING) ? counted(LossReason.SOCKET_OVERRUN, MESSAGES) : null;
  }

  /**
   * After the syslog tag of rsyslogd, which names its module first, then whom it limits: {@code
   * imuxsock[pid N] from <NAME>: …}, {@code imjournal: N messages …}. NAME is a user's choice: what
   * counts is the line's end.
   */
  @Nullable LossNotice rsyslogd() {
    if (in.matches(BEGIN_TO_DROP, in.end() - BEGIN_TO_DROP.length)) {
      return new Begun(LossReason.SYSLOG_RATE_LIMIT);
    }
    int start = in.position();
    for (int at = in.end() - RATE_LIMITED.length; at > start; at--) {
      if (in.matches(RATE_LIMITED, at)) {
        int from = at;
        while (from > start && Cursor.isDigit(in.byteAt(from - 1))) {
          from--;
        }
        in.moveTo(from);
        return counted(LossReason.SYSLOG_RATE_LIMIT, RATE_LIMITED);
      }
    }
    return null;
  }

  private @Nullable LossNotice counted(LossReason reason, byte[] after) {
    long count = in.decimal(SeccompRecord.UNSET);
    return count > 0 && in.startsWith(after) ? new Lost(reason, count) : null;
  }
}
