package io.seccompwatch.doctor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the kernel itself says of its audit system; asking takes CAP_AUDIT_CONTROL. */
@FunctionalInterface
interface KernelAudit {

  /** Asks. */
  Answer ask();

  /**
   * What it said.
   *
   * @param status null when it did not say
   * @param excluding its rules that exclude seccomp's records, as auditctl prints them
   * @param why why it said nothing, or nothing of its rules; null when it said all
   */
  record Answer(@Nullable Status status, List<String> excluding, @Nullable String why) {

    /** Copies the list. */
    public Answer {
      excluding = List.copyOf(excluding);
    }

    /** Whether anybody is registered for the records, so that the kernel's log has none. */
    boolean hasDaemon() {
      return status != null && status.pid() != 0;
    }
  }

  /**
   * {@code struct audit_status} of include/uapi/linux/audit.h.
   *
   * @param enabled 0 off, 1 on, 2 locked
   * @param pid who gets the records, in our PID namespace; 0 for nobody
   * @param rateLimit records a second, 0 for any number
   * @param backlogLimit records that may wait
   * @param lost records lost since boot
   * @param backlog records that wait
   */
  record Status(
      long enabled, long pid, long rateLimit, long backlogLimit, long lost, long backlog) {}
}
