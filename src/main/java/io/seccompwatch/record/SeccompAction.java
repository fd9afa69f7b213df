package io.seccompwatch.record;

/**
 * What the filter did with the call: the upper half of the record's {@code code=} field ({@code
 * include/uapi/linux/seccomp.h}, {@code SECCOMP_RET_*}).
 */
public enum SeccompAction {
  KILL_PROCESS("kill_process"),
  KILL_THREAD("kill_thread"),
  TRAP("trap"),
  ERRNO("errno"),
  USER_NOTIF("user_notif"),
  TRACE("trace"),
  /** The call was allowed and written down; the only action that is not a denial beside allow. */
  LOG("log"),
  ALLOW("allow"),
  /**
   * A value that is no action of seccomp.h, which the kernel treats as KILL_PROCESS; or a record
   * that was cut before its action.
   */
  UNKNOWN("unknown");

  /** {@code SECCOMP_RET_ACTION_FULL}: the lower half carries data on kernels before 4.14. */
  private static final int ACTION_MASK = 0xffff0000;

  private final String label;

  SeccompAction(String label) {
    this.label = label;
  }

  /** The action of a {@code code=} field; data in its lower half is ignored. */
  public static SeccompAction of(int code) {
    return switch (code & ACTION_MASK) {
      case 0x80000000 -> KILL_PROCESS;
      case 0x00000000 -> KILL_THREAD;
      case 0x00030000 -> TRAP;
      case 0x00050000 -> ERRNO;
      case 0x7fc00000 -> USER_NOTIF;
      case 0x7ff00000 -> TRACE;
      case 0x7ffc0000 -> LOG;
      case 0x7fff0000 -> ALLOW;
      default -> UNKNOWN;
    };
  }

  /** The name that users see, in JSON, in metrics and on the command line; from a closed set. */
  public String label() {
    return label;
  }

  /** Whether the call was blocked; false for {@link #LOG} and {@link #ALLOW}, which let it run. */
  public boolean denies() {
    return this != LOG && this != ALLOW;
  }
}
