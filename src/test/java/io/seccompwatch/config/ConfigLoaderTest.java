package io.seccompwatch.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where values come from: flag over environment over file over default. */
class ConfigLoaderTest {

  private Path file = Path.of("");

  @BeforeEach
  void inADirectoryOfItsOwn(@TempDir Path directory) {
    file = directory.resolve("config.yaml");
  }

  @ParameterizedTest
  @EnumSource(RunOption.class)
  void everyOptionIsAFlagAVariableAndAKey(RunOption option) throws IOException {
    String variable = "SECCOMP_WATCH_" + option.key().toUpperCase(Locale.ROOT).replace('-', '_');
    assertThat(ConfigLoader.merge(Map.of(option, List.of("a")), Map.of(), null))
        .isEqualTo(Map.of(option, List.of("a")));
    assertThat(ConfigLoader.merge(Map.of(), Map.of(variable, "b"), null))
        .isEqualTo(Map.of(option, List.of("b")));
    Files.writeString(file, option.key() + ": c\n");
    assertThat(ConfigLoader.merge(Map.of(), Map.of(), file))
        .isEqualTo(Map.of(option, List.of("c")));
  }

  @ParameterizedTest
  @EnumSource(RunOption.class)
  void theStrongerOneWins(RunOption option) throws IOException {
    Files.writeString(file, option.key() + ": c\n");
    Map<String, String> environment = Map.of(option.variable(), "b");
    assertThat(ConfigLoader.merge(Map.of(option, List.of("a")), environment, file))
        .containsEntry(option, List.of("a"));
    assertThat(ConfigLoader.merge(Map.of(), environment, file)).containsEntry(option, List.of("b"));
    assertThat(ConfigLoader.merge(Map.of(option, List.of()), environment, file))
        .containsEntry(option, List.of("b"));
  }

  @Test
  void whatOneGivesDoesNotHideWhatAnotherGives() throws IOException {
    Files.writeString(file, "proc: /p\ncgroup: /c\n");
    assertThat(
            ConfigLoader.merge(
                Map.of(RunOption.LISTEN, List.of("l:1")),
                Map.of("SECCOMP_WATCH_PROC", "/host/proc", "PROC", "x"),
                file))
        .isEqualTo(
            Map.of(
                RunOption.LISTEN, List.of("l:1"),
                RunOption.PROC, List.of("/host/proc"),
                RunOption.CGROUP, List.of("/c")));
  }

  @Test
  void severalSourcesAreAListInTheFileAndCommasInTheVariable() throws IOException {
    Files.writeString(file, "source:\n- audit-log=/a\n- kmsg\n");
    assertThat(ConfigLoader.merge(Map.of(), Map.of(), file))
        .containsEntry(RunOption.SOURCE, List.of("audit-log=/a", "kmsg"));
    assertThat(ConfigLoader.merge(Map.of(), Map.of("SECCOMP_WATCH_SOURCE", "syslog, kmsg"), file))
        .containsEntry(RunOption.SOURCE, List.of("syslog", "kmsg"));
  }

  /** Kubernetes makes such for a Service of the agent's name; a chart may leave one empty. */
  @Test
  void variablesThatAreNoOptionOrEmptyAreLeftAlone() {
    assertThat(
            ConfigLoader.merge(
                Map.of(),
                Map.of(
                    "SECCOMP_WATCH_SERVICE_HOST", "10.0.0.1",
                    "SECCOMP_WATCH_PORT", "tcp://10.0.0.1:9326",
                    "SECCOMP_WATCH_NODE_NAME", "",
                    "SECCOMP_WATCH_CANARY", "  "),
                null))
        .isEmpty();
  }

  /** Kubernetes makes these for Services whose names begin as ours does. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "SECCOMP_WATCH_SERVICE_PORT",
        "SECCOMP_WATCH_SERVICE_PORT_METRICS",
        "SECCOMP_WATCH_PORT_9326_TCP",
        "SECCOMP_WATCH_PORT_9326_TCP_ADDR",
        "SECCOMP_WATCH_EU_SERVICE_HOST",
        "SECCOMP_WATCH_JAVA_OPTS",
        "SECCOMP_WATCH_POD_UID",
        "SECCOMP_WATCH_CONFIG",
        "SECCOMPWATCH_CANARY",
      })
  void aVariableOfAServiceIsNoneOfOurs(String variable) {
    assertThat(ConfigLoader.merge(Map.of(), Map.of(variable, "x"), null)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "SECCOMP_WATCH_CANRY,        did you mean 'SECCOMP_WATCH_CANARY'?",
    "SECCOMP_WATCH_SOURCES,      did you mean 'SECCOMP_WATCH_SOURCE'?",
    "SECCOMP_WATCH_JAVA_OPTIONS, did you mean 'SECCOMP_WATCH_JAVA_OPTS'?",
    "SECCOMP_WATCH_LISTEN_PORT,  unset it",
    "SECCOMP_WATCH_,             unset it",
  })
  void aVariableOfOursThatIsNoOptionIsRefused(String variable, String remedy) {
    assertThatThrownBy(() -> ConfigLoader.merge(Map.of(), Map.of(variable, "x"), null))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("environment: unknown variable " + variable + ": ")
        .hasMessageContaining(remedy);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "canary: off         | CANARY       | off",
        "canary: false       | CANARY       | off",
        "canary: true        | CANARY       | true",
        "process-events: true | PROCESS_EVENTS | on",
        "process-events: on  | PROCESS_EVENTS | on",
        "events: 'off'       | EVENTS       | off",
        "series-limit: 500   | SERIES_LIMIT | 500",
        "node-name: n1 # me  | NODE_NAME    | n1",
        "node-name: 42       | NODE_NAME    | 42",
        "node-name: 'null'   | NODE_NAME    | null",
        "node-name: ünï      | NODE_NAME    | ünï",
        "source: kmsg        | SOURCE       | kmsg",
        "source: [kmsg]      | SOURCE       | kmsg",
        "{listen: 'h:1'}     | LISTEN       | h:1",
      })
  void aPlainValueIsItsText(String yaml, RunOption option, String value) throws IOException {
    Files.writeString(file, yaml);
    assertThat(ConfigLoader.merge(Map.of(), Map.of(), file))
        .isEqualTo(Map.of(option, List.of(value)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "# nothing\n", "---\n", "---\n...\n", "{}", "\ufeff"})
  void anEmptyFileGivesNothing(String yaml) throws IOException {
    Files.writeString(file, yaml);
    assertThat(ConfigLoader.merge(Map.of(), Map.of(), file)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lisen: h:1",
        "Listen: h:1",
        "state_dir: /s",
        "config: other.yaml",
        "1: x",
        "null: x",
        "[a]: x",
        "? {a: b}\n: x",
        "listen:\n  host: h",
        "listen: [h:1]",
        "listen:",
        "source: [[kmsg]]",
        "source: [kmsg, null]",
        "source: &a [*a]",
        "&a {*a : x}",
        "&a\n? *a\n: x",
        "just text",
        "- listen",
        "42",
        "true",
        "listen: a\nlisten: b",
        "listen: 'open",
        "listen: {",
        "\tlisten: x",
        "a: b: c",
        "--- {}\n--- {}",
        "listen: !!java.net.URL [x]",
        "listen: !local x\n<<: *b",
        "a: &a [x,x]\nb: &b [*a,*a]\n",
        "\u0000\u0001\u0002",
      })
  void aFileThatCannotBeUsedIsOneLineThatNamesIt(String yaml) throws IOException {
    Files.writeString(file, yaml);
    assertRefused();
  }

  @Test
  void nestingThatNeverEndsIsRefusedAndNoCrash() throws IOException {
    for (String deep : List.of("[", "{a: ", "- ", "? ", "!!x [")) {
      Files.writeString(file, deep.repeat(100_000));
      assertRefused();
    }
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    byte[] garbage = new byte[4_096];
    new Random(7).nextBytes(garbage);
    Files.write(file, garbage);
    assertRefused();
    Files.write(file, "listen: \u00fc".getBytes(StandardCharsets.ISO_8859_1));
    assertRefused();
  }

  @Test
  void aFileThatIsNotThereOrNoFileIsRefused() throws IOException {
    assertRefused();
    Files.createDirectory(file);
    assertRefused();
  }

  @Test
  void aHugeFileIsRefusedAndNotRead() throws IOException {
    Files.writeString(file, "#".repeat((1 << 20) + 1));
    assertRefused();
    file = Path.of("/dev/zero");
    assertRefused();
  }

  @Test
  void aFifoIsRefusedAndNobodyWaitsForItsWriter() throws Exception {
    file = file.resolveSibling("fifo");
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
    assertRefused();
  }

  private void assertRefused() {
    assertThatThrownBy(() -> ConfigLoader.merge(Map.of(), Map.of(), file))
        .isInstanceOf(ConfigException.class)
        .message()
        .startsWith("config: " + file)
        .hasLineCount(1)
        .hasSizeLessThan(2_000);
  }
}
