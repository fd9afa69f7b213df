package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.config.RunOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exit codes and one-line errors: 0 done, 1 could not do it, 2 wrong usage. */
class MainTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "frobnicate                          | see 'seccomp-watch --help'",
        "--frobnicate                        | see 'seccomp-watch --help'",
        "run --frobnicate                    | see 'seccomp-watch run --help'",
        "run --canary                        | see 'seccomp-watch run --help'",
        "run extra                           | see 'seccomp-watch run --help'",
        "run --listen a:1 --listen b:2       | see 'seccomp-watch run --help'",
        "replay --output xml                 | see 'seccomp-watch replay --help'",
        "replay --color sometimes            | see 'seccomp-watch replay --help'",
        "replay --action denied              | see 'seccomp-watch replay --help'",
        "replay --arch vax                   | see 'seccomp-watch replay --help'",
        "replay --since tomorrow             | see 'seccomp-watch replay --help'",
        "replay --until 2026-13-01           | see 'seccomp-watch replay --help'",
        "replay --since 1h --since 2h        | see 'seccomp-watch replay --help'",
        "run --source journald               | give auto, audit-log",
        "run --from start                    | give one of checkpoint, end, beginning",
        "run --listen 9326                   | give HOST:PORT",
        "run --canary 5                      | give a number and a unit",
        "run --series-limit 0                | give a whole number from 1",
        "run --kubernetes maybe              | give one of auto, required, off",
        "run --events some                   | give one of denied, all, off",
        "run --tls-cert /a                   | give --tls-key FILE, too",
        "run --tls-cert /a/b --tls-key /a/b  | tls-cert: /a/b is not there: give the certificate",
        "run --authorization kubernetes      | give --tls-cert and --tls-key",
        "doctor --agent agents               | give http://HOST:9326",
        "doctor --agent http://a --source kmsg | give only --agent-",
        "run --state-dir=                    | give DIR",
        "run --node-name=                    | give NAME",
        "run --config /dev/null/nowhere      | give an existing file",
      })
  void wrongUsageIsExit2AndOneLineWithTheRemedy(String line, String remedy) {
    Cli.Ran ran = Cli.run(line.strip().split(" +", -1));
    assertThat(ran.exit()).as(ran.err()).isEqualTo(2);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).startsWith("seccomp-watch: ").contains(remedy).hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\nb", "a\r\nb", "\u001b[2J", "\u202e", "\u2028x"})
  void whatWasGivenCannotForgeALineOfTheAnswer(String hostile) {
    for (String[] args :
        new String[][] {
          {hostile},
          {"run", "--from", hostile},
          {"replay", "--since", hostile},
          {"run", "--config", hostile},
        }) {
      Cli.Ran ran = Cli.run(args);
      assertThat(ran.exit()).isEqualTo(2);
      assertThat(ran.err()).matches("[\\x20-\\x7e]*\\n");
    }
  }

  @Test
  void anUnknownKeyOfTheFileIsWrongConfiguration(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("c.yaml"), "lisen: h:1\n");
    assertThat(Cli.run("run", "--config", file.toString()))
        .isEqualTo(
            new Cli.Ran(
                2,
                "",
                "seccomp-watch: config: "
                    + file
                    + ": unknown key 'lisen': did you mean 'listen'? the keys are the options of"
                    + " 'seccomp-watch run --help'\n"));
  }

  @Test
  void aStartThatFailsIsExit1(@TempDir Path state) {
    Cli.Ran ran =
        Cli.run(
            "run", "--source", "kmsg", "--kubernetes", "required", "--state-dir", state.toString());
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).startsWith("seccomp-watch: cannot start: kubernetes: ").hasLineCount(1);
  }

  @Test
  void withoutACommandTheUsageIsAnError() {
    Cli.Ran ran = Cli.run();
    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).startsWith("Usage: seccomp-watch");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h", "run --help", "replay --help", "syscall --help"})
  void helpIsNoErrorAndShowsExamples(String line) {
    Cli.Ran ran = Cli.run(line.split(" ", -1));
    assertThat(ran.exit()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.out()).contains("Usage: seccomp-watch", "Examples:", "  seccomp-watch ");
    assertThat(ran.out().lines()).allMatch(each -> each.length() <= 100);
  }

  @Test
  void theHelpOfRunShowsEveryOptionWithItsDefault() {
    String help = Cli.run("run", "--help").out().replaceAll("\\s+", " ");
    assertThat(Stream.of(RunOption.values()))
        .allSatisfy(
            option -> {
              assertThat(help).contains("--" + option.key() + "=" + option.placeholder());
              if (option.fallback() != null) {
                assertThat(help).contains("Default: " + option.fallback() + ".");
              }
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"--version", "-V"})
  void theVersionIsOneLine(String option) {
    Cli.Ran ran = Cli.run(option);
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).matches("seccomp-watch \\S+ \\(revision \\S+, Java 25\\S*\\)\\n");
  }

  @Test
  void aFileMayBeCalledLikeAnArgumentFile(@TempDir Path directory) {
    assertThat(Cli.run("replay", "@" + directory.resolve("nowhere")).err())
        .contains("no such file");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "/lib/a.aot, mixed mode,                           true",
        "/lib/a.aot, 'mixed mode, emulated-client',        true",
        "/lib/a.aot, 'mixed mode, sharing',                false",
        "-,          mixed mode,                           false",
      })
  void aStartWithoutTheCacheThatItShouldHaveIsSaidInOneLine(
      String cache, String vmInfo, boolean said) {
    String notice = Main.cacheNotice(cache, vmInfo);
    if (said) {
      assertThat(notice).startsWith("seccomp-watch: ").contains(cache).hasLineCount(1);
    } else {
      assertThat(notice).isNull();
    }
  }
}
