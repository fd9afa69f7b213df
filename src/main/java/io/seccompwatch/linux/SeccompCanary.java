package io.seccompwatch.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Makes the kernel write one real seccomp record, to prove that the agent would see another's. A
 * short-lived thread puts a filter on itself alone (seccomp(2) without {@code TSYNC}) that logs
 * {@code sched_rr_get_interval} and allows all else, makes that call once, and ends; the filter and
 * its {@code no_new_privs} end with it. No privilege is needed.
 *
 * <p>The call was chosen because the default profiles of Docker, containerd and Podman allow it
 * while the JVM never makes it. The record says {@code code=0x7ffc0000} (log), this process as
 * {@code pid}, and the name given as {@code comm}. It does not come when {@code
 * kernel.seccomp.actions_logged} lacks {@code log}, or audit rules exclude it: this class cannot
 * see that, the missing record tells. An outer filter that kills on prctl(2) or seccomp(2) kills
 * the agent; container runtimes' profiles answer an errno instead.
 *
 * <p>Stateless and thread-safe.
 */
public final class SeccompCanary {

  /** The longest name: {@code TASK_COMM_LEN} of include/linux/sched.h is 16 with the final NUL. */
  public static final int MAX_COMM_BYTES = 15;

  // include/uapi/linux/prctl.h
  private static final int PR_SET_NAME = 15;
  private static final int PR_SET_NO_NEW_PRIVS = 38;

  // include/uapi/linux/seccomp.h
  private static final int SECCOMP_SET_MODE_FILTER = 1;
  private static final int SECCOMP_GET_ACTION_AVAIL = 2;

  private static final String OUTER_FILTER =
      "allow prctl, seccomp and sched_rr_get_interval in the agent's own seccomp profile"
          + " (RuntimeDefault does)";
  private static final String OLD_KERNEL =
      "the kernel cannot log by seccomp (SECCOMP_RET_LOG, since Linux 4.14): switch the canary off";

  /** What became of the attempt. */
  public sealed interface Result {

    /**
     * The call was made and ran, so the kernel has been told to write a record.
     *
     * @param at just before the call
     */
    record Fired(Instant at) implements Result {}

    /**
     * No record can come.
     *
     * @param what the step that failed
     * @param errno how
     * @param remedy what to do, in words
     */
    record Unavailable(String what, Errno errno, String remedy) implements Result {}
  }

  /**
   * Fires once and waits for the thread to end: about a millisecond, more the first time.
   *
   * @param comm the name that the record will carry, 1 to {@value #MAX_COMM_BYTES} bytes in UTF-8
   * @throws IllegalArgumentException when the name is empty, too long or holds a NUL
   */
  public Result fire(String comm) {
    return fire(comm, () -> {});
  }

  /**
   * The same, and has the thread do something before it makes the call.
   *
   * @param before runs on the canary's thread, without the filter; must not throw
   */
  public Result fire(String comm, Runnable before) {
    byte[] name = comm.getBytes(StandardCharsets.UTF_8);
    if (name.length == 0 || name.length > MAX_COMM_BYTES || comm.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "canary name must be 1 to " + MAX_COMM_BYTES + " bytes without NUL: '" + comm + "'");
    }
    Machine machine = Machine.current();
    if (machine == null) {
      return new Result.Unavailable(
          "seccomp", Errno.ENOSYS, "not supported on " + Machine.describe());
    }
    FutureTask<Result> task =
        new FutureTask<>(
            () -> {
              before.run();
              return onThisThread(name, machine);
            });
    joinThroughInterrupts(Thread.ofPlatform().name("canary").daemon().start(task));
    if (task.state() == Future.State.FAILED) {
      throw new IllegalStateException("the canary's thread failed", task.exceptionNow());
    }
    return task.resultNow();
  }

  private static Result onThisThread(byte[] name, Machine machine) {
    try (Arena memory = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(memory);
      MemorySegment timespec = memory.allocate(2 * Long.BYTES, Long.BYTES);
      Result.Unavailable refused = filterThisThread(calls, memory, name, machine);
      if (refused != null) {
        return refused;
      }
      Instant at = Instant.now();
      // Of process 0, the caller: it cannot fail, unless an outer filter answers in its place.
      long result = calls.call(Call.SCHED_RR_GET_INTERVAL, 0, timespec.address(), 0, 0, 0);
      if (result == 0) {
        return new Result.Fired(at);
      }
      return new Result.Unavailable(
          "sched_rr_get_interval",
          new Errno((int) -result),
          "an outer seccomp filter blocks the canary's call, so its record cannot come: "
              + OUTER_FILTER);
    }
  }

  /** Names the calling thread and puts the filter on it; null when that went well. */
  private static Result.@Nullable Unavailable filterThisThread(
      SystemCalls calls, Arena memory, byte[] name, Machine machine) {
    // Without this question an older kernel would take the unknown action for "kill".
    MemorySegment action = memory.allocate(Integer.BYTES, Integer.BYTES);
    SystemCalls.bytes(action).putInt(0, SeccompFilter.SECCOMP_RET_LOG);
    long result = calls.call(Call.SECCOMP, SECCOMP_GET_ACTION_AVAIL, 0, action.address(), 0, 0);
    if (result < 0) {
      return unavailable("seccomp(SECCOMP_GET_ACTION_AVAIL)", result);
    }
    MemorySegment comm = memory.allocate(MAX_COMM_BYTES + 1L);
    SystemCalls.bytes(comm).put(name);
    result = calls.call(Call.PRCTL, PR_SET_NAME, comm.address(), 0, 0, 0);
    if (result < 0) {
      return unavailable("prctl(PR_SET_NAME)", result);
    }
    // What lets a process without CAP_SYS_ADMIN set a filter; it holds for this thread only.
    result = calls.call(Call.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (result < 0) {
      return unavailable("prctl(PR_SET_NO_NEW_PRIVS)", result);
    }
    MemorySegment program = SeccompFilter.logging(Call.SCHED_RR_GET_INTERVAL, machine, memory);
    result = calls.call(Call.SECCOMP, SECCOMP_SET_MODE_FILTER, 0, program.address(), 0, 0);
    return result < 0 ? unavailable("seccomp(SECCOMP_SET_MODE_FILTER)", result) : null;
  }

  private static Result.Unavailable unavailable(String what, long result) {
    Errno errno = new Errno((int) -result);
    boolean old = errno.equals(Errno.EINVAL) || errno.equals(Errno.EOPNOTSUPP);
    String remedy = old ? OLD_KERNEL : "an outer seccomp filter may be the cause: " + OUTER_FILTER;
    return new Result.Unavailable(what, errno, remedy);
  }

  private static void joinThroughInterrupts(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // the thread ends by itself; the flag is for the caller
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * The canary's filter: one system call is logged and allowed, everything else allowed. A call of
   * a foreign ABI, whose numbers mean other calls, is allowed too.
   */
  static final class SeccompFilter {

    // include/uapi/linux/seccomp.h
    static final int SECCOMP_RET_LOG = 0x7ffc0000;
    private static final int SECCOMP_RET_ALLOW = 0x7fff0000;

    // struct seccomp_data { int nr; __u32 arch; … }, same header.
    private static final int NR_OFFSET = 0;
    private static final int ARCH_OFFSET = 4;

    // include/uapi/linux/bpf_common.h and filter.h
    private static final short LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
    private static final short JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private static final short RETURN = 0x06; // BPF_RET | BPF_K

    // struct sock_filter { __u16 code; __u8 jt; __u8 jf; __u32 k; }
    private static final int INSTRUCTION_BYTES = 8;
    private static final int INSTRUCTIONS = 6;

    private SeccompFilter() {}

    /** A {@code struct sock_fprog} that logs {@code call}; it lives as long as {@code memory}. */
    static MemorySegment logging(Call call, Machine machine, SegmentAllocator memory) {
      MemorySegment code = memory.allocate((long) INSTRUCTIONS * INSTRUCTION_BYTES, Integer.BYTES);
      ByteBuffer instructions = SystemCalls.bytes(code);
      put(instructions, LOAD_WORD, 0, ARCH_OFFSET);
      put(instructions, JUMP_IF_EQUAL, 3, machine.auditArch());
      put(instructions, LOAD_WORD, 0, NR_OFFSET);
      put(instructions, JUMP_IF_EQUAL, 1, call.number(machine));
      put(instructions, RETURN, 0, SECCOMP_RET_LOG);
      put(instructions, RETURN, 0, SECCOMP_RET_ALLOW);
      // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
      MemorySegment program = memory.allocate(2 * Long.BYTES, Long.BYTES);
      SystemCalls.bytes(program)
          .putShort(0, (short) INSTRUCTIONS)
          .putLong(Long.BYTES, code.address());
      return program;
    }

    /** Appends an instruction; {@code skipIfNot} is how many to skip when a comparison fails. */
    private static void put(ByteBuffer code, short operation, int skipIfNot, int k) {
      code.putShort(operation).put((byte) 0).put((byte) skipIfNot).putInt(k);
    }
  }
}
