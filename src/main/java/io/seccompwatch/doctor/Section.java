package io.seccompwatch.doctor;

import java.util.Locale;

/** What a finding is about, in the order of a record's way from the kernel to the cluster. */
public enum Section {
  KERNEL,
  AUDIT,
  DAEMONS,
  SOURCES,
  RIGHTS,
  CLOCK,
  STATE,
  KUBERNETES,
  CONTAINERS,
  CANARY,
  AGENT;

  /** The name that users see. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
