package io.seccompwatch.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateDirectoryTest {

  private static final String KEY = "[a-z2-7]{8}";

  @TempDir Path parent = Path.of("");

  @Test
  void isMadeWhenItIsNotThere() {
    Path directory = parent.resolve("a/b");
    try (StateDirectory state = StateDirectory.open(directory)) {
      assertThat(state.problem()).isNull();
      assertThat(directory).isDirectory();
    }
  }

  @Test
  void isHeldByOneAtATime() {
    try (StateDirectory first = StateDirectory.open(parent)) {
      assertThat(first.problem()).isNull();
      assertThatThrownBy(() -> StateDirectory.open(parent).close())
          .isInstanceOf(AgentException.class)
          .hasMessage(
              "cannot start: %s is held by another seccomp-watch: stop it, or give another"
                  + " --state-dir",
              parent);
    }
    StateDirectory.open(parent).close();
  }

  @Test
  void whatCannotBeUsedIsAProblemAndNoEnd() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));
    for (Path unusable : new Path[] {file, file.resolve("below"), Path.of("/proc/nowhere")}) {
      try (StateDirectory state = StateDirectory.open(unusable)) {
        assertThat(state.problem()).startsWith(unusable + ": ").hasLineCount(1);
        assertThat(state.canaryKey(8)).matches(KEY);
      }
    }
  }

  @Test
  void theKeyIsMadeOnceAndKeptForItsOwnerAlone() throws IOException {
    String key;
    try (StateDirectory state = StateDirectory.open(parent)) {
      key = state.canaryKey(8);
    }
    assertThat(key).matches(KEY);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile())))
        .isEqualTo("rw-------");
    try (StateDirectory state = StateDirectory.open(parent)) {
      assertThat(state.canaryKey(8)).isEqualTo(key);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "short", "abcdefghi", "ABCDEFGH", "abc\0efgh", "abcdefg1", "\u00ff"})
  void aSpoiledKeyIsMadeAnew(String spoiled) throws IOException {
    Files.writeString(keyFile(), spoiled);
    try (StateDirectory state = StateDirectory.open(parent)) {
      String key = state.canaryKey(8);
      assertThat(key).matches(KEY);
      assertThat(keyFile()).hasContent(key);
    }
  }

  @Test
  void onlyTheFirstAgentFindsADirectoryThatWasNeverUsed() {
    try (StateDirectory first = StateDirectory.open(parent)) {
      assertThat(first.usedSince()).isNull();
    }
    try (StateDirectory second = StateDirectory.open(parent)) {
      assertThat(second.usedSince()).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"canary-key", "kmsg.checkpoint", "audit-log-1f.checkpoint.old", "records"})
  void eachOfItsFilesShowsThatAnAgentHasRun(String name) throws IOException {
    Files.createFile(parent.resolve(name));
    try (StateDirectory state = StateDirectory.open(parent)) {
      assertThat(state.usedSince()).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"canary-key", "lock"})
  void aFifoInAFilesPlaceMakesNobodyWait(String name) throws Exception {
    Path fifo = parent.resolve(name);
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    try (StateDirectory state = StateDirectory.open(parent)) {
      assertThat(state.canaryKey(8)).matches(KEY);
      assertThat(state.problem() != null).isEqualTo(name.equals("lock"));
    }
  }

  @Test
  void everyDirectoryHasAKeyOfItsOwn() {
    try (StateDirectory a = StateDirectory.open(parent.resolve("a"));
        StateDirectory b = StateDirectory.open(parent.resolve("b"))) {
      assertThat(a.canaryKey(8)).isNotEqualTo(b.canaryKey(8));
    }
  }

  private Path keyFile() {
    return parent.resolve("canary-key");
  }
}
