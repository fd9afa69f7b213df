package io.seccompwatch.linux;

import java.io.IOException;

/** A system call failed; the message names the call, what it was used on, and the errno. */
public final class ErrnoException extends IOException {

  private static final long serialVersionUID = 1L;

  private final transient Errno errno;

  /**
   * @param what the call and its object, such as {@code open /dev/kmsg}
   * @param errno why
   */
  public ErrnoException(String what, Errno errno) {
    super(what + ": " + errno.name());
    this.errno = errno;
  }

  /** Why the call failed; {@link Errno#ENOSYS} too where this package does not know the machine. */
  public Errno errno() {
    return errno;
  }

  /** The result of a call, unless it is a failure. */
  static long check(String what, long result) throws ErrnoException {
    if (result >= 0) {
      return result;
    }
    Errno errno = new Errno((int) -result);
    if (errno.equals(Errno.ENOSYS) && Machine.current() == null) {
      throw new ErrnoException(what + ": not supported on " + Machine.describe(), errno);
    }
    throw new ErrnoException(what, errno);
  }
}
