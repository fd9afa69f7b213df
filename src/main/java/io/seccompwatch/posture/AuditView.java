package io.seccompwatch.posture;

import io.seccompwatch.linux.AuditRule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What somebody else found out about the way of a record from the filter to the agent. Immutable.
 *
 * @param state the kernel's audit system in words, for people; null when nobody could ask
 * @param blind why no denial of this node can be seen, an audit rule that excludes them say; null
 *     when nothing is known to be in the way
 * @param doubt why some denials may not be seen although nothing is known to be in the way of all;
 *     null when that is certain
 */
public record AuditView(@Nullable String state, @Nullable String blind, @Nullable String doubt) {

  /** Nobody could ask. */
  public static final AuditView UNKNOWN =
      new AuditView(null, null, "whether audit rules drop seccomp records is not known");

  /** What the loaded audit rules mean for the denials of this node. */
  public static AuditView of(List<AuditRule> rules) {
    String some = null;
    for (AuditRule rule : rules) {
      if (rule.excludesSeccomp()) {
        String all = "an audit rule drops every seccomp record: " + rule.text();
        return new AuditView(all, all, null);
      }
      if (rule.excludesSomeSeccomp() && some == null) {
        some = "an audit rule drops some seccomp records: " + rule.text();
      }
    }
    return new AuditView(some == null ? "no audit rule drops seccomp records" : some, null, some);
  }

  /**
   * Where the rules may not be read.
   *
   * @param why in words
   * @param heard whether a canary came through, which shows that none drops them all
   */
  public static AuditView unread(String why, boolean heard) {
    String rules = "audit rules are not known: " + why;
    return heard
        ? new AuditView("a canary came through; " + rules, null, null)
        : new AuditView(
            rules, null, "whether audit rules drop them is not known, and no canary came through");
  }
}
