package io.seccompwatch.profile;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.profile.Visibility.Verdict;
import io.seccompwatch.record.SeccompAction;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which denials the kernel writes down: actions, the flag and {@code actions_logged}. */
class VisibilityTest {

  private static final String ALL =
      "kill_process kill_thread trap errno user_notif trace log allow\n";

  /** The last two columns: without the flag and with it, when actions_logged has the action. */
  @ParameterizedTest
  @CsvSource({
    "KILL_PROCESS, true,  true",
    "KILL_THREAD,  true,  true",
    "TRAP,         false, true",
    "ERRNO,        false, true",
    "USER_NOTIF,   false, true",
    "TRACE,        false, true",
    "LOG,          true,  true",
    "ALLOW,        false, false",
    "UNKNOWN,      true,  true",
  })
  void anActionIsSeenByItsKindTheFlagAndTheSetting(
      SeccompAction action, boolean without, boolean with) {
    Visibility all = Visibility.parse(ALL);
    assertThat(all.sees(action, false)).isEqualTo(without);
    assertThat(all.sees(action, true)).isEqualTo(with);
    Visibility others =
        new Visibility(
            EnumSet.complementOf(
                EnumSet.of(action == SeccompAction.UNKNOWN ? SeccompAction.KILL_PROCESS : action)));
    assertThat(others.sees(action, false)).isFalse();
    assertThat(others.sees(action, true)).isFalse();
  }

  @Test
  void theKernelsDefaultIsAllButAllow() {
    assertThat(Visibility.parse("kill_process kill_thread trap errno user_notif trace log\n"))
        .isEqualTo(Visibility.KERNEL_DEFAULT);
  }

  @ParameterizedTest
  @CsvSource({"''", "'\n'", "'unknown'", "'ERRNO, errno'", "'\u0000'"})
  void wordsThatAreNoActionsAreNone(String text) {
    assertThat(Visibility.parse(text).actionsLogged())
        .isEqualTo(text.startsWith("ERRNO") ? Set.of(SeccompAction.ERRNO) : Set.of());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALLOW              | false | all      | true  | the profile denies nothing",
        "ALLOW LOG          | false | all      | true  | the profile denies nothing",
        "ALLOW LOG          | false | none     | true  | the profile denies nothing; what it logs"
            + " is not written: actions_logged lacks log",
        "ERRNO ALLOW        | false | all      | false | the profile returns ERRNO without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
        "ERRNO ALLOW        | true  | all      | true  | the kernel writes down ERRNO",
        "KILL_PROCESS ALLOW | false | all      | true  | the kernel writes down KILL_PROCESS",
        "KILL_THREAD ERRNO  | false | all      | false | the profile returns ERRNO without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
        "TRAP TRACE         | false | all      | false | the profile returns TRAP, TRACE without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing",
        "KILL_PROCESS ERRNO | true  | noerrno  | false | kernel.seccomp.actions_logged lacks errno:"
            + " the kernel writes nothing of it",
        "KILL_PROCESS ERRNO | false | none     | false | the profile returns ERRNO without"
            + " SECCOMP_FILTER_FLAG_LOG: the kernel writes nothing;"
            + " kernel.seccomp.actions_logged lacks kill_process: the kernel writes nothing of it",
      })
  void allThatAProfileDeniesMustBeSeen(
      String actions, boolean logs, String setting, boolean visible, String reason) {
    Visibility visibility =
        switch (setting) {
          case "all" -> Visibility.parse(ALL);
          case "noerrno" -> Visibility.parse("kill_process kill_thread trap");
          default -> new Visibility(Set.of());
        };
    Set<SeccompAction> returned =
        Arrays.stream(actions.split(" ", -1))
            .map(SeccompAction::valueOf)
            .collect(Collectors.toSet());
    assertThat(visibility.judge(returned, logs)).isEqualTo(new Verdict(visible, reason));
  }

  /** The table and the verdict are of one mind, whatever the combination. */
  @Test
  void theVerdictIsTheSumOfItsActions() {
    List<SeccompAction> actions = List.of(SeccompAction.values());
    for (int listed = 0; listed < 1 << actions.size(); listed++) {
      Visibility visibility = new Visibility(subset(actions, listed));
      for (int returned = 0; returned < 1 << actions.size(); returned += 7) {
        Set<SeccompAction> of = subset(actions, returned);
        for (boolean logs : new boolean[] {false, true}) {
          boolean all =
              of.stream()
                  .filter(SeccompAction::denies)
                  .allMatch(action -> visibility.sees(action, logs));
          assertThat(visibility.judge(of, logs).visible()).isEqualTo(all);
        }
      }
    }
  }

  private static Set<SeccompAction> subset(List<SeccompAction> actions, int bits) {
    Set<SeccompAction> set = EnumSet.noneOf(SeccompAction.class);
    for (int i = 0; i < actions.size(); i++) {
      if ((bits >> i & 1) != 0) {
        set.add(actions.get(i));
      }
    }
    return set;
  }
}
