package io.seccompwatch.linux;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * When, and as which boot, the running kernel started. Stateless and thread-safe; nothing is cached
 * because the wall clock may be set.
 */
public final class BootTime {

  // include/uapi/linux/time.h
  private static final int CLOCK_REALTIME = 0;
  static final int CLOCK_MONOTONIC = 1;
  static final int CLOCK_BOOTTIME = 7;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private BootTime() {}

  /**
   * The moment of boot by today's wall clock, in nanoseconds since the epoch: {@code CLOCK_REALTIME
   * − CLOCK_BOOTTIME} (clock_gettime(2)), good to some microseconds. Time spent suspended counts,
   * as in the start times of {@code /proc/PID/stat}; the stamps of {@code /dev/kmsg} leave it out.
   *
   * @throws ErrnoException when this machine is not supported
   */
  public static long epochNanos() throws ErrnoException {
    try (Arena memory = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(memory);
      MemorySegment timespec = memory.allocate(2 * Long.BYTES, Long.BYTES);
      // The clocks cannot be read at once: half the way between two readings is nearest.
      long before = read(calls, CLOCK_BOOTTIME, timespec);
      long now = read(calls, CLOCK_REALTIME, timespec);
      long after = read(calls, CLOCK_BOOTTIME, timespec);
      return now - (before + (after - before) / 2);
    }
  }

  /**
   * The kernel's random name of this boot (random(4)), by which sequence numbers of two boots are
   * told apart.
   *
   * @param proc where procfs is mounted
   * @throws IOException when the file cannot be read
   */
  public static String bootId(Path proc) throws IOException {
    return Files.readString(proc.resolve("sys/kernel/random/boot_id"), StandardCharsets.ISO_8859_1)
        .strip();
  }

  /** A clock's nanoseconds (clock_gettime(2)). */
  static long read(SystemCalls calls, int clock, MemorySegment timespec) throws ErrnoException {
    ErrnoException.check(
        "clock_gettime", calls.call(Call.CLOCK_GETTIME, clock, timespec.address(), 0, 0, 0));
    ByteBuffer fields = SystemCalls.bytes(timespec);
    return fields.getLong(0) * NANOS_PER_SECOND + fields.getLong(Long.BYTES);
  }
}
