package io.seccompwatch.node;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Other programs: whether they are there, and running them. */
final class Command {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private Command() {}

  /** Skips the test where the node lacks something, and says how to get it. */
  static void needs(String tool, String debianPackage) {
    assumeTrue(isThere(tool), "needs " + tool + ": apt-get install " + debianPackage + " as root");
  }

  /** The same for one that is not on the path. */
  static void needs(Path directory, String tool, String debianPackage) {
    assumeTrue(
        Files.isExecutable(directory.resolve(tool)),
        "needs " + tool + ": apt-get install " + debianPackage + " as root");
  }

  /** Skips the test where nobody may load filters, start daemons and read the kernel's log. */
  static void needsRoot() {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && Files.isReadable(Path.of("/dev/kmsg"))
            && Files.isWritable(Path.of("/sys/fs/cgroup")),
        "needs root on Linux, with /dev/kmsg and a writable /sys/fs/cgroup");
  }

  /**
   * Runs to the end and gives what was printed.
   *
   * @throws AssertionError when it fails
   */
  static String run(Path directory, List<String> command) {
    try {
      // A file, not a pipe: what the command leaves running would keep a pipe open
      Path output = Files.createTempFile(directory, "command", ".out");
      Process process = start(directory, output, command);
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("does not end: " + command + "\n" + text(output));
      }
      String printed = text(output);
      Files.delete(output);
      if (process.exitValue() != 0) {
        throw new AssertionError("exit " + process.exitValue() + ": " + command + "\n" + printed);
      }
      return printed;
    } catch (IOException e) {
      throw new AssertionError("cannot run " + command, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted: " + command, e);
    }
  }

  /** Starts what stays, with both its outputs in a file and nothing to read. */
  static Process start(Path directory, Path output, List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .redirectInput(new File("/dev/null"))
        .start();
  }

  /** Ends what was started, kindly first. */
  static void stop(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(Await.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** A file's text; empty while there is none. */
  static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
    } catch (IOException e) {
      throw new AssertionError("cannot read " + file, e);
    }
  }

  static boolean isThere(String tool) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
    return Stream.of(path.split(":"))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
  }
}
