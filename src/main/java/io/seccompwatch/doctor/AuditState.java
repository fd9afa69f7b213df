package io.seccompwatch.doctor;

import io.seccompwatch.linux.AuditControl;
import io.seccompwatch.linux.AuditControl.AuditStatus;
import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditRule;
import io.seccompwatch.posture.AuditView;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel itself says of its audit system; asking takes CAP_AUDIT_CONTROL.
 *
 * @param status null when it did not say
 * @param rules empty when it did not say
 * @param why why it did not say all; null when it did
 */
record AuditState(@Nullable AuditStatus status, List<AuditRule> rules, @Nullable String why) {

  AuditState {
    rules = List.copyOf(rules);
  }

  /** Asks it. */
  static AuditState ask() {
    AuditStatus status = null;
    try {
      status = AuditControl.status();
      return new AuditState(status, AuditControl.rules(), null);
    } catch (AuditUnavailableException e) {
      return new AuditState(status, List.of(), e.getMessage());
    }
  }

  /** Whether anybody is registered for the records, so that the kernel's log has none. */
  boolean hasDaemon() {
    return status != null && status.pid() != 0;
  }

  /** A rule that drops every record of seccomp's. */
  Optional<AuditRule> excluding() {
    return rules.stream().filter(AuditRule::excludesSeccomp).findFirst();
  }

  /**
   * What the rules mean for the visibility of denials.
   *
   * @param heard whether a canary has come through, which shows that no rule drops all records
   */
  AuditView view(boolean heard) {
    return why == null ? AuditView.of(rules) : AuditView.unread(why, heard);
  }
}
