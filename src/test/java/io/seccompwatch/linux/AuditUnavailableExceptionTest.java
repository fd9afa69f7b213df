package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditControl.AuditUnavailableException.Reason;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.linux.OwnPrivileges.Place;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuditUnavailableExceptionTest {

  @ParameterizedTest
  @CsvSource({
    "1, INITIAL, INITIAL, NOT_PERMITTED, not permitted: give CAP_X (bind: EPERM)",
    "13, UNKNOWN, UNKNOWN, NOT_PERMITTED, not permitted: give CAP_X (bind: EACCES)",
    "1, INITIAL, OTHER, PID_NAMESPACE, another PID namespace than the node's: give hostPID and"
        + " CAP_X (bind: EPERM)",
    "1, OTHER, OTHER, USER_NAMESPACE, 'another user namespace than the node''s: give hostUsers:"
        + " true and CAP_X (bind: EPERM)'",
    "111, UNKNOWN, INITIAL, USER_NAMESPACE, 'another user namespace than the node''s: give"
        + " hostUsers: true and CAP_X (bind: ECONNREFUSED)'",
    "93, INITIAL, INITIAL, UNSUPPORTED, this kernel has no audit: it was built without CONFIG_AUDIT"
        + " or started with audit=0 (bind: EPROTONOSUPPORT)",
    "12, INITIAL, INITIAL, FAILED, audit: bind: ENOMEM",
  })
  void saysWhyAndWhatWouldHelp(int errno, Place user, Place pid, Reason reason, String message) {
    AuditUnavailableException exception =
        AuditUnavailableException.of(
            new ErrnoException("bind", new Errno(errno)),
            "CAP_X",
            true,
            new OwnPrivileges(user, pid, Place.INITIAL, 0));
    assertThat(exception.reason()).isEqualTo(reason);
    assertThat(exception).hasMessage(message);
  }
}
