package io.seccompwatch.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Makes system calls through syscall(2) of the C library. One function of one shape serves them
 * all, and structures are filled through byte buffers: each further shape of a native function or
 * of an access to memory costs start-up time and memory that stays.
 *
 * <p>Calls block their platform thread in native state and hold back neither safepoints nor garbage
 * collection. An instance holds the slot into which errno is saved: one thread at a time.
 */
final class SystemCalls {

  private final MemorySegment errnoSlot;
  private final ByteBuffer errno;
  private final @Nullable Machine machine = Machine.current();

  /** Takes the slot for errno from {@code memory}, which must live as long as this object. */
  SystemCalls(SegmentAllocator memory) {
    // Of Linux's layout errno is the only member, an int at offset 0.
    this.errnoSlot = memory.allocate(Linker.Option.captureStateLayout());
    this.errno = bytes(errnoSlot);
  }

  /** The bytes of a segment in the machine's order, to be filled as a structure. */
  static ByteBuffer bytes(MemorySegment segment) {
    return segment.asByteBuffer().order(ByteOrder.nativeOrder());
  }

  /**
   * Makes a call. Pointers are passed as addresses: the caller keeps their segments alive.
   *
   * @return what the kernel returns: the result, or the negated errno; {@code -ENOSYS} on a machine
   *     whose numbers are not known
   */
  long call(Call call, long a, long b, long c, long d, long e) {
    if (machine == null) {
      return -Errno.ENOSYS.number();
    }
    long result;
    try {
      result =
          (long) Binding.SYSCALL.invokeExact(errnoSlot, (long) call.number(machine), a, b, c, d, e);
    } catch (Throwable unexpected) {
      // syscall(2) throws nothing: this is the JVM's own trouble, such as a stack overflow.
      throw new IllegalStateException("system call " + call + " could not be made", unexpected);
    }
    return result == -1 ? -errno.getInt(0) : result;
  }

  /** Bound when the first call is made, and not at all on machines where none can be. */
  private static final class Binding {

    static final MethodHandle SYSCALL = bind();

    @SuppressWarnings("restricted") // the one place with native access
    private static MethodHandle bind() {
      Linker linker = Linker.nativeLinker();
      MemorySegment function = linker.defaultLookup().findOrThrow("syscall");
      ValueLayout word = JAVA_LONG;
      return linker.downcallHandle(
          function,
          FunctionDescriptor.of(word, word, word, word, word, word, word),
          Linker.Option.firstVariadicArg(1),
          Linker.Option.captureCallState("errno"));
    }
  }
}
