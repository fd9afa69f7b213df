package io.seccompwatch.record;

/** What one line turned out to be. */
public sealed interface Line {

  /** A line that says nothing about seccomp; the most frequent answer by far, hence shared. */
  Line OTHER = Other.INSTANCE;

  /** A seccomp record, whole and in its proper place. */
  record Recognised(SeccompRecord record, LineForm form) implements Line {}

  /** A line that presents itself as a seccomp record and cannot be taken for one. */
  record Rejected(RejectReason reason, LineForm form) implements Line {}

  /** A message of the kernel, auditd, rsyslog or journald that records were lost. */
  record Loss(LossNotice notice) implements Line {}

  /** Anything else. */
  enum Other implements Line {
    /** The only one. */
    INSTANCE
  }
}
