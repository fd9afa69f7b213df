package io.seccompwatch.linux;

import org.jspecify.annotations.Nullable;

/**
 * The machines whose system calls this package knows. Everything here is for 64-bit little-endian
 * Linux, so that structure layouts need no further choice.
 */
enum Machine {
  X86_64("amd64", 0xc000003e),
  AARCH64("aarch64", 0xc00000b7);

  private final String javaName;
  private final int auditArch;

  Machine(String javaName, int auditArch) {
    this.javaName = javaName;
    this.auditArch = auditArch;
  }

  /** The machine that this JVM runs on; null when it is another one, or not Linux. */
  static @Nullable Machine current() {
    return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
  }

  static @Nullable Machine of(String osName, String osArch) {
    if (osName.equals("Linux")) {
      for (Machine machine : values()) {
        if (machine.javaName.equals(osArch)) {
          return machine;
        }
      }
    }
    return null;
  }

  /** {@code AUDIT_ARCH_*} of include/uapi/linux/audit.h: what a seccomp filter sees as its arch. */
  int auditArch() {
    return auditArch;
  }

  /** Where we are, in words, for the message of a refusal. */
  static String describe() {
    return System.getProperty("os.name", "an unknown system")
        + " on "
        + System.getProperty("os.arch", "an unknown machine");
  }
}
