package io.seccompwatch.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/** What the kernel's log and its audit system are about, apart from the agent's view of it. */
final class KernelLog {

  /** printk lets ten audit records pass in five seconds, whoever makes them. */
  private static final int BURST = 10;

  private static final long INTERVAL_MILLIS = 5_500;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern STAMP = Pattern.compile("audit\\((\\d+)\\.(\\d{3}):\\d+\\)");
  private static final Pattern DAEMON = Pattern.compile("(?m)^pid (\\d+)$");

  private KernelLog() {}

  /**
   * Waits until so many records will pass into the log unsuppressed. Others' records count too,
   * which is why the log is asked and not a counter of our own.
   */
  static void awaitRoom(int records) {
    Await.until(
        "room for " + records + " audit records in the kernel's log",
        PATIENCE,
        () -> recent() + records <= BURST,
        () -> "");
  }

  /** Waits until no audit daemon takes the records away from the kernel's log. */
  static void awaitNoDaemon() {
    Await.until(
        "no auditd registered: another one holds the kernel's audit socket",
        PATIENCE,
        () -> daemon() == 0,
        () -> "pid " + daemon());
  }

  /** The PID of the audit daemon that the kernel gives its records to; 0 for none. */
  static long daemon() {
    var status = DAEMON.matcher(Command.run(Path.of("/tmp"), List.of("auditctl", "-s")));
    if (!status.find()) {
      throw new AssertionError("auditctl -s names no pid");
    }
    return Long.parseLong(status.group(1));
  }

  /** Puts a line into the ring, as a user's message: nothing claims to be the kernel's. */
  static void write(String text) throws IOException {
    Files.writeString(Path.of("/dev/kmsg"), "<12>" + text + "\n", StandardOpenOption.WRITE);
  }

  private static long recent() {
    long since = System.currentTimeMillis() - INTERVAL_MILLIS;
    return STAMP
        .matcher(ring())
        .results()
        .filter(s -> Long.parseLong(s.group(1)) * 1_000 + Long.parseLong(s.group(2)) > since)
        .count();
  }

  private static String ring() {
    return Command.run(Path.of("/tmp"), List.of("dmesg", "--kernel"));
  }
}
