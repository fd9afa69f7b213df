package io.seccompwatch.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A configured path that is not there stops the start with its option and a remedy. */
class ConfiguredPathsTest {

  @TempDir Path directory;

  @BeforeEach
  void makePlaces() throws IOException {
    Files.createDirectories(directory.resolve("proc"));
    Files.writeString(directory.resolve("proc/stat"), "cpu 0\n");
    Files.createDirectories(directory.resolve("empty"));
    Files.writeString(directory.resolve("file"), "");
  }

  private void check(String option, String path) {
    Map<RunOption, List<String>> given = new EnumMap<>(RunOption.class);
    given.put(RunOption.PROC, List.of(directory.resolve("proc").toString()));
    given.put(RunOption.CGROUP, List.of(directory.resolve("empty").toString()));
    RunOption of = RunOption.ofKey(option).orElseThrow();
    given.put(of, List.of(path.equals("off") ? path : directory.resolve(path).toString()));
    ConfiguredPaths.check(AgentConfig.of(given));
  }

  @ParameterizedTest
  @CsvSource({
    "proc,           nowhere,      is not there",
    "proc,           file,         is no directory",
    "proc,           empty,        is no procfs",
    "cgroup,         nowhere,      is not there",
    "cgroup,         file,         is no directory",
    "host-root,      nowhere,      is not there",
    "host-root,      file,         is no directory",
    "violations-log, nowhere/v,    cannot be written (no such file or directory)",
    "violations-log, file/v,       cannot be written (Not a directory)",
    "violations-log, empty,        is a directory",
    "kubeconfig,     nowhere,      is not there",
    "kubeconfig,     empty,        is no regular file",
  })
  void a_path_that_is_not_there_is_refused_by_its_option(String option, String path, String what) {
    assertThatThrownBy(() -> check(option, path))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(option + ": " + directory.resolve(path) + " " + what)
        .hasMessageMatching("[^\\n]*: (give|mount|fix) [^\\n]*")
        .hasMessageNotContaining("Exception");
  }

  @ParameterizedTest
  @CsvSource({
    "proc, proc",
    "cgroup, empty",
    "host-root, empty",
    "violations-log, off",
    "kubeconfig, file",
  })
  void a_path_that_is_there_is_taken(String option, String path) {
    assertThatCode(() -> check(option, path)).doesNotThrowAnyException();
  }

  @Test
  void the_file_of_the_lines_is_made_and_never_cut() throws IOException {
    check("violations-log", "new");
    assertThat(directory.resolve("new")).exists().isEmptyFile();
    Files.writeString(directory.resolve("new"), "a line\n");
    check("violations-log", "new");
    assertThat(directory.resolve("new")).hasContent("a line\n");
  }

  @ParameterizedTest
  @CsvSource({
    "souce,          source",
    "sate-dir,       state-dir",
    "voilations-log, violations-log",
    "kubernets,      kubernetes",
    "foo,            ''",
    "'',             ''",
  })
  void a_mistyped_word_finds_the_one_that_was_meant(String typed, String meant) {
    List<String> known = List.of(RunOption.values()).stream().map(RunOption::key).toList();
    assertThat(NearestWord.of(typed, known).orElse("")).isEqualTo(meant);
  }
}
