package io.seccompwatch.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A real auditd of our own, that writes into a directory of ours. */
final class Auditd implements RecordWriter {

  private static final Object NONE = "no file";

  /** How auditd writes its lines. */
  enum Format {
    RAW,
    ENRICHED
  }

  private final Process process;
  private final Path directory;
  private final Path log;
  private final Path output;

  private Auditd(Process process, Path directory, Path log, Path output) {
    this.process = process;
    this.directory = directory;
    this.log = log;
    this.output = output;
  }

  /** Starts it, as soon as no other one is there, and waits until the kernel knows it. */
  static Auditd start(Path parent, Format format) throws IOException {
    return start(parent, format, "name_format = NONE");
  }

  /** The same, and each line begins with a name for the node. */
  static Auditd startNamed(Path parent, Format format, String node) throws IOException {
    return start(parent, format, "name_format = USER\nname = " + node);
  }

  private static Auditd start(Path parent, Format format, String naming) throws IOException {
    Command.needs("auditd", "auditd");
    Path directory = Files.createTempDirectory(parent, "auditd");
    Path log = Files.createDirectory(directory.resolve("log")).resolve("audit.log");
    Path plugins = Files.createDirectory(directory.resolve("plugins"));
    Path conf = directory.resolve("auditd.conf");
    // Its log is rotated when it is told so and never else; a full disk is not this test's matter.
    Files.writeString(
        conf,
        """
        local_events = yes
        write_logs = yes
        log_file = %s
        log_group = root
        log_format = %s
        flush = INCREMENTAL_ASYNC
        freq = 1
        num_logs = 5
        priority_boost = 0
        %s
        max_log_file = 8
        max_log_file_action = IGNORE
        space_left = 2
        space_left_action = IGNORE
        admin_space_left = 1
        admin_space_left_action = IGNORE
        disk_full_action = IGNORE
        disk_error_action = IGNORE
        q_depth = 2000
        overflow_action = IGNORE
        max_restarts = 1
        plugin_dir = %s
        """
            .formatted(log, format, naming, plugins));
    Files.setPosixFilePermissions(conf, PosixFilePermissions.fromString("rw-r-----"));
    KernelLog.awaitNoDaemon();
    Path output = directory.resolve("output");
    // -n stays in the foreground; -f would print the records in place of writing them.
    // nochange leaves the kernel's audit switched as it is, which is off: no other record comes.
    Process process =
        Command.start(
            directory,
            output,
            List.of("auditd", "-n", "-s", "nochange", "-c", directory.toString()));
    Auditd auditd = new Auditd(process, directory, log, output);
    try {
      Await.until(
          "auditd registered",
          Await.PATIENCE,
          () -> {
            if (!process.isAlive()) {
              throw new AssertionError("auditd ended: " + Command.text(output));
            }
            return KernelLog.daemon() == process.pid() && Files.exists(log);
          },
          () -> Command.text(output));
    } catch (AssertionError e) {
      auditd.close();
      throw e;
    }
    return auditd;
  }

  /** Has it rotate its log, and waits until it has. */
  void rotate() {
    Object before = identity();
    Command.run(directory, List.of("sh", "-c", "kill -USR1 " + process.pid()));
    Await.until("a new audit.log", () -> !Set.of(NONE, before).contains(identity()));
  }

  /** The lines of the log and its rotated forerunners that hold the text, the oldest first. */
  List<List<String>> generationsWith(String text) {
    List<List<String>> generations = new ArrayList<>();
    for (int i = 4; i >= 0; i--) {
      Path file = i == 0 ? log : log.resolveSibling("audit.log." + i);
      if (Files.exists(file)) {
        generations.add(Command.text(file).lines().filter(line -> line.contains(text)).toList());
      }
    }
    return generations;
  }

  /** Where it writes. */
  Path log() {
    return log;
  }

  @Override
  public String kind() {
    return "audit-log";
  }

  @Override
  public String source() {
    return "audit-log=" + log;
  }

  @Override
  public void awaitRoom(int records) {
    if (!process.isAlive()) {
      throw new AssertionError("auditd ended: " + Command.text(output));
    }
  }

  /** Ends it, as its service's stop does. */
  void stop() {
    Command.stop(process);
  }

  @Override
  public void close() {
    stop();
  }

  /** While auditd rotates, there is no such file for a moment: that is an identity, too. */
  private Object identity() {
    try {
      return Files.getAttribute(log, "unix:ino");
    } catch (NoSuchFileException e) {
      return NONE;
    } catch (IOException e) {
      throw new AssertionError("cannot look at " + log, e);
    }
  }
}
