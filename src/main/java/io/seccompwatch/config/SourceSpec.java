package io.seccompwatch.config;

import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One {@code --source}.
 *
 * @param kind what to read
 * @param path where, when it is not the kind's usual place
 */
public record SourceSpec(Kind kind, @Nullable Path path) {

  /** The kinds of sources. */
  public enum Kind {
    /** Takes what the node has. */
    AUTO,
    /** auditd's log file. */
    AUDIT_LOG,
    /** A file of rsyslog's or syslog-ng's. */
    SYSLOG,
    /** The kernel's log ring. */
    KMSG,
    /** The kernel's audit socket; it has no path. */
    AUDIT_NETLINK;

    /** The name that users give and see, {@code audit-log} say. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * Reads {@code KIND[=PATH]}.
   *
   * @throws ConfigException when there is no such kind, or it takes no path
   */
  static SourceSpec parse(String text) {
    int equals = text.indexOf('=');
    String name = equals < 0 ? text : text.substring(0, equals);
    Kind kind =
        Stream.of(Kind.values())
            .filter(each -> each.label().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new ConfigException(
                        "source",
                        "unknown source '" + text + "'",
                        "give auto, audit-log[=PATH], syslog[=PATH], kmsg[=PATH] or"
                            + " audit-netlink"));
    if (equals < 0) {
      return new SourceSpec(kind, null);
    }
    String path = text.substring(equals + 1);
    boolean pathless = kind == Kind.AUTO || kind == Kind.AUDIT_NETLINK;
    if (path.isEmpty() || pathless) {
      throw new ConfigException(
          "source", "'" + text + "'", pathless ? name + " takes no path" : "give a path");
    }
    return new SourceSpec(kind, ConfigValues.path("source", path));
  }
}
