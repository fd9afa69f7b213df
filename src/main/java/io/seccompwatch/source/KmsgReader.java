package io.seccompwatch.source;

import io.seccompwatch.linux.Errno;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.linux.PolledFile;
import io.seccompwatch.linux.RegularFile;
import io.seccompwatch.record.LossNotice.LossReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads the kernel's log ring, {@code /dev/kmsg} (Documentation/ABI/testing/dev-kmsg). Every read
 * is one record {@code pri,seq,usec,flags[,…];message}; its first line goes to the sink whole,
 * prefix included, and its dictionary lines are dropped. Records of all facilities are handed on:
 * whoever parses them must refuse those that users wrote (facility ≠ 0).
 *
 * <p>Records that the ring overwrote before they were read are counted by the gap in the sequence
 * numbers, as {@link LossReason#SOCKET_OVERRUN}: kernel messages of every kind, of which any may
 * have been a seccomp record.
 *
 * <p>{@link #run} is for one thread, on which the sink is called too. The other methods are for any
 * thread.
 */
public final class KmsgReader implements AutoCloseable {

  /** Beyond the kernel's own bound on a record (8 KiB on older kernels, less on newer ones). */
  private static final int BUFFER_BYTES = 16 * 1024;

  /** What surely fits a long; the kernel starts at 0 with every boot. */
  private static final int MAX_DIGITS = 18;

  private static final long UNKNOWN = -1;

  private final String name;
  private final KmsgDevice.Opener opener;
  private final LineSink sink;

  // Of the running thread.
  private KmsgStart start;
  private final String bootId;
  private long expected = UNKNOWN;
  private boolean skipping;
  private boolean overrun;
  private boolean mayLackOlder;

  // Written by the running thread only.
  private volatile long lastSequence = UNKNOWN;
  private final AtomicLong recordsRead = new AtomicLong();
  private volatile @Nullable String down = "not started";

  // Guarded by this.
  private @Nullable KmsgDevice open;
  private boolean closed;

  /**
   * Nothing is opened before {@link #run}.
   *
   * @param device usually {@code /dev/kmsg}
   * @param start where to begin
   * @param bootId the running boot's id, {@code BootTime.bootId}
   * @param sink takes the lines and the losses
   */
  public KmsgReader(Path device, KmsgStart start, String bootId, LineSink sink) {
    this(device.toString(), () -> openKernelLog(device), start, bootId, sink);
  }

  KmsgReader(String name, KmsgDevice.Opener opener, KmsgStart start, String bootId, LineSink sink) {
    this.name = name;
    this.opener = opener;
    this.start = start;
    this.bootId = bootId;
    this.sink = sink;
    if (start instanceof KmsgStart.After after && after.bootId().equals(bootId)) {
      lastSequence = after.sequence();
    }
  }

  /**
   * Reads until {@link #close}, an interrupt of the calling thread, or a failure, which {@link
   * #state} then explains. After a failure or an interrupt it may be called again, and goes on
   * behind the last record handled.
   */
  public void run() {
    try (KmsgDevice device = opener.open()) {
      if (attach(device)) {
        seekToStart(device);
        down = null;
        readAll(device);
      }
      down = "stopped";
    } catch (ErrnoException failure) {
      down = describe(failure);
    } catch (RuntimeException | Error failure) {
      down = "reading " + name + " failed: " + failure;
      throw failure;
    } finally {
      attach(null);
    }
  }

  /** Makes {@link #run} return, within milliseconds but without waiting for it; for good. */
  @Override
  public synchronized void close() {
    closed = true;
    if (open != null) {
      open.close();
    }
  }

  /** How reading goes; the fields are read one after the other. */
  public KmsgState state() {
    String reason = down;
    return new KmsgState(reason == null, reason, lastSequence, recordsRead.get());
  }

  /**
   * The sequence number of the last record that the sink has dealt with, which makes a checkpoint
   * together with the boot id; -1 when there is none yet.
   */
  public long lastSequence() {
    return lastSequence;
  }

  private synchronized boolean attach(@Nullable KmsgDevice device) {
    open = device;
    return !closed;
  }

  private void seekToStart(KmsgDevice device) throws ErrnoException {
    if (lastSequence != UNKNOWN) {
      start = new KmsgStart.After(lastSequence, bootId);
    }
    switch (start) {
      case KmsgStart.End end -> device.seek(PolledFile.SEEK_END);
      case KmsgStart.Beginning beginning -> device.seek(PolledFile.SEEK_SET);
      case KmsgStart.Oldest oldest -> {
        device.seek(PolledFile.SEEK_SET);
        mayLackOlder = true;
      }
      case KmsgStart.AfterClear afterClear -> device.seek(PolledFile.SEEK_DATA);
      case KmsgStart.After after -> {
        device.seek(PolledFile.SEEK_SET);
        expected = after.bootId().equals(bootId) ? after.sequence() + 1 : 0;
        skipping = true;
      }
    }
  }

  private void readAll(KmsgDevice device) throws ErrnoException {
    byte[] buffer = new byte[BUFFER_BYTES];
    while (!Thread.currentThread().isInterrupted()) {
      int result = device.read(buffer);
      if (result > 0) {
        handle(buffer, result);
      } else if (Errno.EAGAIN.is(result)) {
        sink.idle();
        if (!device.await()) {
          return;
        }
      } else if (Errno.EPIPE.is(result)) {
        overrun = true; // the next record's number tells how much is gone
      } else if (Errno.EINVAL.is(result)) {
        passOverTooLong();
      } else if (Errno.EBADF.is(result)) {
        return; // closed
      } else if (result == 0) {
        throw new ErrnoException("read " + name + " (not a kernel log device)", Errno.EINVAL);
      } else if (!Errno.EINTR.is(result)) {
        throw new ErrnoException("read " + name, new Errno(-result));
      }
    }
  }

  /** Opens the ring and nothing else: other files never end, wait, or are no log. */
  private static KmsgDevice openKernelLog(Path device) throws ErrnoException {
    try {
      if (!RegularFile.isKernelLog(device)) {
        throw new ErrnoException(
            "open %s (%s, not the kernel log: give the node's /dev/kmsg, device 1:11)"
                .formatted(device, RegularFile.type(device)),
            Errno.ENODEV);
      }
    } catch (ErrnoException e) {
      throw e;
    } catch (IOException e) {
      // Missing or denied: opening it says so with the errno
    }
    return new Polled(PolledFile.open(device, BUFFER_BYTES));
  }

  /** Deals with one record. */
  void handle(byte[] buffer, int length) {
    long sequence = sequence(buffer, length);
    if (skipping && sequence != UNKNOWN && sequence < expected) {
      overrun = false; // what was overwritten had been handled before
      return;
    }
    skipping = false;
    if (mayLackOlder && sequence > 0) {
      overrun = true; // the kernel counts from 0: earlier records have been overwritten
    }
    mayLackOlder = false;
    countLost(sequence);
    sink.line(buffer, 0, lineEnd(buffer, length));
    recordsRead.getAndIncrement();
    if (sequence != UNKNOWN) {
      expected = sequence + 1;
      lastSequence = sequence;
    }
  }

  /**
   * The kernel has already moved past a record that did not fit the buffer (devkmsg_read in
   * kernel/printk/printk.c); so do we.
   */
  private void passOverTooLong() {
    sink.lineTooLong(BUFFER_BYTES);
    if (expected != UNKNOWN && !skipping) {
      expected++;
    }
  }

  private void countLost(long sequence) {
    long gap = expected == UNKNOWN || sequence == UNKNOWN ? 0 : sequence - expected;
    if (gap > 0 || overrun) {
      overrun = false;
      sink.lost(LossReason.SOCKET_OVERRUN, Math.max(gap, 1));
    }
  }

  private String describe(ErrnoException failure) {
    Errno errno = failure.errno();
    String remedy = "";
    if (errno.equals(Errno.EPERM)) {
      remedy =
          ": give the container privileged mode (its device rules forbid the kernel log), and"
              + " CAP_SYSLOG where kernel.dmesg_restrict is 1; or use another source";
    } else if (errno.equals(Errno.EACCES)) {
      remedy = ": run as root or as a group that may read the device; or use another source";
    } else if (errno.equals(Errno.ENOENT)) {
      remedy = ": mount the node's " + name + " into the container; or use another source";
    }
    return failure.getMessage() + remedy;
  }

  /** The second number of the prefix, or {@link #UNKNOWN} when there is no such prefix. */
  private static long sequence(byte[] buffer, int length) {
    int at = digits(buffer, 0, length);
    if (at == 0 || at == length || buffer[at] != ',') {
      return UNKNOWN;
    }
    int from = at + 1;
    int to = digits(buffer, from, length);
    if (to == from || to == length || buffer[to] != ',' || to - from > MAX_DIGITS) {
      return UNKNOWN;
    }
    long sequence = 0;
    for (int i = from; i < to; i++) {
      sequence = sequence * 10 + (buffer[i] - '0');
    }
    return sequence;
  }

  private static int digits(byte[] buffer, int from, int to) {
    int at = from;
    while (at < to && buffer[at] >= '0' && buffer[at] <= '9') {
      at++;
    }
    return at;
  }

  /** The kernel escapes line ends within a message, so the first one ends it. */
  private static int lineEnd(byte[] buffer, int length) {
    int at = 0;
    while (at < length && buffer[at] != '\n') {
      at++;
    }
    return at;
  }

  /** The device itself. */
  private record Polled(PolledFile file) implements KmsgDevice {

    @Override
    public int read(byte[] target) {
      return file.read(target);
    }

    @Override
    public void seek(int whence) throws ErrnoException {
      file.seek(whence);
    }

    @Override
    public boolean await() throws ErrnoException {
      return file.await();
    }

    @Override
    public void close() {
      try {
        file.close();
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible); // PolledFile's closing throws none
      }
    }
  }

  /**
   * State of a {@link KmsgReader}.
   *
   * @param up whether the device is open and being read
   * @param reason why it is not up, and what to do; null while it is up
   * @param lastSequence see {@link KmsgReader#lastSequence()}
   * @param recordsRead records handed on since the reader was made
   */
  public record KmsgState(
      boolean up, @Nullable String reason, long lastSequence, long recordsRead) {}

  /** Place in the kernel's ring where a {@link KmsgReader} begins. */
  public sealed interface KmsgStart {

    /** With the first record written after the device was opened. */
    record End() implements KmsgStart {}

    /** With the oldest record that the ring still holds. */
    record Beginning() implements KmsgStart {}

    /**
     * With the oldest record that the ring still holds, because it is not known how far it was
     * read: when the ring has overwritten records, one counts as lost.
     */
    record Oldest() implements KmsgStart {}

    /** With the first record after the last {@code dmesg --clear}; else the oldest. */
    record AfterClear() implements KmsgStart {}

    /**
     * Behind a record handled earlier. What the ring has lost since then is counted as lost. After
     * a reboot nothing of the ring was handled: it is read whole, and what it lost since boot
     * counted.
     *
     * @param sequence of the last record handled; -1 for none of that boot
     * @param bootId the boot that the sequence belongs to
     */
    record After(long sequence, String bootId) implements KmsgStart {}
  }
}
