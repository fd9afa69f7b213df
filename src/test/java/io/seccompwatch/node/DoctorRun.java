package io.seccompwatch.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;

/**
 * One run of the built distribution's {@code doctor}.
 *
 * @param exit its exit code
 * @param report what it printed
 * @param stderr what it said besides
 */
record DoctorRun(int exit, JsonNode report, String stderr) {

  private static final Path COMMAND =
      Path.of("target", "seccomp-watch", "bin", "seccomp-watch").toAbsolutePath();
  private static final long SECONDS = 60;

  /** Runs it through a command that executes it, in namespaces of its own say. */
  static DoctorRun through(Path parent, List<String> prefix, String... arguments)
      throws IOException {
    Agent.needsDistribution();
    Path directory = Files.createTempDirectory(parent, "doctor");
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of(COMMAND.toString(), "doctor", "--output", "json"));
    command.addAll(List.of("--state-dir", directory.resolve("state").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(directory.resolve("stdout").toFile())
            .redirectError(directory.resolve("stderr").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("SECCOMP_WATCH_"));
    Process process = builder.start();
    try {
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("doctor does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
    return new DoctorRun(
        process.exitValue(),
        new ObjectMapper().readTree(Command.text(directory.resolve("stdout"))),
        Command.text(directory.resolve("stderr")));
  }

  /** Runs it without a cluster. */
  static DoctorRun of(Path parent, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--kubernetes", "off"));
    all.addAll(List.of(arguments));
    return through(parent, List.of(), all.toArray(String[]::new));
  }

  /** The findings of a section, one line each. */
  List<String> findings(String section) {
    return StreamSupport.stream(report.path("findings").spliterator(), false)
        .filter(finding -> finding.path("section").asText().equals(section))
        .map(
            finding ->
                finding.path("level").asText()
                    + " "
                    + finding.path("subject").asText()
                    + ": "
                    + finding.path("what").asText()
                    + (finding.path("remedy").isNull()
                        ? ""
                        : " -> " + finding.path("remedy").asText()))
        .toList();
  }

  /** The sources that carried the canary. */
  List<String> carriers() {
    return StreamSupport.stream(report.at("/verdict/carriers").spliterator(), false)
        .map(JsonNode::asText)
        .toList();
  }

  /** Why no denial would be seen, in one line. */
  String blindness() {
    return report.at("/verdict/why").toString();
  }
}
