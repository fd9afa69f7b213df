package io.seccompwatch.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteBuffer;

/**
 * The canary's filter: one system call is logged and allowed, everything else allowed. A call of a
 * foreign ABI, whose numbers mean other calls, is allowed too.
 */
final class SeccompFilter {

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
