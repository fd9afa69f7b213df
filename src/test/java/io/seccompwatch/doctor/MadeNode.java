package io.seccompwatch.doctor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A node made of files in a directory. */
record MadeNode(Path directory) {

  /** The checks' view of it. */
  NodeFiles files() {
    return new NodeFiles(directory.resolve("proc"), directory.resolve("host"));
  }

  MadeNode proc(String file, String text) {
    return write(files().proc().resolve(file), text.getBytes(StandardCharsets.ISO_8859_1));
  }

  MadeNode host(String file, String text) {
    return write(files().host(file), text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private MadeNode write(Path file, byte[] content) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, content);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A node's processes: the kernel's, and one each of these programs. */
  static Processes running(String... programs) {
    Map<String, Integer> byName = new HashMap<>(Map.of("kthreadd", 2));
    for (String program : programs) {
      byName.put(program, 100 + byName.size());
    }
    return new Processes(byName, true);
  }

  /** The processes of a container that sees no others. */
  static Processes inContainer() {
    return new Processes(Map.of("seccomp-watch", 1), false);
  }

  /** One line a finding, as the tests compare them. */
  static List<String> lines(List<Finding> findings) {
    return findings.stream()
        .map(f -> f.level().label() + " " + f.subject() + ": " + f.what())
        .toList();
  }
}
