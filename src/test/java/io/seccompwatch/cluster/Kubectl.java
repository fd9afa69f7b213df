package io.seccompwatch.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code kubectl} of the server's own version, as one user of the cluster. */
public final class Kubectl {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final String kubeconfig;

  /**
   * Takes the program and the user's configuration from the cluster's directory.
   *
   * @param kubeconfig the configuration's file name
   */
  Kubectl(Path directory, String kubeconfig) {
    this.directory = directory;
    this.kubeconfig = kubeconfig;
  }

  /**
   * Runs it to its end and gives what it printed.
   *
   * @throws AssertionError when it fails, with what it said
   */
  public String text(String... arguments) {
    return run("", arguments);
  }

  /** The same with JSON on its standard input. */
  public String textOf(JsonNode input, String... arguments) {
    return run(input.toString(), arguments);
  }

  /** The same with {@code -o json}, parsed. */
  public JsonNode json(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("-o", "json"));
    return parse(text(all.toArray(String[]::new)));
  }

  static JsonNode parse(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError("kubectl printed no JSON: " + text, e);
    }
  }

  private String run(String input, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                directory.resolve("kubectl").toString(),
                "--kubeconfig",
                directory.resolve(kubeconfig).toString()));
    command.addAll(List.of(arguments));
    try {
      // Files, not pipes: nobody has to read the one while the other fills
      Path stdin = Files.createTempFile(directory, "kubectl", ".in");
      Path stdout = Files.createTempFile(directory, "kubectl", ".out");
      Path stderr = Files.createTempFile(directory, "kubectl", ".err");
      Files.writeString(stdin, input);
      Process process =
          new ProcessBuilder(command)
              .redirectInput(stdin.toFile())
              .redirectOutput(stdout.toFile())
              .redirectError(stderr.toFile())
              .start();
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("does not end: " + command);
      }
      String printed = Files.readString(stdout);
      String said = Files.readString(stderr);
      Files.delete(stdin);
      Files.delete(stdout);
      Files.delete(stderr);
      if (process.exitValue() != 0) {
        throw new AssertionError("exit " + process.exitValue() + ": " + command + "\n" + said);
      }
      return printed;
    } catch (IOException e) {
      throw new AssertionError("cannot run " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted: " + command, e);
    }
  }
}
