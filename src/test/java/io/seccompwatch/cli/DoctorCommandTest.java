package io.seccompwatch.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.seccompwatch.http.Page;
import io.seccompwatch.http.Response;
import io.seccompwatch.http.Site;
import io.seccompwatch.http.Site.RefusedRequests;
import io.seccompwatch.http.WebServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class DoctorCommandTest {

  @TempDir private Path directory;

  private Cli.Ran run(Map<String, String> environment, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exit =
        new CommandLine(new DoctorCommand(environment, directory.resolve("proc")))
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
        "--nonsense | unknown option '--nonsense'",
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
  void asks_running_agents_and_says_what_each_lacks() throws Exception {
    Map<String, Page> pages =
        Map.of(
            "/readyz", request -> Response.text(503, "source kmsg: no\u001b[2J\n"),
            "/metrics",
                request -> Response.text(200, "seccomp_watch_source_up{source=\"kmsg\"} 0\n"));
    InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Site site = Site.local(pages, "127.0.0.1", new RefusedRequests());
    try (WebServer agent = new WebServer(loopback, site, null, WebServer.Limits.DEFAULT)) {
      String address = "127.0.0.1:" + agent.address().getPort();
      Cli.Ran ran = run(Map.of(), "--agent", "http://" + address);
      assertThat(ran.exit()).isEqualTo(1);
      assertThat(ran.out().lines().skip(2).limit(6))
          .containsExactly(
              "",
              address,
              "  BLIND    ready             HTTP 503: source kmsg: no\\x1b[2J",
              "                             -> fix what it names; the agent's log has more",
              "  BLIND    source kmsg       cannot be read",
              "                             -> see its reason at /readyz");
      assertThat(ran.out().lines().toList().get(1))
          .startsWith("verdict: BLIND: " + address + ": ready: HTTP 503");
      assertThat(ran.out()).contains("verdict: BLIND: " + address + ": ready: HTTP 503");
      assertThat(run(Map.of(), "--agent", "http://" + address, "--output", "json").out())
          .startsWith("{\"schema\":\"seccomp-watch/doctor-agents/v1\"");
    }
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

  @Test
  void in_the_agents_container_its_arguments_count_unless_others_are_given() throws Exception {
    Path cmdline = directory.resolve("proc/1/cmdline");
    for (String process : List.of("1", "self")) {
      Path of = Files.createDirectories(directory.resolve("proc").resolve(process));
      Files.createSymbolicLink(of.resolve("exe"), Path.of("/opt/seccomp-watch/runtime/bin/java"));
    }
    Files.writeString(
        cmdline,
        "java\0@/opt/seccomp-watch/lib/image.options\0run\0--source\0audit-log=/agents.log\0"
            + "--kubernetes\0off\0");
    Map<String, String> environment =
        Map.of("SECCOMP_WATCH_STATE_DIR", directory.resolve("state").toString());
    JsonNode json =
        new ObjectMapper()
            .readTree(run(environment, "--timeout", "100ms", "--output", "json").out());
    assertThat(json.at("/canary/0/path").asText()).isEqualTo("/agents.log");
    assertThat(json.get("findings").findValuesAsText("what"))
        .contains("as of the agent that runs here, PID 1");
    String[] other = {"--source", "audit-log=/mine.log", "--timeout", "100ms", "--output", "json"};
    assertThat(
            new ObjectMapper()
                .readTree(run(environment, other).out())
                .at("/canary/0/path")
                .asText())
        .isEqualTo("/mine.log");
  }
}
