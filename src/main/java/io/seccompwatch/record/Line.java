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
}
