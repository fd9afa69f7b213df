package io.seccompwatch.record;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What one line turned out to be. */
public sealed interface Line {

  /** A line that says nothing about seccomp; the most frequent answer by far, hence shared. */
  Line OTHER = Other.INSTANCE;

  /**
   * A seccomp record, whole and in its proper place.
   *
   * @param written for {@link LineForm#JOURNALD}, which has no stamp, the time at the line's
   *     beginning where that says all of it (RFC 3339, RFC 5424); else null
   * @param origin names that the line gives its node
   */
  record Recognised(
      SeccompRecord record, LineForm form, @Nullable Instant written, LineOrigin origin)
      implements Line {}

  /**
   * A line by which rsyslog says that a record without a stamp came so many times more, each a call
   * of its own ({@code message repeated N times: […]}).
   *
   * @param times at least 1, at most {@link SeccompRecord#UNSET}; a forger's choice, like the rest
   *     of the line
   */
  record Repeated(Recognised line, long times) implements Line {}

  /** A line that presents itself as a seccomp record and cannot be taken for one. */
  record Rejected(RejectReason reason, LineForm form) implements Line {}

  /**
   * A message of the kernel, auditd, rsyslog or journald that records were lost.
   *
   * @param origin names that the line gives its node
   */
  record Loss(LossNotice notice, LineOrigin origin) implements Line {}

  /** Anything else. */
  enum Other implements Line {
    /** The only one. */
    INSTANCE
  }

  /** The shapes in which a seccomp record reaches a file; each is recognised from column 0 only. */
  public enum LineForm {
    /** {@code [node=NAME ]type=SECCOMP msg=audit(…): …}: auditd's RAW and ENRICHED log formats. */
    AUDITD,
    /** {@code 5,SEQ,USEC,FLAGS;audit: type=1326 …}: a record of {@code /dev/kmsg}. */
    KMSG,
    /** {@code [ 1.234567] audit: type=1326 …}: printed by dmesg, or klog with its {@code <5>}. */
    KERNEL_TEXT,
    /** A syslog line (RFC 3164, 3339 or 5424) of the kernel itself: tag {@code kernel}, no PID. */
    SYSLOG_KERNEL,
    /** {@code … audit[PID]: SECCOMP …}: journald's rendering; it has no stamp and no serial. */
    JOURNALD,
    /** A syslog line of auditd's syslog plugin, which carries auditd's form. */
    AUDISP,
    /** {@code audit(…): …}: the text of a message of type 1326 on the kernel's audit socket. */
    NETLINK
  }

  /** Why a line that looks like a seccomp record is not counted as one; a closed set. */
  public enum RejectReason {
    /** The line ends within the record; printk cuts at 1,024 bytes. */
    TRUNCATED("truncated"),
    /** A field is missing, out of order, out of range or not encoded as the kernel does it. */
    MALFORMED("malformed"),
    /**
     * The line was not written by the kernel or by auditd: anybody can write it. Or it was brought
     * by syslog alone, while a source that cannot be forged was there and did not see it.
     */
    UNTRUSTED_ORIGIN("untrusted_origin"),
    /** {@code ausearch -i} or {@code interpret} output: names in place of numbers. */
    INTERPRETED("interpreted"),
    /** The line is longer than the reader's bound. */
    LINE_TOO_LONG("line_too_long"),
    /** The agent failed on the line, which is a defect of its own. */
    DEFECT("defect");

    private final String label;

    RejectReason(String label) {
      this.label = label;
    }

    /** The name that users see. */
    public String label() {
      return label;
    }
  }
}
