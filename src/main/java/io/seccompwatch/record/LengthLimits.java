package io.seccompwatch.record;

/**
 * Lengths at which the kernel and syslog daemons cut a long line. Only a line of such a length may
 * be a record whose end is missing; a shorter one was cut by something else, and is rejected. All
 * lengths are in bytes.
 */
final class LengthLimits {

  /**
   * printk keeps {@code LOG_LINE_MAX} bytes of a message: 1,024, less 48 or 32 for its prefix on
   * kernels before 6.4, less the level in front and the end. That is 973, 989 or 1,021 ({@code
   * kernel/printk/printk.c}, {@code vprintk_store}).
   */
  private static final int PRINTK_LEAST = 960;

  private static final int PRINTK_MOST = 1_024;

  /** rsyslog repeats a message as {@code [%.800s]} ({@code runtime/ratelimit.c}). */
  private static final int REPEATED = 800;

  /**
   * BusyBox syslogd reads one byte less than {@code FEATURE_SYSLOGD_READ_BUFFER_SIZE} of a message,
   * 256 where it is not configured, and klogd's message begins with {@code <5>} and a time ({@code
   * sysklogd/syslogd.c}).
   */
  private static final int BUSYBOX_LEAST = 256;

  private static final int BUSYBOX_MOST = 4_096;
  private static final int BUSYBOX_PRIORITY = "<5>".length();
  private static final int BUSYBOX_TIME = "Nov 30 20:01:02 ".length();

  private LengthLimits() {}

  /** Whether the kernel may have cut a text, without the kernel's time in front, at this length. */
  static boolean isPrintks(int length) {
    return length >= PRINTK_LEAST && length <= PRINTK_MOST;
  }

  /** Whether BusyBox syslogd may have cut a message that is this long from its tag on. */
  static boolean isBusyBoxs(int length) {
    int whole = length + BUSYBOX_PRIORITY;
    return isReadBuffer(whole + 1) || isReadBuffer(whole + BUSYBOX_TIME + 1);
  }

  /** Whether rsyslog may have cut a message, with the blank in front, that it says was repeated. */
  static boolean isRepetitions(int length) {
    return length == REPEATED;
  }

  private static boolean isReadBuffer(int size) {
    return size >= BUSYBOX_LEAST && size <= BUSYBOX_MOST && Integer.bitCount(size) == 1;
  }
}
