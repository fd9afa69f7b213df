package io.seccompwatch.record;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Names of the node that a line speaks of, as the line itself gives them. Both are chosen by the
 * sender of the line and hostile; each has at most {@link #MAX_BYTES} bytes. Immutable.
 *
 * @param node name in auditd's {@code node=} (auditd.conf(5), {@code name_format}: a host name, an
 *     address or any word); null when the line has none
 * @param host name in the header of a syslog line (RFC 3164, RFC 5424), short or with its domain;
 *     null when the line has none
 */
public record LineOrigin(@Nullable String node, @Nullable String host) {

  /** Origin of a line that names no node, as the kernel's own log and most audit logs have it. */
  public static final LineOrigin NONE = new LineOrigin(null, null);

  /** Longest name that is kept: HOST_NAME_MAX is 64, a domain name has at most 255 (RFC 1035). */
  public static final int MAX_BYTES = 255;

  /** Returns the name given by auditd, else the one in the syslog header; null for neither. */
  public @Nullable String name() {
    return node == null ? host : node;
  }

  /**
   * Returns a name in the form in which names are compared: lower case, without a final dot.
   *
   * @param name a name of a node
   */
  public static String normal(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /**
   * Returns the first label of a normal name, {@code node-1} of {@code node-1.example}; the whole
   * name when that label is a number, as in an IPv4 address, or empty.
   *
   * @param normal a name in {@linkplain #normal normal} form
   */
  public static String shortName(String normal) {
    int dot = normal.indexOf('.');
    boolean number = dot > 0 && normal.chars().limit(dot).allMatch(c -> c >= '0' && c <= '9');
    return dot <= 0 || number ? normal : normal.substring(0, dot);
  }
}
