package io.seccompwatch.node;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Changes of the kernel's audit settings that are taken back in any case. */
final class AuditSettings implements AutoCloseable {

  private static final Path HERE = Path.of("/tmp");

  private final String rateLimit = value("rate_limit");
  private final String backlogLimit = value("backlog_limit");
  private final String waitTime = value("backlog_wait_time");
  private final List<String> rules = new ArrayList<>();

  /** However this run ends. */
  private final Thread whenKilled = new Thread(this::restore);

  AuditSettings() {
    Command.needs("auditctl", "auditd");
    Runtime.getRuntime().addShutdownHook(whenKilled);
  }

  /** So many records a second pass; 0 for all. */
  void limitRate(int perSecond) {
    run("-r", Integer.toString(perSecond));
  }

  /** So few records may wait, and nobody waits for room: what finds none is lost. */
  void limitBacklog(int records) {
    run("--backlog_wait_time", "0");
    run("-b", Integer.toString(records));
  }

  /** Has the kernel write no records of this type. */
  void exclude(String type) {
    rules.add(type);
    run("-a", "always,exclude", "-F", "msgtype=" + type);
  }

  /** Takes the rules back. */
  void includeAll() {
    for (String type : rules) {
      run("-d", "always,exclude", "-F", "msgtype=" + type);
    }
    rules.clear();
  }

  /** Records that the kernel has dropped since boot. */
  static long lost() {
    return Long.parseLong(value("lost"));
  }

  @Override
  public void close() {
    restore();
    Runtime.getRuntime().removeShutdownHook(whenKilled);
  }

  private synchronized void restore() {
    includeAll();
    run("-r", rateLimit);
    run("-b", backlogLimit);
    run("--backlog_wait_time", waitTime);
  }

  private static void run(String... arguments) {
    List<String> command = new ArrayList<>(List.of("auditctl"));
    command.addAll(List.of(arguments));
    Command.run(HERE, command);
  }

  private static String value(String field) {
    Matcher matcher =
        Pattern.compile("(?m)^" + field + " (\\d+)")
            .matcher(Command.run(HERE, List.of("auditctl", "-s")));
    if (!matcher.find()) {
      throw new AssertionError("auditctl -s has no " + field);
    }
    return matcher.group(1);
  }
}
