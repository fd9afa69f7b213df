package io.seccompwatch.linux;

import java.io.IOException;

/**
 * The kernel's audit cannot be asked or listened to from here; the message says why and what would
 * help, in one line.
 */
public final class AuditUnavailableException extends IOException {

  private static final long serialVersionUID = 1L;

  /** What stands in the way. */
  public enum Reason {
    /** A capability is missing. */
    NOT_PERMITTED,
    /** The process lives in another user namespace than the node's, where no capability helps. */
    USER_NAMESPACE,
    /** The process lives in another PID namespace than the node's. */
    PID_NAMESPACE,
    /** The process lives in another network namespace than the node's: nothing would ever come. */
    NETWORK_NAMESPACE,
    /** The kernel has no audit, or it is switched off for good; or this machine is not known. */
    UNSUPPORTED,
    /** Anything else; it may pass. */
    FAILED
  }

  private final Reason reason;

  /**
   * A refusal.
   *
   * @param reason what stands in the way
   * @param message the same in words, with what would help
   */
  public AuditUnavailableException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** What stands in the way. */
  public Reason reason() {
    return reason;
  }

  /** Whether trying again from the same process can help. */
  public boolean mayPass() {
    return reason == Reason.FAILED || reason == Reason.NOT_PERMITTED;
  }

  /**
   * Why a call on the audit socket failed.
   *
   * @param capability the capability that it takes, in words
   * @param pidNamespace whether it takes the node's PID namespace too
   */
  static AuditUnavailableException of(
      ErrnoException failure, String capability, boolean pidNamespace, OwnPrivileges standing) {
    String what = " (" + failure.getMessage() + ")";
    Errno errno = failure.errno();
    if (errno.equals(Errno.EPROTONOSUPPORT) || errno.equals(Errno.EAFNOSUPPORT)) {
      return new AuditUnavailableException(
          Reason.UNSUPPORTED,
          "this kernel has no audit: it was built without CONFIG_AUDIT or started with audit=0"
              + what);
    }
    if (errno.equals(Errno.ENOSYS)) {
      return new AuditUnavailableException(
          Reason.UNSUPPORTED, "not supported on " + Machine.describe() + what);
    }
    boolean denied = errno.equals(Errno.EPERM) || errno.equals(Errno.EACCES);
    // The kernel's way of saying no to another user namespace: audit_netlink_ok, kernel/audit.c
    if (errno.equals(Errno.ECONNREFUSED)
        || (denied && standing.user() == OwnPrivileges.Place.OTHER)) {
      return new AuditUnavailableException(
          Reason.USER_NAMESPACE,
          "another user namespace than the node's: give hostUsers: true and " + capability + what);
    }
    if (denied && pidNamespace && standing.pid() == OwnPrivileges.Place.OTHER) {
      return new AuditUnavailableException(
          Reason.PID_NAMESPACE,
          "another PID namespace than the node's: give hostPID and " + capability + what);
    }
    if (denied) {
      return new AuditUnavailableException(
          Reason.NOT_PERMITTED, "not permitted: give " + capability + what);
    }
    return new AuditUnavailableException(Reason.FAILED, "audit: " + failure.getMessage());
  }
}
