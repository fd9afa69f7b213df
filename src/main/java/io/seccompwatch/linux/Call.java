package io.seccompwatch.linux;

/**
 * The system calls in use, with their numbers: x86_64 from arch/x86/entry/syscalls/syscall_64.tbl,
 * aarch64 from include/uapi/asm-generic/unistd.h. The newer forms (openat, ppoll, eventfd2) are
 * taken because aarch64 has no others.
 */
enum Call {
  READ(0, 63),
  WRITE(1, 64),
  CLOSE(3, 57),
  LSEEK(8, 62),
  SOCKET(41, 198),
  BIND(49, 200),
  SETSOCKOPT(54, 208),
  GETSOCKOPT(55, 209),
  FSTATFS(138, 44),
  SCHED_RR_GET_INTERVAL(148, 127),
  PRCTL(157, 167),
  GETXATTR(191, 8),
  CLOCK_GETTIME(228, 113),
  OPENAT(257, 56),
  PPOLL(271, 73),
  EVENTFD2(290, 19),
  RECVMMSG(299, 243),
  SECCOMP(317, 277);

  private final int x8664;
  private final int aarch64;

  Call(int x8664, int aarch64) {
    this.x8664 = x8664;
    this.aarch64 = aarch64;
  }

  /** The call's number on a machine. */
  int number(Machine machine) {
    return switch (machine) {
      case X86_64 -> x8664;
      case AARCH64 -> aarch64;
    };
  }
}
