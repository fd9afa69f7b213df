package io.seccompwatch.doctor;

import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.linux.AuditControl.AuditStatus;
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
record CanaryDiagnosis(
    LoggedActions actions,
    AuditState kernel,
    Processes processes,
    boolean anotherBrought,
    boolean auditLogBrought) {

  private static final String SAID_ABOVE = "mend it as said above";

  /**
   * A reason.
   *
   * @param remedy what to do; null when it is as it should be
   */
  record Reason(String text, @Nullable String remedy) {

    boolean isNormal() {
      return remedy == null;
    }
  }

  /** The most likely reason. */
  Reason of(Chosen chosen, @Nullable Instant fired) {
    if (!anotherBrought) {
      if (actions.silencesCanary()) {
        return new Reason("kernel.seccomp.actions_logged lacks log", SAID_ABOVE);
      }
      if (kernel.excluding().isPresent()) {
        return new Reason("an audit rule drops it: " + kernel.excluding().get().text(), SAID_ABOVE);
      }
    }
    return switch (chosen.kind()) {
      case AUDIT_LOG -> auditLog(chosen, fired);
      case SYSLOG, KMSG -> kernelLog(chosen, fired);
      case AUDIT_NETLINK, AUTO ->
          new Reason(
              "the kernel sent nothing: this may not be the machine's network namespace",
              "hostNetwork: true; on a node that is itself a container (kind, minikube, k3d) read"
                  + " kmsg");
    };
  }

  private Reason auditLog(Chosen chosen, @Nullable Instant fired) {
    Instant written = FileReadability.lastWritten(chosen.path());
    String last = written == null ? "" : ", last written " + written;
    if (processes.ofNode() && processes.pid("auditd").isEmpty()) {
      return new Reason(
          "nobody writes it: auditd does not run" + last,
          anotherBrought ? null : "start auditd, or read another source");
    }
    boolean quiet = written != null && fired != null && written.isBefore(fired);
    return new Reason(
        quiet ? "nobody has written it since" + last : "auditd did not write it",
        "see that auditd runs and has room, or read another source");
  }

  private Reason kernelLog(Chosen chosen, @Nullable Instant fired) {
    AuditStatus status = kernel.status();
    if (auditLogBrought || kernel.hasDaemon()) {
      String who = status == null ? "auditd" : "PID " + status.pid();
      String text = who + " takes the records, and the kernel's log has none";
      return anotherBrought
          ? new Reason("normal: " + text, null)
          : new Reason(text, "read audit-log, or audit-netlink");
    }
    Instant written = FileReadability.lastWritten(chosen.path());
    if (chosen.kind() == Kind.SYSLOG
        && written != null
        && fired != null
        && written.isBefore(fired)) {
      return new Reason(
          "nobody has written it since, last written " + written,
          "start the daemon that writes it, or read another source");
    }
    return new Reason(
        "an audit daemon may take the records, or the log's rate limit dropped it",
        "read audit-log, or audit-netlink");
  }
}
