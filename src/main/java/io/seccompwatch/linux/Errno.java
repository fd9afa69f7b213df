package io.seccompwatch.linux;

import java.io.IOException;

/**
 * Why a system call failed (errno(3)). Numbers are those of include/uapi/asm-generic/errno-base.h
 * and errno.h, which x86_64 and aarch64 share.
 *
 * @param number positive
 */
public record Errno(int number) {

  public static final Errno EPERM = new Errno(1);
  public static final Errno ENOENT = new Errno(2);
  public static final Errno EINTR = new Errno(4);
  public static final Errno EBADF = new Errno(9);
  public static final Errno EAGAIN = new Errno(11);
  public static final Errno EACCES = new Errno(13);
  public static final Errno ENODEV = new Errno(19);
  public static final Errno EINVAL = new Errno(22);
  public static final Errno EPIPE = new Errno(32);
  public static final Errno ENOSYS = new Errno(38);
  public static final Errno EPROTONOSUPPORT = new Errno(93);
  public static final Errno EOPNOTSUPP = new Errno(95);
  public static final Errno EAFNOSUPPORT = new Errno(97);
  public static final Errno ENOBUFS = new Errno(105);
  public static final Errno ETIMEDOUT = new Errno(110);
  public static final Errno ECONNREFUSED = new Errno(111);

  /** The name that manual pages use; {@code errno N} for numbers that this program never meets. */
  public String name() {
    return switch (number) {
      case 1 -> "EPERM";
      case 2 -> "ENOENT";
      case 3 -> "ESRCH";
      case 4 -> "EINTR";
      case 5 -> "EIO";
      case 6 -> "ENXIO";
      case 9 -> "EBADF";
      case 11 -> "EAGAIN";
      case 12 -> "ENOMEM";
      case 13 -> "EACCES";
      case 14 -> "EFAULT";
      case 16 -> "EBUSY";
      case 19 -> "ENODEV";
      case 20 -> "ENOTDIR";
      case 21 -> "EISDIR";
      case 22 -> "EINVAL";
      case 23 -> "ENFILE";
      case 24 -> "EMFILE";
      case 28 -> "ENOSPC";
      case 29 -> "ESPIPE";
      case 32 -> "EPIPE";
      case 36 -> "ENAMETOOLONG";
      case 38 -> "ENOSYS";
      case 40 -> "ELOOP";
      case 75 -> "EOVERFLOW";
      case 93 -> "EPROTONOSUPPORT";
      case 95 -> "EOPNOTSUPP";
      case 97 -> "EAFNOSUPPORT";
      case 105 -> "ENOBUFS";
      case 110 -> "ETIMEDOUT";
      case 111 -> "ECONNREFUSED";
      case 125 -> "ECANCELED";
      default -> "errno " + number;
    };
  }

  /** Whether a call that answered {@code result} failed for this reason. */
  public boolean is(long result) {
    return result == -number;
  }

  @Override
  public String toString() {
    return name();
  }

  /** A system call failed; the message names the call, what it was used on, and the errno. */
  public static final class ErrnoException extends IOException {

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

    /**
     * Why the call failed; {@link Errno#ENOSYS} too where this package does not know the machine.
     */
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
}
