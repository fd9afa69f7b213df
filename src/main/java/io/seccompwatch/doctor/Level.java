package io.seccompwatch.doctor;

import java.util.Locale;

/** How grave a finding is. */
public enum Level {
  /** As it should be. */
  OK,
  /** Worth knowing; nothing is lost by it that this node's way of reading relies on. */
  NOTE,
  /** It could not be found out, mostly for want of a right. */
  UNKNOWN,
  /** Something is lost, or will be. */
  PROBLEM,
  /** No denial can be seen because of it. */
  BLIND;

  /** The name that users see. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether somebody should do something. */
  public boolean isBad() {
    return this == PROBLEM || this == BLIND;
  }
}
