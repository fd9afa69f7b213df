package io.seccompwatch.doctor;

import io.seccompwatch.agent.SourceSelection.Chosen;
import io.seccompwatch.agent.SourceSpec.Kind;
import io.seccompwatch.linux.AuditStatus;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Why a source did not bring the canary, as far as the other checks can tell.
 *
 * @param actions what the kernel logs
 * @param kernel what it says of its audit system
 * @param anotherBrought whether another source brought it, so that the kernel wrote the record
 * @param auditLogBrought whether auditd's log was that
 */
record Silence(
    LoggedActions actions,
    KernelAudit kernel,
    Processes processes,
    boolean anotherBrought,
    boolean auditLogBrought) {

  /** A reason; {@code normal} when nothing needs to be done about it. */
  record Reason(boolean normal, String text) {}

  /** The most likely reason. */
  Reason of(Chosen chosen, @Nullable Instant fired) {
    if (!anotherBrought) {
      if (actions.silencesCanary()) {
        return new Reason(false, "kernel.seccomp.actions_logged lacks log");
      }
      if (kernel.excluding().isPresent()) {
        return new Reason(false, "an audit rule drops it: " + kernel.excluding().get().text());
      }
    }
    return chosen.kind() == Kind.AUDIT_LOG ? auditLog(chosen, fired) : kernelLog(chosen, fired);
  }

  private Reason auditLog(Chosen chosen, @Nullable Instant fired) {
    Instant written = FileAccess.lastWritten(chosen.path());
    String last = written == null ? "" : ", last written " + written;
    if (processes.ofNode() && processes.pid("auditd").isEmpty()) {
      return new Reason(anotherBrought, "nobody writes it: auditd does not run" + last);
    }
    boolean quiet = written != null && fired != null && written.isBefore(fired);
    return new Reason(
        false, quiet ? "nobody has written it since" + last : "auditd did not write it");
  }

  private Reason kernelLog(Chosen chosen, @Nullable Instant fired) {
    AuditStatus status = kernel.status();
    if (auditLogBrought || kernel.hasDaemon()) {
      String who = status == null ? "auditd" : "PID " + status.pid();
      return new Reason(
          true, "normal: " + who + " takes the records, and the kernel's log has none");
    }
    Instant written = FileAccess.lastWritten(chosen.path());
    if (chosen.kind() == Kind.SYSLOG
        && written != null
        && fired != null
        && written.isBefore(fired)) {
      return new Reason(false, "nobody has written it since, last written " + written);
    }
    return new Reason(
        false, "an audit daemon may take the records, or the log's rate limit dropped it");
  }
}
