package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class DoctorCommandTest {

  @TempDir private Path directory;

  private static Cli.Ran run(Map<String, String> environment, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit =
        new CommandLine(new DoctorCommand(environment))
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(args);
    return new Cli.Ran(exit, out.toString(), err.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--output yaml | output: unknown value 'yaml'",
        "--timeout soon | timeout: 'soon' is no duration",
        "--source auditd | source: unknown source 'auditd'",
        "--kubernetes maybe | kubernetes: unknown value 'maybe'",
        "--nonsense | Unknown option: '--nonsense'",
        "--config /nowhere.yaml | config: /nowhere.yaml is not there"
      })
  void wrong_usage_is_one_line_and_exit_2(String args, String message) {
    Cli.Ran ran = Cli.run(("doctor " + args).split(" ", -1));
    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err().lines()).singleElement().asString().contains(message);
    assertThat(ran.out()).isEmpty();
  }

  @Test
  void the_help_shows_examples_and_exit_codes() {
    Cli.Ran ran = Cli.run("doctor", "--help");
    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).contains("kubectl exec").contains("Exit codes: 0", "--host-root=DIR");
  }

  @Test
  void looks_at_what_the_agents_environment_says_and_is_blind_without_a_source() throws Exception {
    Path none = directory.resolve("none.log");
    Cli.Ran ran =
        run(
            Map.of(
                "SECCOMP_WATCH_SOURCE",
                "audit-log=" + none,
                "SECCOMP_WATCH_STATE_DIR",
                directory.toString(),
                "SECCOMP_WATCH_KUBERNETES",
                "off"),
            "--timeout",
            "100ms",
            "--output",
            "json");
    assertThat(ran.exit()).isEqualTo(1);
    JsonNode json = new ObjectMapper().readTree(ran.out());
    assertThat(json.at("/canary/0/path").asText()).isEqualTo(none.toString());
    assertThat(json.at("/verdict/blind").asBoolean()).isTrue();
    assertThat(directory).isEmptyDirectory();
  }
}
