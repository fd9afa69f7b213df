package io.seccompwatch.posture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The seccomp lines of a {@code /proc/PID/status}: {@code task_seccomp} in {@code fs/proc/array.c}.
 * Immutable.
 *
 * @param filters how many filters there are; null before Linux 5.9
 */
record ProcessSeccomp(Mode mode, @Nullable Integer filters) {

  /** Reads the lines; null when the process is gone or hidden. */
  static @Nullable ProcessSeccomp read(Path proc, int pid) {
    try {
      return parse(
          Files.readString(
              proc.resolve(Integer.toString(pid)).resolve("status"), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return null;
    }
  }

  /** A kernel without seccomp prints neither line; the name, the only free text, has no newline. */
  static ProcessSeccomp parse(String status) {
    Mode mode =
        switch (value(status, "\nSeccomp:\t")) {
          case 1 -> Mode.STRICT;
          case 2 -> Mode.FILTER;
          default -> Mode.DISABLED;
        };
    int filters = value(status, "\nSeccomp_filters:\t");
    return new ProcessSeccomp(mode, filters < 0 ? null : filters);
  }

  private static int value(String status, String key) {
    int at = status.indexOf(key);
    int from = at + key.length();
    int to = at < 0 ? -1 : status.indexOf('\n', from);
    if (to <= from || to - from > 9) {
      return -1;
    }
    try {
      return Integer.parseInt(status, from, to, 10);
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
