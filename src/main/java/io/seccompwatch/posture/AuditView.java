package io.seccompwatch.posture;

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
}
