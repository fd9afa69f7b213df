package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Level;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoggedActionsTest {

  private static final String ALL = "kill_process kill_thread trap errno user_notif trace log";

  @TempDir private Path directory;

  private LoggedActions actions(String logged) {
    return new LoggedActions(
        new MadeNode(directory)
            .proc("sys/kernel/seccomp/actions_avail", ALL + " allow\n")
            .proc("sys/kernel/seccomp/actions_logged", logged + "\n")
            .files());
  }

  @ParameterizedTest
  @CsvSource({
    "kill_process kill_thread trap errno user_notif trace log, OK",
    "kill_process kill_thread trap user_notif trace log, PROBLEM",
    "kill_process kill_thread trap errno user_notif trace, PROBLEM",
    "log, BLIND",
    "'', BLIND"
  })
  void what_is_missing_decides(String logged, Level level) {
    assertThat(actions(logged).run().getFirst().level()).isEqualTo(level);
  }

  @Test
  void names_what_is_missing_and_the_command_that_mends_it() {
    Finding finding =
        actions("kill_process kill_thread trap user_notif trace log").run().getFirst();
    assertThat(finding.what()).isEqualTo("lacks errno: denials of that kind leave no record");
    assertThat(finding.remedy())
        .isEqualTo("sysctl -w kernel.seccomp.actions_logged=\"" + ALL + "\"");
  }

  @Test
  void tells_denials_from_logged_calls() {
    List<Finding> findings = actions("kill_process kill_thread trap user_notif trace").run();
    assertThat(findings).hasSize(2);
    assertThat(findings.getLast().what()).contains("nor does the canary");
    assertThat(actions("errno").silencesCanary()).isTrue();
    assertThat(actions("log").silencesCanary()).isFalse();
  }

  @Test
  void an_old_kernel_has_no_such_file() {
    LoggedActions none = new LoggedActions(new MadeNode(directory).files());
    assertThat(none.run()).singleElement().extracting(Finding::level).isEqualTo(Level.UNKNOWN);
    assertThat(none.silencesCanary()).isFalse();
  }
}
