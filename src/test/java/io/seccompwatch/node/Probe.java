package io.seccompwatch.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The containers' programs, compiled once. */
final class Probe {

  private static @Nullable Path compiled;
  private static @Nullable Path killStorm;
  private static @Nullable Path actions;
  private static @Nullable Path logStorm;
  private static @Nullable Path forger;

  private Probe() {}

  /** A static binary, so that a container needs nothing else. */
  static synchronized Path compiled() throws IOException {
    if (compiled == null) {
      compiled = compile("probe");
    }
    return compiled;
  }

  /** What has its children killed, as many as it is told. */
  static synchronized Path killStorm() throws IOException {
    if (killStorm == null) {
      killStorm = compile("killstorm");
    }
    return killStorm;
  }

  /** What tells of which actions of a filter the kernel writes a record. */
  static synchronized Path actions() throws IOException {
    if (actions == null) {
      actions = compile("actions");
    }
    return actions;
  }

  /** What makes a logged call, as often as it is told. */
  static synchronized Path logStorm() throws IOException {
    if (logStorm == null) {
      logStorm = compile("logstorm");
    }
    return logStorm;
  }

  /** What sends the kernel an audit message of a user's. */
  static synchronized Path forger() throws IOException {
    if (forger == null) {
      forger = compile("forger");
    }
    return forger;
  }

  private static Path compile(String name) throws IOException {
    Path directory = Files.createTempDirectory(name);
    Path source = directory.resolve(name + ".c");
    try (InputStream text = Probe.class.getResourceAsStream(name + ".c")) {
      Files.copy(Objects.requireNonNull(text, name), source);
    }
    Path binary = directory.resolve(name);
    Command.run(
        directory, List.of("gcc", "-O1", "-static", "-o", binary.toString(), source.toString()));
    for (Path file : List.of(directory, source, binary)) { // the last is deleted first
      file.toFile().deleteOnExit();
    }
    return binary;
  }
}
