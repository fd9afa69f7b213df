package io.seccompwatch.prometheus;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Where the programs of Prometheus are that the alerts have to work with. */
public enum PrometheusTools {
  /** The installed one: Debian 12 has 2.42, the oldest that the rules are made for. */
  INSTALLED("apt-get install prometheus") {
    @Override
    Path directory() {
      return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
          .map(Path::of)
          .filter(directory -> Files.isExecutable(directory.resolve("promtool")))
          .findFirst()
          .orElse(Path.of("/usr/bin"));
    }
  },
  /** A current one, which {@code build-prometheus} builds. */
  CURRENT("src/test/prometheus/build-prometheus") {
    @Override
    Path directory() throws IOException {
      return Path.of(run(Path.of("."), "src/test/prometheus/build-prometheus", "--where").strip());
    }
  };

  /** Set to 1 where the tests must not be skipped. */
  private static final String REQUIRED = "TEST_REQUIRE_PROMETHEUS";

  private static final int PATIENCE_MINUTES = 3;

  private final String remedy;

  PrometheusTools(String remedy) {
    this.remedy = remedy;
  }

  abstract Path directory() throws IOException;

  /**
   * One of the programs. Where it is missing the test is skipped, or fails when
   * TEST_REQUIRE_PROMETHEUS is 1.
   */
  Path program(String name) throws IOException {
    Path program = directory().resolve(name);
    if (!Files.isExecutable(program)) {
      String reason = "needs " + program + ": " + remedy;
      if ("1".equals(System.getenv(REQUIRED))) {
        fail(reason);
      }
      abort(reason);
    }
    return program;
  }

  /** Runs promtool in the directory and gives what it printed; fails with that when it fails. */
  String promtool(Path directory, String... arguments) throws IOException {
    return run(
        directory,
        Stream.concat(Stream.of(program("promtool").toString()), Stream.of(arguments))
            .toArray(String[]::new));
  }

  private static String run(Path directory, String... command) throws IOException {
    Path output = Files.createTempFile("prometheus", ".out");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      boolean ended = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
      String printed = Files.readString(output, StandardCharsets.UTF_8);
      if (!ended) {
        process.destroyForcibly();
        throw new AssertionError("does not end: " + String.join(" ", command) + "\n" + printed);
      }
      if (process.exitValue() != 0) {
        throw new AssertionError(
            "exit " + process.exitValue() + ": " + String.join(" ", command) + "\n" + printed);
      }
      return printed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted: " + String.join(" ", command), e);
    } finally {
      Files.delete(output);
    }
  }
}
