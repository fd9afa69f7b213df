package io.seccompwatch.posture;

/** The kernel's seccomp mode of a process: {@code SECCOMP_MODE_*} in uapi/linux/seccomp.h. */
public enum Mode {
  DISABLED("disabled"),
  STRICT("strict"),
  FILTER("filter");

  private final String label;

  Mode(String label) {
    this.label = label;
  }

  /** The name in metrics and JSON; from a closed set. */
  public String label() {
    return label;
  }
}
