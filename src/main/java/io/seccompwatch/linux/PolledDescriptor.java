package io.seccompwatch.linux;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;

/**
 * A descriptor that is waited for with poll(2), and whose wait any thread can end.
 *
 * <p>One thread uses and awaits it. Any thread may close; closing, or interrupting the thread that
 * waits, ends a wait at once (eventfd(2)). Descriptors are released by whoever leaves last, so that
 * no call can hit a number that was given away anew.
 */
abstract class PolledDescriptor extends AbstractInterruptibleChannel {

  // include/uapi/asm-generic/fcntl.h; x86_64 and aarch64 change none of these.
  static final int O_NONBLOCK = 04000;
  static final int O_CLOEXEC = 02000000;

  // include/uapi/asm-generic/poll.h, and struct pollfd { int fd; short events; short revents; }.
  private static final short POLLIN = 1;
  private static final int POLLFD_BYTES = 8;

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final String name;
  private final SystemCalls calls;
  private final int descriptor;
  private final int wakeUp;
  private final MemorySegment pollFds;
  private final MemorySegment timespec;

  // Guarded by this.
  private boolean busy;
  private boolean closing;
  private boolean released;

  /**
   * Takes over a descriptor, which it closes when it cannot.
   *
   * @param name what it is, for messages
   * @param calls the using thread's own
   * @param memory lives as long as this object
   */
  PolledDescriptor(String name, SystemCalls calls, Arena memory, int descriptor)
      throws ErrnoException {
    this.name = name;
    this.calls = calls;
    this.descriptor = descriptor;
    long event = calls.call(Call.EVENTFD2, 0, O_NONBLOCK | O_CLOEXEC, 0, 0, 0);
    if (event < 0) {
      calls.call(Call.CLOSE, descriptor, 0, 0, 0, 0);
    }
    ErrnoException.check("eventfd for " + name, event);
    this.wakeUp = (int) event;
    this.timespec = memory.allocate(2 * Long.BYTES, Long.BYTES);
    this.pollFds = pollFds(memory, descriptor, wakeUp);
  }

  private static MemorySegment pollFds(Arena memory, int... descriptors) {
    MemorySegment pollFds = memory.allocate((long) descriptors.length * POLLFD_BYTES, Long.BYTES);
    ByteBuffer fields = SystemCalls.bytes(pollFds);
    for (int descriptor : descriptors) {
      fields.putInt(descriptor).putShort(POLLIN).putShort((short) 0);
    }
    return pollFds;
  }

  /**
   * Waits, however long, until there is something to be read. It may also return early.
   *
   * @return false when this was closed, also by an interrupt (whose flag stays set)
   * @throws ErrnoException when poll(2) fails
   */
  public boolean await() throws ErrnoException {
    return awaitWith(0);
  }

  /** As {@link #await()}, but returns true too when the time has passed. */
  public final boolean await(long millis) throws ErrnoException {
    return awaitNanos(millis * NANOS_PER_MILLI);
  }

  /** As {@link #await()}, but returns true too when the time has passed. */
  public boolean awaitNanos(long nanos) throws ErrnoException {
    SystemCalls.bytes(timespec)
        .putLong(0, nanos / NANOS_PER_SECOND)
        .putLong(Long.BYTES, nanos % NANOS_PER_SECOND);
    return awaitWith(timespec.address());
  }

  private boolean awaitWith(long timeout) throws ErrnoException {
    if (!enter()) {
      return false;
    }
    long result = 0;
    try {
      begin();
      result = calls.call(Call.PPOLL, pollFds.address(), 2, timeout, 0, 0);
    } finally {
      leave();
      endQuietly();
    }
    if (!Errno.EINTR.is(result)) {
      ErrnoException.check("poll " + name, result);
    }
    return isOpen();
  }

  /** Whether there is something to be read, now and for any thread; also when that is an error. */
  final boolean isReadable() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment alone = pollFds(memory, descriptor);
      MemorySegment none = memory.allocate(2 * Long.BYTES, Long.BYTES);
      SystemCalls own = new SystemCalls(memory);
      synchronized (this) {
        return released || own.call(Call.PPOLL, alone.address(), 1, none.address(), 0, 0) != 0;
      }
    }
  }

  /** Begins a use of the descriptor; false when it is closed. */
  final synchronized boolean enter() {
    busy = !closing;
    return busy;
  }

  /** Ends a use. */
  final synchronized void leave() {
    busy = false;
    if (closing) {
      release();
    }
  }

  /** Called once, just before the descriptor is closed, with the lock held and by any thread. */
  void beforeRelease() {}

  @Override
  protected final void implCloseChannel() {
    synchronized (this) {
      closing = true;
      if (busy) {
        wake();
      } else {
        release();
      }
    }
  }

  private void endQuietly() {
    try {
      end(true);
    } catch (AsynchronousCloseException closed) {
      // await() tells by its result; after an interrupt the thread's flag is still set.
    }
  }

  /** Called with the lock held, while the using thread may be in poll(2) with its own slot. */
  private void wake() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment one = memory.allocate(Long.BYTES, Long.BYTES);
      SystemCalls.bytes(one).putLong(0, 1);
      new SystemCalls(memory).call(Call.WRITE, wakeUp, one.address(), one.byteSize(), 0, 0);
    }
  }

  private void release() {
    if (!released) {
      released = true;
      beforeRelease();
      calls.call(Call.CLOSE, descriptor, 0, 0, 0, 0);
      calls.call(Call.CLOSE, wakeUp, 0, 0, 0, 0);
    }
  }
}
