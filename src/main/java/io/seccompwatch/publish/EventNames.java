package io.seccompwatch.publish;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Names of Events: the pod's, a dot and 16 hex digits, as client-go names them ({@code
 * util.GenerateEventName}). It puts the time there; here it is a hash over what the Event is about
 * and a number that each agent draws anew, so that nobody can take a name before it is used, and an
 * agent that was restarted does not meet its own. Immutable.
 */
final class EventNames {

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
