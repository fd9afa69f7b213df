package io.seccompwatch.publish;

import io.seccompwatch.attribution.Workload;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The text of an Event: the same for every violation of its kind but for the process, without PID,
 * time or count, so that Events can be compared. Names that a process chose are escaped.
 */
final class EventText {

  /** The longest note that the API server takes, in bytes of UTF-8. */
  static final int LONGEST_NOTE = 1_024;

  /** The longest word of the API server or the network that the agent repeats, in bytes. */
  private static final int LONGEST_MESSAGE = 300;

  /** What is shown of a name; the kernel's are at most 15 bytes, Kubernetes' 253. */
  private static final int LONGEST_NAME = 253;

  private static final String CUT = "...";

  private EventText() {}

  /** {@code keyctl (250, x86_64) denied with errno in container app (process myapp)}. */
  static String note(Violation violation, Workload workload) {
    SeccompRecord record = violation.record();
    StringBuilder note = new StringBuilder(128);
    String arch = ViolationJson.archText(record);
    if (violation.syscallName() == null) {
      note.append("syscall ").append(record.syscallText());
      note.append(arch == null ? "" : " (" + arch + ")");
    } else {
      note.append(quoted(violation.syscallName()));
      note.append(" (").append(record.syscall()).append(arch == null ? ")" : ", " + arch + ")");
    }
    if (!record.isWhole()) {
      note.append(" with unknown action, as the kernel's record is cut,");
    } else {
      note.append(violation.denied() ? " denied with " + record.action().label() : " logged");
    }
    if (workload.container() != null) {
      note.append(" in container ").append(quoted(workload.container()));
    } else {
      note.append(" in pod ").append(quoted(workload.pod()));
    }
    String comm = record.comm();
    if (comm != null && !comm.isEmpty()) {
      note.append(" (process ").append(quoted(comm)).append(')');
    }
    return note.toString();
  }

  /** {@code spec.containers{app}}; null when the container is not known, or not where it is. */
  static @Nullable String fieldPath(Workload workload) {
    if (workload.container() == null || workload.containerType() == null) {
      return null;
    }
    return "spec."
        + workload.containerType().specField()
        + "{"
        + escaped(workload.container(), LONGEST_NAME, true)
        + "}";
  }

  /** What the API server or the network said, on one line and not too long. */
  static String message(String text) {
    return escaped(text, LONGEST_MESSAGE, false);
  }

  /** A name on one line, cut to so many bytes; never empty, as the API server wants it. */
  static String name(String text, int longest) {
    String name = escaped(text, longest - CUT.length(), false);
    return name.isEmpty() ? "unknown" : name;
  }

  /** A name: bare when it is made of what names are made of, else quoted, so that it ends. */
  private static String quoted(String name) {
    boolean plain = !name.isEmpty() && name.chars().allMatch(EventText::isPlain);
    String escaped = escaped(name, LONGEST_NAME, true);
    return plain ? escaped : "\"" + escaped + "\"";
  }

  private static boolean isPlain(int c) {
    return isAsciiLetterOrDigit(c) || "._-+:/@#%=~".indexOf(c) >= 0;
  }

  /** Cut to so many bytes, but never within a character or an escape. */
  private static String escaped(String text, int longest, boolean forQuotes) {
    StringBuilder safe = new StringBuilder();
    int bytes = 0;
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      String shown = shown(c, forQuotes);
      bytes += shown.getBytes(StandardCharsets.UTF_8).length;
      if (bytes > longest) {
        return safe.append(CUT).toString();
      }
      safe.append(shown);
      i += Character.charCount(c);
    }
    return safe.toString();
  }

  private static String shown(int c, boolean forQuotes) {
    if (c >= ' ' && c < 0x7f) {
      return forQuotes && (c == '"' || c == '\\') ? "\\" + (char) c : Character.toString(c);
    }
    return isHarmless(c)
        ? Character.toString(c)
        : c < 0x100 ? "\\x%02x".formatted(c) : "\\u{%x}".formatted(c);
  }

  /**
   * Beyond ASCII only what stands by itself and runs from left to right: no controls, no marks that
   * pile up, nothing that turns the writing direction.
   */
  private static boolean isHarmless(int c) {
    return Character.isLetterOrDigit(c)
        && Character.getDirectionality(c) == Character.DIRECTIONALITY_LEFT_TO_RIGHT;
  }

  private static boolean isAsciiLetterOrDigit(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  /**
   * Names of Events: the pod's, a dot and 16 hex digits, as client-go names them ({@code
   * util.GenerateEventName}). It puts the time there; here it is a hash over what the Event is
   * about and a number that each agent draws anew, so that nobody can take a name before it is
   * used, and an agent that was restarted does not meet its own. Immutable.
   */
  static final class EventNames {

    /** The longest name of an object: {@code DNS1123SubdomainMaxLength}. */
    static final int LONGEST = 253;

    private static final int HASH_BYTES = 8;

    private final long agent;

    /** The names of one agent, from the number that it drew. */
    EventNames(long agent) {
      this.agent = agent;
    }

    /**
     * A name.
     *
     * @param pod the pod's name; whatever it is made of, the result is a DNS-1123 subdomain
     * @param what tells the Event from all others of this agent
     */
    String name(String pod, String what) {
      String hash = hash(agent + "/" + what);
      String prefix = subdomain(pod, LONGEST - 1 - hash.length());
      return prefix.isEmpty() ? hash : prefix + "." + hash;
    }

    /** As much of the text, up to a length, as is the beginning of a DNS-1123 subdomain. */
    private static String subdomain(String text, int longest) {
      int end = 0;
      char before = '.';
      for (int i = 0; i < Math.min(text.length(), longest); i++) {
        char c = text.charAt(i);
        boolean letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        boolean inner = (c == '-' && before != '.') || (c == '.' && letterOrDigit(before));
        if (!letter && !inner) {
          break;
        }
        before = c;
        end = letter ? i + 1 : end;
      }
      return text.substring(0, end);
    }

    private static boolean letterOrDigit(char c) {
      return c != '.' && c != '-';
    }

    private static String hash(String text) {
      try {
        byte[] digest =
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }
}
