package io.seccompwatch.source;

import java.nio.file.Path;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * The name of a rotated sibling: {@code audit.log.1} (auditd, logrotate), {@code
 * audit.log-20261122}, {@code audit.log-20261122-1795342823} (logrotate's dateext), each also with
 * {@code .gz}. Copies that people make ({@code audit.log.bak}) are not siblings.
 *
 * @param path where it is
 * @param number the number of a numbered sibling, else 0
 * @param date the date of a dated sibling, else empty
 * @param compressed whether it ends in {@code .gz}
 */
record RotatedName(Path path, long number, String date, boolean compressed) {

  /** Oldest first. A file that has both forms changed its scheme: the dated ones count as older. */
  static final Comparator<RotatedName> OLDEST_FIRST =
      Comparator.comparing((RotatedName name) -> name.date.isEmpty())
          .thenComparing(RotatedName::date)
          .thenComparing(Comparator.comparingLong(RotatedName::number).reversed());

  private static final String GZIP = ".gz";
  private static final int DATE_DIGITS = 6;

  /** Reads a path's name as a sibling of the file; null when it is none. */
  static @Nullable RotatedName of(Path path, String file) {
    String name = String.valueOf(path.getFileName());
    boolean compressed = name.endsWith(GZIP);
    int end = compressed ? name.length() - GZIP.length() : name.length();
    if (!name.startsWith(file) || end - file.length() < 2) {
      return null;
    }
    char separator = name.charAt(file.length());
    String suffix = name.substring(file.length() + 1, end);
    if (separator == '.' && digits(suffix) == suffix.length() && suffix.length() <= 9) {
      return new RotatedName(path, Long.parseLong(suffix), "", compressed);
    }
    boolean dated =
        (separator == '-' || separator == '.')
            && digits(suffix.replace("-", "").replace("_", "")) >= DATE_DIGITS;
    return dated ? new RotatedName(path, 0, suffix, compressed) : null;
  }

  /** The name without {@code .gz}. */
  String plain() {
    String name = path.toString();
    return compressed ? name.substring(0, name.length() - GZIP.length()) : name;
  }

  private static int digits(String text) {
    int count = 0;
    while (count < text.length() && text.charAt(count) >= '0' && text.charAt(count) <= '9') {
      count++;
    }
    return count == text.length() ? count : 0;
  }
}
