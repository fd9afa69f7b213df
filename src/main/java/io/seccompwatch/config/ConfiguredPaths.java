package io.seccompwatch.config;

import io.seccompwatch.linux.IoReason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Checks at the start that the configured paths are there. An agent with a mistyped path would run,
 * be ready, and name no process, or write no line.
 */
public final class ConfiguredPaths {

  private ConfiguredPaths() {}

  /**
   * Checks the paths of an agent's configuration.
   *
   * @throws ConfigException for the first path that cannot be used
   */
  public static void check(AgentConfig config) {
    directory("proc", config.proc(), "mount the node's /proc there, or give another directory");
    if (!Files.exists(config.proc().resolve("stat"))
        && !Files.exists(config.proc().resolve("uptime"))) {
      throw new ConfigException(
          "proc",
          config.proc() + " is no procfs: it has neither stat nor uptime",
          "mount the node's /proc there, or give another directory");
    }
    if (!config.cgroup().toString().equals(RunOption.CGROUP.fallback())) {
      // The default may be missing where nothing is mounted, in a build's container for instance
      directory(
          "cgroup",
          config.cgroup(),
          "mount the node's /sys/fs/cgroup there, or give another directory");
    }
    directory(
        "host-root",
        config.hostRoot(),
        "mount parts of the node's root below it, or give another directory");
    if (!config.violationsLog().equals("stdout") && !config.violationsLog().equals("off")) {
      appendable("violations-log", Path.of(config.violationsLog()));
    }
    if (config.kubeconfig() != null && config.kubernetes() != AgentConfig.Kubernetes.OFF) {
      readable("kubeconfig", config.kubeconfig());
    }
  }

  private static void directory(String option, Path path, String remedy) {
    if (!Files.isDirectory(path)) {
      String what = Files.exists(path) ? " is no directory" : " is not there";
      throw new ConfigException(option, path + what, remedy);
    }
  }

  private static void readable(String option, Path file) {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      String what =
          !Files.exists(file)
              ? " is not there"
              : Files.isRegularFile(file) ? " may not be read" : " is no regular file";
      throw new ConfigException(option, file + what, "give a readable file");
    }
  }

  /** Creates the file, as the first line would: only that tells whether it can be written. */
  private static void appendable(String option, Path file) {
    if (Files.isDirectory(file)) {
      throw new ConfigException(option, file + " is a directory", "give a file, stdout or off");
    }
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      // A pipe to a log shipper or /dev/stderr: to open a pipe would wait for its reader
      if (!Files.isWritable(file)) {
        throw new ConfigException(
            option, file + " may not be written", "give another file, stdout or off");
      }
      return;
    }
    try {
      FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND).close();
    } catch (IOException e) {
      throw new ConfigException(
          option,
          file + " cannot be written (" + IoReason.inWords(e) + ")",
          "give a file in a directory that is there and may be written, stdout or off");
    }
  }
}
