package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.profile.Visibility;
import io.seccompwatch.record.SeccompAction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the agent says can be seen of a filter is what this kernel really writes down. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class ActionVisibilityTest {

  private static final Path ACTIONS_LOGGED = Path.of("/proc/sys/kernel/seccomp/actions_logged");

  @TempDir private Path directory = Path.of("");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kill_process kill_thread trap errno user_notif trace log",
        "kill_process kill_thread log",
        "kill_process trap errno",
        "kill_thread user_notif trace",
      })
  void anActionIsSeenWhenTheKernelWritesItDown(String actionsLogged) throws IOException {
    Command.needs("gcc", "gcc libc6-dev");
    Path program = Probe.actions();
    String before = Files.readString(ACTIONS_LOGGED);
    try {
      Files.writeString(ACTIONS_LOGGED, actionsLogged);
      Visibility visibility = Visibility.parse(Files.readString(ACTIONS_LOGGED));
      List<String> written = Command.run(directory, List.of(program.toString())).lines().toList();

      assertThat(written)
          .containsExactlyInAnyOrderElementsOf(
              Stream.of(SeccompAction.values())
                  .flatMap(a -> Stream.of(told(visibility, a, false), told(visibility, a, true)))
                  .toList());
    } finally {
      Files.writeString(ACTIONS_LOGGED, before);
    }
  }

  private static String told(Visibility visibility, SeccompAction action, boolean flag) {
    String seen = visibility.sees(action, flag) ? "record" : "silent";
    return action.label() + (flag ? " 1 " : " 0 ") + seen;
  }
}
