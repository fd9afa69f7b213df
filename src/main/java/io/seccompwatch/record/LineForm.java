package io.seccompwatch.record;

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
