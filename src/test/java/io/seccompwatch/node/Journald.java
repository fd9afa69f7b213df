package io.seccompwatch.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A real systemd-journald of our own and a rsyslogd that reads its journal, in a mount namespace
 * where /run is theirs: the node whose syslog file journald feeds. journald listens to the audit
 * multicast and reads the kernel's log too, so each record that printk lets through is written
 * twice, once as {@code audit[PID]: SECCOMP} without stamp and serial.
 */
final class Journald implements RecordWriter {

  private static final Path SYSTEMD = Path.of("/lib/systemd");
  private static final String NAME = "systemd-journald";

  /** Audit= left empty leaves the kernel's audit switched as it is. */
  private static final String CONF =
      "[Journal]\\nStorage=volatile\\nAudit=\\nReadKMsg=yes\\nForwardToSyslog=no\\n";

  private static final String OWN_RUN =
      """
      set -e
      mount -t tmpfs tmpfs /run
      mkdir -p /run/systemd/journal /run/log/journal
      printf '%s' > "$1/journald.conf"
      mount --bind "$1/journald.conf" /etc/systemd/journald.conf
      exec %s
      """
          .formatted(CONF, SYSTEMD.resolve(NAME));

  private final Process journald;
  private final Process rsyslogd;
  private final Path log;

  private Journald(Process journald, Process rsyslogd, Path log) {
    this.journald = journald;
    this.rsyslogd = rsyslogd;
    this.log = log;
  }

  /** Starts both and waits until what the kernel's ring held before is written. */
  static Journald start(Path parent) throws IOException {
    Command.needs("rsyslogd", "rsyslog");
    Command.needs(SYSTEMD, NAME, "systemd");
    KernelLog.awaitNoDaemon();
    Path directory = Files.createTempDirectory(parent, "journald");
    Path log = directory.resolve("syslog");
    Path conf = directory.resolve("rsyslog.conf");
    Path output = directory.resolve("output");
    Files.writeString(
        conf,
        """
        global(workDirectory="%s")
        module(load="imjournal" StateFile="imjournal.state" Ratelimit.Interval="0")
        *.* action(type="omfile" file="%s" template="RSYSLOG_FileFormat")
        """
            .formatted(directory, log));
    String mark = "seccomp-watch test " + System.nanoTime();
    KernelLog.write(mark);
    Process journald =
        Command.start(
            directory,
            output,
            List.of("unshare", "--mount", "sh", "-c", OWN_RUN, "journald", directory.toString()));
    Process rsyslogd = journald; // until there is one
    try {
      Await.until(
          "journald's socket",
          Await.PATIENCE,
          () ->
              Files.exists(Path.of("/proc/" + journald.pid() + "/root/run/systemd/journal/socket")),
          () -> Command.text(output));
      rsyslogd =
          Command.start(
              directory,
              directory.resolve("rsyslogd"),
              List.of(
                  "nsenter",
                  "--mount=/proc/" + journald.pid() + "/ns/mnt",
                  "rsyslogd",
                  "-n",
                  "-f",
                  conf.toString(),
                  "-i",
                  directory + "/pid"));
      Await.until(
          "all that was in the kernel's ring before, written by way of the journal",
          Await.PATIENCE,
          () -> Command.text(log).contains(mark),
          () -> Command.text(output) + Command.text(directory.resolve("rsyslogd")));
    } catch (AssertionError e) {
      Command.stop(rsyslogd);
      Command.stop(journald);
      throw e;
    }
    return new Journald(journald, rsyslogd, log);
  }

  /** The lines of the syslog file that hold the text. */
  List<String> linesWith(String text) {
    return Command.text(log).lines().filter(line -> line.contains(text)).toList();
  }

  @Override
  public String kind() {
    return "syslog";
  }

  @Override
  public String source() {
    return "syslog=" + log;
  }

  /** journald has them from the multicast, which no printk limits. */
  @Override
  public void awaitRoom(int records) {}

  @Override
  public void close() {
    Command.stop(rsyslogd);
    Command.stop(journald);
  }
}
