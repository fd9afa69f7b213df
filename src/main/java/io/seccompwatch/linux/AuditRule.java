package io.seccompwatch.linux;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A rule of the kernel's audit: {@code struct audit_rule_data} of include/uapi/linux/audit.h, as
 * {@code auditctl -l} shows it, without the system calls that it names.
 *
 * @param list which filter it belongs to, {@link #EXCLUDE} say
 * @param action 0 never, 1 possible, 2 always; in the exclude filter every one means never
 * @param fields the conditions, all of which must hold
 */
public record AuditRule(int list, int action, List<Field> fields) {

  /** The filter that keeps records from being written (AUDIT_FILTER_EXCLUDE). */
  public static final int EXCLUDE = 5;

  /** AUDIT_SECCOMP. */
  static final int SECCOMP = 1326;

  private static final int MSGTYPE = 12;
  private static final int LISTS = 0xf; // above it is AUDIT_FILTER_PREPEND
  private static final String[] LIST_NAMES = {
    "user", "task", "entry", "watch", "exit", "exclude", "filesystem", "io_uring"
  };
  private static final String[] ACTION_NAMES = {"never", "possible", "always"};

  // struct audit_rule_data
  private static final int MAX_FIELDS = 64;
  private static final int ACTION_AT = 4;
  private static final int FIELD_COUNT_AT = 8;
  private static final int FIELDS_AT = 12 + 64 * Integer.BYTES; // behind the mask of system calls
  private static final int VALUES_AT = FIELDS_AT + MAX_FIELDS * Integer.BYTES;
  private static final int OPERATORS_AT = VALUES_AT + MAX_FIELDS * Integer.BYTES;
  private static final int STRINGS_AT = OPERATORS_AT + MAX_FIELDS * Integer.BYTES + Integer.BYTES;

  /** The rule, with a copy of its fields. */
  public AuditRule {
    fields = List.copyOf(fields);
  }

  /**
   * A condition.
   *
   * @param type what is compared: AUDIT_MSGTYPE (12) and others
   * @param operator how: AUDIT_EQUAL and others
   * @param value with what; of a string its length
   * @param text the string; null when it is a number, or was cut off
   */
  public record Field(int type, int operator, long value, @Nullable String text) {

    /** Whether {@code number} fulfils it, compared as the kernel does: unsigned, 32 bits. */
    boolean holds(long number) {
      return switch (operator) {
        case 0x0800_0000 -> (number & value) != 0;
        case 0x1000_0000 -> number < value;
        case 0x2000_0000 -> number > value;
        case 0x3000_0000 -> number != value;
        case 0x4000_0000 -> number == value;
        case 0x4800_0000 -> (number & value) == value;
        case 0x5000_0000 -> number <= value;
        case 0x6000_0000 -> number >= value;
        default -> false;
      };
    }

    @Override
    public String toString() {
      return name() + operatorText() + (text == null ? value : text);
    }

    private String name() {
      return switch (type) {
        case 0 -> "pid";
        case 1 -> "uid";
        case 5 -> "gid";
        case 9 -> "auid";
        case 11 -> "arch";
        case MSGTYPE -> "msgtype";
        case 13 -> "subj_user";
        case 14 -> "subj_role";
        case 15 -> "subj_type";
        case 16 -> "subj_sen";
        case 17 -> "subj_clr";
        case 24 -> "auid_set";
        case 25 -> "sessionid";
        case 26 -> "fstype";
        case 105 -> "path";
        case 106 -> "perm";
        case 107 -> "dir";
        case 112 -> "exe";
        case 210 -> "key";
        default -> "field" + type;
      };
    }

    private String operatorText() {
      return switch (operator) {
        case 0x0800_0000 -> "&";
        case 0x1000_0000 -> "<";
        case 0x2000_0000 -> ">";
        case 0x3000_0000 -> "!=";
        case 0x4000_0000 -> "=";
        case 0x4800_0000 -> "&=";
        case 0x5000_0000 -> "<=";
        case 0x6000_0000 -> ">=";
        default -> "?";
      };
    }
  }

  /** Whether the rule keeps every seccomp record (type 1326) from being written. */
  public boolean excludesSeccomp() {
    return touchesSeccomp() && fields.stream().allMatch(field -> field.type() == MSGTYPE);
  }

  /**
   * Whether the rule keeps those seccomp records from being written that fulfil its further
   * conditions, of a user or a program say.
   */
  public boolean excludesSomeSeccomp() {
    return touchesSeccomp() && !excludesSeccomp();
  }

  /** The rule in auditctl's words: {@code -a always,exclude -F msgtype<1400}. */
  public String text() {
    return "-a "
        + name(ACTION_NAMES, action)
        + ","
        + name(LIST_NAMES, list)
        + fields.stream().map(field -> " -F " + field).collect(Collectors.joining());
  }

  /** The command that takes the rule away, ready for a shell. */
  public String deletion() {
    return "auditctl -d "
        + name(ACTION_NAMES, action)
        + ","
        + name(LIST_NAMES, list)
        + fields.stream()
            .map(field -> " -F " + quoted(field.toString()))
            .collect(Collectors.joining());
  }

  /** Comparisons and what a program's path may hold mean something to a shell. */
  private static String quoted(String text) {
    boolean plain =
        text.chars().allMatch(c -> Character.isLetterOrDigit(c) || "_=/.,:-".indexOf(c) >= 0);
    return plain ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  private boolean touchesSeccomp() {
    return list == EXCLUDE
        && !fields.isEmpty() // the kernel matches nothing with a rule without conditions
        && fields.stream()
            .filter(field -> field.type() == MSGTYPE)
            .allMatch(field -> field.holds(SECCOMP));
  }

  /**
   * Reads the structure.
   *
   * @param answer in the machine's byte order
   * @param at where it begins
   * @param length bytes of it; strings beyond it are left out
   * @return null when it is too short to be one
   */
  static @Nullable AuditRule read(ByteBuffer answer, int at, int length) {
    if (length < STRINGS_AT) {
      return null;
    }
    int count = Math.clamp(answer.getInt(at + FIELD_COUNT_AT), 0, MAX_FIELDS);
    List<Field> fields = new ArrayList<>(count);
    int string = STRINGS_AT;
    for (int i = 0; i < count; i++) {
      int next = i * Integer.BYTES;
      int type = answer.getInt(at + FIELDS_AT + next);
      int value = answer.getInt(at + VALUES_AT + next);
      String text = null;
      if (isString(type) && value >= 0 && value <= length - string) {
        byte[] bytes = new byte[value];
        answer.get(at + string, bytes);
        text = new String(bytes, StandardCharsets.UTF_8);
        string += value;
      }
      int operator = answer.getInt(at + OPERATORS_AT + next);
      fields.add(new Field(type, operator, Integer.toUnsignedLong(value), text));
    }
    return new AuditRule(answer.getInt(at) & LISTS, answer.getInt(at + ACTION_AT), fields);
  }

  /** Labels of subjects and objects, paths, programs and keys (kernel/auditfilter.c). */
  private static boolean isString(int type) {
    return (type >= 13 && type <= 17)
        || (type >= 19 && type <= 23)
        || type == 105
        || type == 107
        || type == 112
        || type == 210;
  }

  private static String name(String[] names, int number) {
    return number >= 0 && number < names.length ? names[number] : String.valueOf(number);
  }
}
