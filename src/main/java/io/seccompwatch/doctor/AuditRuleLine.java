package io.seccompwatch.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A line of an audit rules file (auditctl(8)) that keeps records of type 1326 from being written:
 * {@code -a always,exclude -F msgtype=SECCOMP}, or a range of types. In this list {@code never}
 * excludes, too (audit_filter() in kernel/auditfilter.c).
 *
 * @param conditional whether other fields narrow it, so that it may hit only some records
 */
record AuditRuleLine(boolean conditional) {

  private static final int SECCOMP = 1326;
  private static final List<String> APPENDING = List.of("-a", "-A");

  /** In the order in which they must be tried: {@code <=} begins with {@code <}. */
  private static final List<String> OPERATORS = List.of("!=", "<=", ">=", "=", "<", ">");

  private enum Match {
    YES,
    NO,
    PERHAPS
  }

  /** Whether a line excludes seccomp's records, and if so, how; null when it does not. */
  static @Nullable AuditRuleLine of(String line) {
    List<String> words = Stream.of(line.strip().split("\\s+", -1)).toList();
    int at = 0;
    boolean excluding = false;
    List<Match> fields = new ArrayList<>();
    while (at < words.size() && !words.get(at).startsWith("#")) {
      String value = at + 1 < words.size() ? words.get(at + 1) : "";
      if (APPENDING.contains(words.get(at))) {
        List<String> how = List.of(value.split(",", -1));
        excluding = how.contains("exclude");
        at++;
      } else if (words.get(at).equals("-F")) {
        fields.add(match(value));
        at++;
      }
      at++;
    }
    // With no condition at all the kernel matches nothing
    if (!excluding || fields.isEmpty() || fields.contains(Match.NO)) {
      return null;
    }
    return new AuditRuleLine(fields.contains(Match.PERHAPS));
  }

  private static Match match(String field) {
    if (!field.startsWith("msgtype")) {
      return field.isEmpty() ? Match.NO : Match.PERHAPS;
    }
    String rest = field.substring("msgtype".length());
    for (String operator : OPERATORS) {
      if (rest.startsWith(operator)) {
        int type = type(rest.substring(operator.length()));
        if (type < 0) { // another's name: equal to none of ours, and nobody knows on which side
          return switch (operator) {
            case "=" -> Match.NO;
            case "!=" -> Match.YES;
            default -> Match.PERHAPS;
          };
        }
        boolean hit =
            switch (operator) {
              case "=" -> type == SECCOMP;
              case "!=" -> type != SECCOMP;
              case "<" -> SECCOMP < type;
              case "<=" -> SECCOMP <= type;
              case ">" -> SECCOMP > type;
              default -> SECCOMP >= type;
            };
        return hit ? Match.YES : Match.NO;
      }
    }
    return Match.PERHAPS;
  }

  /** A type's number; -1 for a name that is another's. */
  private static int type(String text) {
    if (text.equals("SECCOMP")) {
      return SECCOMP;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      return -1;
    }
  }
}
