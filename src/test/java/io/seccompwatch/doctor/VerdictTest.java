package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Section;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerdictTest {

  private static final CanaryResult SEEN = new CanaryResult("audit-log", "/a", true, 3L, null);
  private static final CanaryResult SILENT =
      new CanaryResult("kmsg", "/dev/kmsg", true, null, "actions_logged lacks log");
  private static final CanaryResult CLOSED =
      new CanaryResult("syslog", "/s", false, null, "permission denied");
  private static final Finding PROBLEM =
      Finding.problem(Section.AUDIT, "backlog", "small", "raise");

  @Test
  void one_source_is_enough_and_problems_do_not_blind() {
    Verdict verdict = Verdict.of(List.of(PROBLEM), List.of(SEEN, SILENT, CLOSED), null, 0, 0);
    assertThat(verdict.isBlind()).isFalse();
    assertThat(verdict.text())
        .isEqualTo("records come through audit-log; no container is known here");
  }

  @Test
  void containers_that_are_not_seen_come_first() {
    assertThat(Verdict.of(List.of(), List.of(SEEN), null, 32, 27).text())
        .isEqualTo(
            "NOT SEEN: denials of 27 of 32 containers may leave no trace; records come through"
                + " audit-log");
    assertThat(Verdict.of(List.of(), List.of(SEEN), null, 32, 0).text())
        .isEqualTo("denials of all 32 containers are seen; records come through audit-log");
  }

  @Test
  void blind_when_no_source_brought_it() {
    assertThat(Verdict.of(List.of(), List.of(SILENT, CLOSED), null, 0, 0).text())
        .isEqualTo(
            "BLIND: no source brought the canary; kmsg: actions_logged lacks log; syslog:"
                + " permission denied");
  }

  @Test
  void blind_when_none_can_be_read_or_there_is_none() {
    assertThat(Verdict.of(List.of(), List.of(CLOSED), null, 0, 0).text())
        .isEqualTo("BLIND: no source can be read; syslog: permission denied");
    assertThat(Verdict.of(List.of(), List.of(), null, 0, 0).isBlind()).isTrue();
  }

  @Test
  void blind_when_nothing_could_be_proven() {
    assertThat(Verdict.of(List.of(), List.of(SILENT), "seccomp: EPERM: allow it", 0, 0).text())
        .isEqualTo("BLIND: nothing is proven, the canary could not be fired");
  }

  @Test
  void blind_when_denials_are_dropped_although_the_canary_came() {
    Finding lacks = Finding.blind(Section.KERNEL, "actions_logged", "lacks errno", "sysctl");
    Verdict verdict = Verdict.of(List.of(lacks), List.of(SEEN), null, 0, 0);
    assertThat(verdict.isBlind()).isTrue();
    assertThat(verdict.text()).isEqualTo("BLIND: actions_logged: lacks errno");
  }
}
