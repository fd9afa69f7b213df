package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The built distribution, running as a black box: its arguments, outputs, HTTP and signals. */
final class Agent implements AutoCloseable {

  private static final Path COMMAND =
      Path.of("target", "seccomp-watch", "bin", "seccomp-watch").toAbsolutePath();
  private static final Pattern ADDRESS = Pattern.compile("msg=listening address=(\\S+)");
  private static final Duration REQUEST = Duration.ofSeconds(5);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final Path errors;
  private final Path violations;
  private final Path stateDirectory;
  private final HttpClient http = HttpClient.newHttpClient();
  private String address = "";

  private Agent(Process process, Path errors, Path violations, Path stateDirectory) {
    this.process = process;
    this.errors = errors;
    this.violations = violations;
    this.stateDirectory = stateDirectory;
  }

  /** Fails, and does not skip, without a distribution: it is what these tests are about. */
  static void needsDistribution() {
    assertThat(COMMAND).as("the distribution: mvn -DskipTests package makes it").isExecutable();
  }

  /**
   * Starts an agent of its own state directory and waits until it watches: its sources are open,
   * and its canary was seen or given up.
   */
  static Agent start(Path parent, String... arguments) throws IOException {
    return watching(
        launch(parent, Files.createTempDirectory(parent, "state"), List.of(), arguments));
  }

  /** The same in a cluster: the arguments say how the API server is reached. */
  static Agent startInCluster(Path parent, List<String> prefix, String... arguments)
      throws IOException {
    Path state = Files.createTempDirectory(parent, "state");
    return watching(execute(parent, state, prefix, List.of(arguments)));
  }

  /** The same with a state directory that an earlier agent may have used. */
  static Agent startOn(Path parent, Path stateDirectory, String... arguments) throws IOException {
    return watching(launch(parent, stateDirectory, List.of(), arguments));
  }

  /** The same through a command that executes it, in namespaces of its own say. */
  static Agent startThrough(Path parent, List<String> prefix, String... arguments)
      throws IOException {
    return watching(launch(parent, Files.createTempDirectory(parent, "state"), prefix, arguments));
  }

  /** Starts it and waits for nothing: it may be about to refuse. */
  static Agent launch(Path parent, Path stateDirectory, List<String> prefix, String... arguments)
      throws IOException {
    List<String> withoutCluster = new ArrayList<>(List.of("--kubernetes", "off"));
    withoutCluster.addAll(List.of(arguments));
    return execute(parent, stateDirectory, prefix, withoutCluster);
  }

  private static Agent execute(
      Path parent, Path stateDirectory, List<String> prefix, List<String> arguments)
      throws IOException {
    Path directory = Files.createTempDirectory(parent, "agent");
    Path errors = directory.resolve("stderr");
    Path violations = directory.resolve("violations.jsonl");
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of(COMMAND.toString(), "run"));
    command.addAll(List.of("--listen", "127.0.0.1:0", "--state-dir", stateDirectory.toString()));
    command.addAll(List.of("--violations-log", violations.toString()));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(directory.resolve("stdout").toFile())
            .redirectError(errors.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("SECCOMP_WATCH_"));
    return new Agent(builder.start(), errors, violations, stateDirectory);
  }

  private static Agent watching(Agent agent) {
    try {
      Matcher listening =
          Await.value(
              "msg=listening on the agent's stderr",
              Await.PATIENCE,
              () -> {
                agent.assertAlive();
                Matcher found = ADDRESS.matcher(Command.text(agent.errors));
                return found.find() ? Optional.of(found) : Optional.empty();
              },
              agent::state);
      agent.address = "http://" + listening.group(1);
      Await.until(
          "msg=watching on the agent's stderr",
          Await.PATIENCE,
          () -> agent.log().stream().anyMatch(line -> line.contains(" msg=watching ")),
          agent::state);
      return agent;
    } catch (AssertionError e) {
      agent.close();
      throw e;
    }
  }

  /** Its stderr so far. */
  List<String> log() {
    return Command.text(errors).lines().toList();
  }

  Path stateDirectory() {
    return stateDirectory;
  }

  /** The host and port that it serves on. */
  String authority() {
    return URI.create(address).getAuthority();
  }

  /** The body of a page. */
  String get(String path) throws IOException, InterruptedException {
    HttpResponse<String> response = page(path);
    assertThat(response.statusCode()).as(path + ": " + response.body()).isEqualTo(200);
    return response.body();
  }

  /** A page that may be none, {@code /readyz} say. */
  HttpResponse<String> page(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create(address + path)).timeout(REQUEST).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** A page of JSON. */
  JsonNode json(String path) throws IOException, InterruptedException {
    return JSON.readTree(get(path));
  }

  Metrics metrics() throws IOException, InterruptedException {
    return new Metrics(get("/metrics"));
  }

  /** The violations told so far, of everybody on this kernel; a line being written waits. */
  List<Told> violations() {
    String text = Command.text(violations);
    String whole = text.substring(0, text.lastIndexOf('\n') + 1);
    return whole.lines().map(Agent::parse).toList();
  }

  /** The violations told so far of this container's program. */
  List<Told> violationsOf(OciContainer container) {
    return violations().stream().filter(told -> told.comm().equals(container.comm())).toList();
  }

  /** Waits for the one violation of the container's that fits. */
  Told awaitViolation(OciContainer container, Predicate<Told> fits) {
    return Await.value(
        "a violation of " + container.comm(),
        Await.PATIENCE,
        () -> violationsOf(container).stream().filter(fits).findFirst(),
        this::state);
  }

  /** Asks it to end, as Kubernetes does. */
  void terminate() {
    process.destroy();
  }

  /** Has it do nothing until {@link #resume}, as a node does that is short of everything. */
  void suspend() {
    signal("STOP");
  }

  /** Lets it go on. */
  void resume() {
    signal("CONT");
  }

  private void signal(String name) {
    Command.run(stateDirectory, List.of("sh", "-c", "kill -" + name + " " + process.pid()));
  }

  /** Ends it without a chance to keep anything. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Waits until it has ended, so long at most, and gives its exit code. */
  int awaitExit(Duration limit) throws InterruptedException {
    assertThat(process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS))
        .as("ended within " + limit.toMillis() + " ms\n" + state())
        .isTrue();
    return process.exitValue();
  }

  @Override
  public void close() {
    Command.stop(process);
  }

  /** What a failed wait shows: what the agent said, and who holds the audit socket. */
  String state() {
    return "agent's stderr:\n"
        + Command.text(errors)
        + "violations told:\n"
        + Command.text(violations)
        + "audit daemon: "
        + KernelLog.daemon();
  }

  private void assertAlive() {
    assertThat(process.isAlive()).as("the agent runs; its stderr:\n" + log()).isTrue();
  }

  private static Told parse(String line) {
    try {
      return Told.of(JSON.readTree(line));
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + line, e);
    }
  }
}
