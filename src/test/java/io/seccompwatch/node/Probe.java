package io.seccompwatch.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The containers' program, compiled once. */
final class Probe {

  private static @Nullable Path compiled;

  private Probe() {}

  /** A static binary, so that a container needs nothing else. */
  static synchronized Path compiled() throws IOException {
    if (compiled == null) {
      Path directory = Files.createTempDirectory("probe");
      Path source = directory.resolve("probe.c");
      try (InputStream text = Probe.class.getResourceAsStream("probe.c")) {
        Files.copy(Objects.requireNonNull(text, "probe.c"), source);
      }
      Path binary = directory.resolve("probe");
      Command.run(
          directory, List.of("gcc", "-O1", "-static", "-o", binary.toString(), source.toString()));
      for (Path file : List.of(directory, source, binary)) { // the last is deleted first
        file.toFile().deleteOnExit();
      }
      compiled = binary;
    }
    return compiled;
  }
}
