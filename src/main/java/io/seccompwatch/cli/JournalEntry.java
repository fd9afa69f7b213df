package io.seccompwatch.cli;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * One entry of systemd's journal, as {@code journalctl -o json}, {@code export} or {@code verbose}
 * prints it (systemd.journal-fields(7)). {@code _TRANSPORT} is journald's own word for where the
 * message came from, so that only {@code audit} and {@code kernel} make a record; what a user
 * writes with {@code logger} has another one. Not thread-safe.
 */
final class JournalEntry {

  /** The field that every entry has and that a user cannot set. */
  static final String TRANSPORT = "_TRANSPORT";

  static final String MESSAGE = "MESSAGE";
  private static final String REALTIME = "__REALTIME_TIMESTAMP";
  private static final String SOURCE_REALTIME = "_SOURCE_REALTIME_TIMESTAMP";
  private static final String AUDIT_SECCOMP = "SECCOMP ";
  private static final Set<String> WANTED =
      Set.of(
          TRANSPORT,
          MESSAGE,
          REALTIME,
          SOURCE_REALTIME,
          "_AUDIT_ID",
          "_AUDIT_TYPE",
          "_HOSTNAME",
          "_UID",
          "SYSLOG_FACILITY",
          "SYSLOG_IDENTIFIER");

  private final Map<String, String> fields = new HashMap<>();

  /** Returns whether the field says anything of interest, so that others need not be kept. */
  static boolean isWanted(String name) {
    return WANTED.contains(name);
  }

  /** Takes a field; the first of a name counts. Its text has one character for each byte. */
  void put(String name, String value) {
    if (isWanted(name)) {
      fields.putIfAbsent(name, value);
    }
  }

  /** Returns the message as it was logged; empty where there is none. */
  String message() {
    return fields.getOrDefault(MESSAGE, "");
  }

  /** Returns the entry as a line of a syslog file, which says of whom it is. */
  WrappedText toLine() {
    String message = message().replace('\n', ' ');
    return switch (fields.getOrDefault(TRANSPORT, "")) {
      case "audit" -> audit(message);
      case "kernel" -> {
        String facility = fields.get("SYSLOG_FACILITY");
        boolean kernels = facility == null || facility.equals("0");
        yield syslog("kernel", message, kernels);
      }
      default -> foreign(message);
    };
  }

  /**
   * A record that journald itself read from the audit socket. Its serial and stamp stand in fields
   * of their own, with which the record is the same as the kernel's line.
   */
  private WrappedText audit(String message) {
    String serial = fields.get("_AUDIT_ID");
    Instant event = LineTimes.micros(fields.get(SOURCE_REALTIME), 10);
    if (message.startsWith(AUDIT_SECCOMP)
        && event != null
        && serial != null
        && serial.matches("\\d{1,10}")) {
      String stamp =
          "%d.%03d:%s".formatted(event.getEpochSecond(), event.getNano() / 1_000_000, serial);
      String body = message.substring(AUDIT_SECCOMP.length());
      return syslog("kernel", "audit: type=1326 audit(" + stamp + "): " + body, true);
    }
    return syslog("audit[0]", message, true);
  }

  /** A message of a program's: auditd's dispatcher may hand records on, when root runs it. */
  private WrappedText foreign(String message) {
    String program = fields.getOrDefault("SYSLOG_IDENTIFIER", "");
    boolean root = fields.getOrDefault("_UID", "0").equals("0");
    if (message.startsWith("{")) {
      return new WrappedText(message, root, false);
    }
    if (root && (program.equals("audispd") || program.equals("audisp-syslog"))) {
      return syslog(program, message, true);
    }
    return message.startsWith(AUDIT_SECCOMP)
        ? syslog("audit[0]", message, false)
        : new WrappedText(message, false, false);
  }

  private WrappedText syslog(String tag, String message, boolean trusted) {
    Instant time = LineTimes.micros(fields.get(REALTIME), 10);
    if (time == null) {
      time = LineTimes.micros(fields.get(SOURCE_REALTIME), 10);
    }
    return WrappedText.syslog(time, fields.get("_HOSTNAME"), tag, message, trusted);
  }
}
