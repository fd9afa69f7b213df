package io.seccompwatch.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.spi.AbstractInterruptibleChannel;
import java.nio.file.Path;

/**
 * A device that is read without blocking and waited for with poll(2): what Java's channels do not
 * offer for {@code /dev/kmsg}, whose every read(2) is one record and whose errors carry meaning.
 *
 * <p>One thread reads, seeks and waits. Any thread may close; closing, or interrupting the reading
 * thread, ends a wait at once (eventfd(2)). Descriptors are released by whoever leaves last, so
 * that no call can hit a number that was given away anew.
 */
public final class PolledFile extends AbstractInterruptibleChannel {

  /** From the first position that the device has (lseek(2), include/uapi/linux/fs.h). */
  public static final int SEEK_SET = 0;

  /** Behind the last position. */
  public static final int SEEK_END = 2;

  /**
   * For {@code /dev/kmsg}: behind the last clear of the log (Documentation/ABI/testing/dev-kmsg).
   */
  public static final int SEEK_DATA = 3;

  // include/uapi/asm-generic/fcntl.h; x86_64 and aarch64 change none of these.
  private static final int O_RDONLY = 0;
  private static final int O_NONBLOCK = 04000;
  private static final int O_CLOEXEC = 02000000;
  private static final int AT_FDCWD = -100;

  // include/uapi/asm-generic/poll.h, and struct pollfd { int fd; short events; short revents; }.
  private static final short POLLIN = 1;
  private static final int POLLFD_BYTES = 8;

  private final Path path;
  private final SystemCalls calls;
  private final int device;
  private final int wakeUp;
  private final MemorySegment buffer;
  private final ByteBuffer bytes;
  private final MemorySegment pollFds;

  // Guarded by this.
  private boolean busy;
  private boolean closing;

  private PolledFile(
      Path path, SystemCalls calls, Arena memory, int device, int wakeUp, int bufferBytes) {
    this.path = path;
    this.calls = calls;
    this.device = device;
    this.wakeUp = wakeUp;
    this.buffer = memory.allocate(bufferBytes);
    this.bytes = SystemCalls.bytes(buffer);
    this.pollFds = memory.allocate(2 * POLLFD_BYTES, Integer.BYTES);
    ByteBuffer fields = SystemCalls.bytes(pollFds);
    fields.putInt(device).putShort(POLLIN).putShort((short) 0);
    fields.putInt(wakeUp).putShort(POLLIN).putShort((short) 0);
  }

  /**
   * Opens a device for reading.
   *
   * @param bufferBytes the most that one read can take
   * @throws ErrnoException when it cannot be opened, or this machine is not supported
   */
  public static PolledFile open(Path path, int bufferBytes) throws ErrnoException {
    // Collected with this object: the last user of the memory may be any thread.
    Arena memory = Arena.ofAuto();
    SystemCalls calls = new SystemCalls(memory);
    MemorySegment name = memory.allocateFrom(path.toString());
    int device =
        (int)
            ErrnoException.check(
                "open " + path,
                calls.call(
                    Call.OPENAT,
                    AT_FDCWD,
                    name.address(),
                    O_RDONLY | O_NONBLOCK | O_CLOEXEC,
                    0,
                    0));
    long wakeUp = calls.call(Call.EVENTFD2, 0, O_NONBLOCK | O_CLOEXEC, 0, 0, 0);
    if (wakeUp < 0) {
      calls.call(Call.CLOSE, device, 0, 0, 0, 0);
    }
    ErrnoException.check("eventfd for " + path, wakeUp);
    return new PolledFile(path, calls, memory, device, (int) wakeUp, bufferBytes);
  }

  /**
   * Reads once (read(2)), without waiting.
   *
   * @return the number of bytes, 0 at the end of a file that has one, or the negated errno: {@link
   *     Errno#EAGAIN} when there is nothing yet, {@link Errno#EBADF} after {@link #close}
   */
  public int read(byte[] target) {
    if (!enter()) {
      return -Errno.EBADF.number();
    }
    try {
      long most = Math.min(buffer.byteSize(), target.length);
      int count = (int) calls.call(Call.READ, device, buffer.address(), most, 0, 0);
      if (count > 0) {
        bytes.get(0, target, 0, count);
      }
      return count;
    } finally {
      leave();
    }
  }

  /**
   * Moves to one of the positions {@link #SEEK_SET}, {@link #SEEK_END}, {@link #SEEK_DATA}.
   *
   * @throws ErrnoException when the device cannot, or is closed
   */
  public void seek(int whence) throws ErrnoException {
    if (!enter()) {
      throw new ErrnoException("lseek " + path, Errno.EBADF);
    }
    try {
      ErrnoException.check("lseek " + path, calls.call(Call.LSEEK, device, 0, whence, 0, 0));
    } finally {
      leave();
    }
  }

  /**
   * Waits, however long, until a read will answer something else than {@link Errno#EAGAIN}. It may
   * also return early.
   *
   * @return false when this file was closed, also by an interrupt (whose flag stays set)
   * @throws ErrnoException when poll(2) fails
   */
  public boolean await() throws ErrnoException {
    if (!enter()) {
      return false;
    }
    long result = 0;
    try {
      begin();
      result = calls.call(Call.PPOLL, pollFds.address(), 2, 0, 0, 0);
    } finally {
      leave();
      endQuietly();
    }
    if (!Errno.EINTR.is(result)) {
      ErrnoException.check("poll " + path, result);
    }
    return isOpen();
  }

  @Override
  protected void implCloseChannel() {
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

  private synchronized boolean enter() {
    busy = !closing;
    return busy;
  }

  private synchronized void leave() {
    busy = false;
    if (closing) {
      release();
    }
  }

  /** Called with the lock held, while the reading thread may be in poll(2) with its own slot. */
  private void wake() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment one = memory.allocate(Long.BYTES, Long.BYTES);
      SystemCalls.bytes(one).putLong(0, 1);
      new SystemCalls(memory).call(Call.WRITE, wakeUp, one.address(), one.byteSize(), 0, 0);
    }
  }

  private void release() {
    calls.call(Call.CLOSE, device, 0, 0, 0, 0);
    calls.call(Call.CLOSE, wakeUp, 0, 0, 0, 0);
  }
}
