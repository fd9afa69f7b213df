package io.seccompwatch.record;

/** Why a line that looks like a seccomp record is not counted as one; a closed set. */
public enum RejectReason {
  /** The line ends within the record; printk cuts at 1,024 bytes. */
  TRUNCATED("truncated"),
  /** A field is missing, out of order, out of range or not encoded as the kernel does it. */
  MALFORMED("malformed"),
  /**
   * The line was not written by the kernel or by auditd: anybody can write it. Or it was brought by
   * syslog alone, while a source that cannot be forged was there and did not see it.
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
