package io.seccompwatch.source;

import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditMulticast;
import io.seccompwatch.linux.AuditMulticast.AuditMessages;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SerialGaps;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's audit as it is written, by {@link AuditMulticast}. Seccomp records go to the sink as
 * lines {@code audit(STAMP): …}; of all others only the serial is read, to see what is missing:
 * where the socket's buffer was full as {@link LossReason#SOCKET_OVERRUN}, else as {@link
 * LossReason#SERIAL_GAP}. Both count audit events of any type.
 *
 * <p>There is no checkpoint, because the kernel keeps nothing for a reader that is not there: what
 * comes while the agent does not run is not seen. Joining the group is tried anew for as long as it
 * fails, less and less often.
 */
public final class AuditNetlinkSource implements RecordSource {

  private static final int SECCOMP = 1326;

  /** How late a serial may come; a task that took its number may be held up before it writes. */
  private static final long SETTLE_MILLIS = 2_000;

  private static final long FIRST_RETRY_MILLIS = 1_000;
  private static final long LAST_RETRY_MILLIS = 60_000;
  private static final long FOREVER = 0;

  private final AuditStream.Opener opener;
  private final LineSink sink;
  private final Runnable untrusted;
  private final LongSupplier millis;
  private final SerialGaps gaps = new SerialGaps(SETTLE_MILLIS);
  private final Messages messages = new Messages();
  private final CountDownLatch closing = new CountDownLatch(1);

  private volatile @Nullable String down = "not started";
  private volatile @Nullable String warning;

  // Of the running thread.
  private byte[] line = new byte[1_024];
  private long now;

  // Guarded by this.
  private @Nullable AuditStream open;

  /**
   * Nothing is opened before {@link #run}.
   *
   * @param sink takes the records and the losses
   * @param untrusted called for each message that the kernel did not send
   */
  public AuditNetlinkSource(LineSink sink, Runnable untrusted) {
    this(
        () -> AuditStream.ofKernel(AuditMulticast.WANTED_BUFFER_BYTES),
        sink,
        untrusted,
        () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
  }

  AuditNetlinkSource(
      AuditStream.Opener opener, LineSink sink, Runnable untrusted, LongSupplier millis) {
    this.opener = opener;
    this.sink = sink;
    this.untrusted = untrusted;
    this.millis = millis;
  }

  @Override
  public void run() {
    long retry = FIRST_RETRY_MILLIS;
    try {
      do {
        if (receiveAll()) {
          retry = FIRST_RETRY_MILLIS;
        } else {
          retry = Math.min(2 * retry, LAST_RETRY_MILLIS);
        }
      } while (!closing.await(retry, TimeUnit.MILLISECONDS));
      down = "stopped";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public SourceState state() {
    String reason = down;
    return new SourceState("audit-multicast", reason == null, reason, warning, 0, 0);
  }

  @Override
  public synchronized void close() {
    closing.countDown();
    if (open != null) {
      open.close();
    }
  }

  private synchronized boolean attach(@Nullable AuditStream stream) {
    open = stream;
    return closing.getCount() > 0;
  }

  /** Receives until closed or a failure, which {@link #state} explains; whether it had joined. */
  private boolean receiveAll() {
    boolean joined = false;
    try (AuditStream stream = opener.open()) {
      joined = true;
      if (attach(stream)) {
        warning = stream.doubt();
        down = null;
        receiveFrom(stream);
      }
      down = "stopped";
    } catch (AuditUnavailableException | ErrnoException failure) {
      down = failure.getMessage();
    } catch (RuntimeException | Error failure) {
      down = "the audit socket failed: " + failure;
      throw failure;
    } finally {
      attach(null);
    }
    return joined;
  }

  private void receiveFrom(AuditStream stream) throws ErrnoException {
    boolean goesOn = true;
    while (goesOn && !Thread.currentThread().isInterrupted()) {
      now = millis.getAsLong();
      if (!stream.receive(messages)) {
        gaps.overrunEnds();
        goesOn = stream.await(gaps.isWaiting() ? SETTLE_MILLIS : FOREVER);
      }
      gaps.settle(millis.getAsLong());
      tell(LossReason.SOCKET_OVERRUN, gaps.takeOverrun());
      tell(LossReason.SERIAL_GAP, gaps.takeMissing());
    }
  }

  private void tell(LossReason reason, long count) {
    if (count > 0) {
      sink.lost(reason, count);
    }
  }

  private final class Messages implements AuditMessages {

    @Override
    public void message(int type, ByteBuffer data, int from, int to, boolean whole) {
      long serial = AuditSerial.of(data, from, to);
      if (serial >= 0) {
        gaps.saw(serial, now);
      }
      if (type == SECCOMP) {
        seccomp(data, from, to, whole);
      }
    }

    private void seccomp(ByteBuffer data, int from, int to, boolean whole) {
      int length = to - from;
      if (!whole) {
        sink.lineTooLong(length);
        return;
      }
      if (line.length < length) {
        line = new byte[length];
      }
      data.get(from, line, 0, length);
      while (length > 0 && line[length - 1] == 0) {
        length--; // of netlink's alignment
      }
      sink.line(line, 0, length);
    }

    @Override
    public void untrusted() {
      untrusted.run();
    }

    @Override
    public void overrun() {
      gaps.overrun();
    }
  }
}
