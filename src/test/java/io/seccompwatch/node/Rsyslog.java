package io.seccompwatch.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A real rsyslogd of our own, that writes the kernel's messages to a file of ours. */
final class Rsyslog implements RecordWriter {

  /** How rsyslog writes its lines; its own names. */
  enum Template {
    TRADITIONAL("RSYSLOG_TraditionalFileFormat"),
    ISO("RSYSLOG_FileFormat");

    private final String builtIn;

    Template(String builtIn) {
      this.builtIn = builtIn;
    }
  }

  private final Process process;
  private final Path log;

  private Rsyslog(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts it and waits until it has written what the kernel's ring held already. */
  static Rsyslog start(Path parent, Template template) throws IOException {
    return start(parent, template, "", "kern.*");
  }

  /**
   * The same with a limit of its own on the kernel's messages, which it says in the same file.
   *
   * @param burst how many pass
   * @param seconds in how many seconds
   */
  static Rsyslog startLimited(Path parent, int burst, int seconds) throws IOException {
    // What nobody has read of the kernel's messages would use the burst up
    Command.run(
        parent, List.of("sh", "-c", "dd if=/proc/kmsg iflag=nonblock of=/dev/null || true"));
    String limit = " ratelimitInterval=\"" + seconds + "\" ratelimitBurst=\"" + burst + "\"";
    return start(parent, Template.ISO, limit, "kern.*;syslog.*");
  }

  private static Rsyslog start(Path parent, Template template, String limit, String selector)
      throws IOException {
    Command.needs("rsyslogd", "rsyslog");
    KernelLog.awaitNoDaemon();
    Path directory = Files.createTempDirectory(parent, "rsyslog");
    Path log = directory.resolve("kern.log");
    Path conf = directory.resolve("rsyslog.conf");
    Path output = directory.resolve("output");
    // /proc/kmsg gives each message once, to whoever reads it first: what is old depends on that.
    String mark = "seccomp-watch test " + System.nanoTime();
    Path marks = directory.resolve("marks");
    Files.writeString(
        conf,
        """
        global(workDirectory="%s" processInternalMessages="on")
        module(load="imklog" permitNonKernelFacility="on"%s)
        module(load="imuxsock" SysSock.Use="off")
        input(type="imuxsock" Socket="%s/socket")
        :msg, contains, "%s" action(type="omfile" file="%s")
        %s action(type="omfile" file="%s" template="%s")
        *.* action(type="omfile" file="%s/all" template="%s")
        """
            .formatted(
                directory,
                limit,
                directory,
                mark,
                marks,
                selector,
                log,
                template.builtIn,
                directory,
                template.builtIn));
    KernelLog.write(mark);
    Process process =
        Command.start(
            directory,
            output,
            List.of("rsyslogd", "-n", "-f", conf.toString(), "-i", directory + "/pid"));
    try {
      Await.until(
          "all that was in the kernel's ring before, written by rsyslogd",
          Await.PATIENCE,
          () -> Command.text(marks).contains(mark),
          () -> Command.text(output));
    } catch (AssertionError e) {
      Command.stop(process);
      throw e;
    }
    return new Rsyslog(process, log);
  }

  /** Where it writes what anybody says, as Debian's {@code /var/log/syslog}. */
  Path all() {
    return log.resolveSibling("all");
  }

  /** Says something as any user may, through its {@code /dev/log}. */
  void say(String tag, String text) {
    String socket = log.resolveSibling("socket").toString();
    Command.run(log.resolveSibling("."), List.of("logger", "-u", socket, "-t", tag, "--", text));
  }

  @Override
  public String kind() {
    return "syslog";
  }

  @Override
  public String source() {
    return "syslog=" + log;
  }

  @Override
  public void awaitRoom(int records) {
    KernelLog.awaitRoom(records);
  }

  @Override
  public void close() {
    Command.stop(process);
  }
}
