package io.seccompwatch.linux;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A device that is read without blocking and waited for with poll(2): what Java's channels do not
 * offer for {@code /dev/kmsg}, whose every read(2) is one record and whose errors carry meaning.
 *
 * <p>One thread reads, seeks and waits. Any thread may close; closing, or interrupting the reading
 * thread, ends a wait at once.
 */
public final class PolledFile extends PolledDescriptor {

  /** From the first position that the device has (lseek(2), include/uapi/linux/fs.h). */
  public static final int SEEK_SET = 0;

  /** Behind the last position. */
  public static final int SEEK_END = 2;

  /**
   * For {@code /dev/kmsg}: behind the last clear of the log (Documentation/ABI/testing/dev-kmsg).
   */
  public static final int SEEK_DATA = 3;

  // include/uapi/asm-generic/fcntl.h
  private static final int O_RDONLY = 0;
  private static final int AT_FDCWD = -100;

  private final Path path;
  private final SystemCalls calls;
  private final int device;
  private final MemorySegment buffer;
  private final ByteBuffer bytes;

  private PolledFile(Path path, SystemCalls calls, Arena memory, int device, int bufferBytes)
      throws ErrnoException {
    super(path.toString(), calls, memory, device);
    this.path = path;
    this.calls = calls;
    this.device = device;
    this.buffer = memory.allocate(bufferBytes);
    this.bytes = SystemCalls.bytes(buffer);
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
    return new PolledFile(path, calls, memory, device, bufferBytes);
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
}
