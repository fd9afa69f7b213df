package io.seccompwatch.linux;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The kernel's own word of every fork, exec and exit on the node (NETLINK_CONNECTOR with CN_PROC;
 * drivers/connector/cn_proc.c). It takes the initial network, PID and user namespace; before Linux
 * 6.6 also CAP_NET_ADMIN. From another PID or user namespace the kernel ignores the request without
 * a word, which is noticed by the answer that does not come.
 *
 * <p>Not noticed: when the kernel stops making events because somebody else's {@code
 * PROC_CN_MCAST_IGNORE} ended the only listening it counts (before Linux 6.6, where any tool may do
 * so). That looks like a node on which nothing happens.
 *
 * <p>One thread receives and awaits; {@link #close} and {@link #drainedNanos} are for any. The
 * kernel's event filter (Linux 6.6) is left off: with it, the numbers by which losses are seen have
 * gaps of their own.
 */
public final class ProcessConnector extends PolledDescriptor {

  /** The receive buffer that is asked for: 1 MiB lost nothing in a storm of 23,000 forks/s. */
  public static final int WANTED_BUFFER_BYTES = 8 << 20;

  /** How many messages one call takes. */
  static final int BATCH = 64;

  /** The most that is kept of one: the longest message of Linux 6.18 has 76. */
  private static final int DATAGRAM_BYTES = 256;

  private static final short NLMSG_DONE = 3;
  private static final int REQUEST_BYTES = ProcessEventParser.EVENT_AT + Integer.BYTES;

  // enum proc_cn_mcast_op, include/uapi/linux/cn_proc.h
  private static final int PROC_CN_MCAST_LISTEN = 1;
  private static final int PROC_CN_MCAST_IGNORE = 2;

  private static final long ANSWER_MILLIS = 1_000;
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** How often the distance of the two clocks is read, which a suspend changes. */
  private static final long CLOCKS_NANOS = 1_000_000_000;

  private final SystemCalls calls;
  private final int socket;
  private final ProcessEventSink sink;
  private final ProcessEventParser parser;
  private final DatagramBatch batch;
  private final MemorySegment request;
  private final MemorySegment timespec;
  private final int bufferBytes;

  private final SuspendedTime suspended;
  private long clocksReadNanos;
  private long emptyNanos;
  private boolean emptied;
  private boolean overrun;
  private long overrunSinceNanos;

  /** Odd while the receiving thread may hold events, even while it waits for some. */
  private final AtomicLong turn = new AtomicLong(1);

  private ProcessConnector(
      SystemCalls calls, Arena memory, int socket, int bufferBytes, ProcessEventSink sink)
      throws ErrnoException {
    super("process connector", calls, memory, socket);
    this.calls = calls;
    this.socket = socket;
    this.sink = sink;
    this.bufferBytes = bufferBytes;
    int question = ThreadLocalRandom.current().nextInt();
    this.parser = new ProcessEventParser(sink, question);
    this.batch = new DatagramBatch(memory, BATCH, DATAGRAM_BYTES);
    this.timespec = memory.allocate(2 * Long.BYTES, Long.BYTES);
    this.suspended = new SuspendedTime(clock -> BootTime.read(calls, clock, timespec));
    this.request = memory.allocate(REQUEST_BYTES, Long.BYTES);
    SystemCalls.bytes(request)
        .putInt(REQUEST_BYTES)
        .putShort(NLMSG_DONE)
        .putShort((short) 0) // flags
        .putLong(0) // seq, pid
        .putInt(ProcessEventParser.CN_IDX_PROC)
        .putInt(ProcessEventParser.CN_VAL_PROC)
        .putInt(question) // seq
        .putInt(question) // ack
        .putShort((short) Integer.BYTES); // len
  }

  /**
   * Begins to listen; waits up to a second for the kernel's answer.
   *
   * @param sink takes the events: what comes before the answer at once, the rest in {@link
   *     #receive}
   * @throws ProcessConnectorException when it cannot be had here, with the reason
   */
  public static ProcessConnector listen(ProcessEventSink sink) throws ProcessConnectorException {
    // Collected with the object: the last user of the memory may be any thread.
    Arena memory = Arena.ofAuto();
    SystemCalls calls = new SystemCalls(memory);
    int socket = open(calls, memory);
    int bufferBytes;
    try {
      bufferBytes = NetlinkSocket.enlarge(calls, memory, socket, WANTED_BUFFER_BYTES);
    } catch (ErrnoException e) {
      NetlinkSocket.close(calls, socket);
      throw new ProcessConnectorException(String.valueOf(e.getMessage()));
    }
    ProcessConnector connector;
    try {
      // Closes the socket itself when it cannot be made
      connector = new ProcessConnector(calls, memory, socket, bufferBytes, sink);
    } catch (ErrnoException e) {
      throw new ProcessConnectorException(String.valueOf(e.getMessage()));
    }
    try {
      connector.subscribe();
      return connector;
    } catch (ProcessConnectorException e) {
      connector.closeQuietly();
      throw e;
    } catch (ErrnoException e) {
      connector.closeQuietly();
      throw new ProcessConnectorException(String.valueOf(e.getMessage()));
    }
  }

  /** The size of the receive buffer that was got, as the kernel counts it: twice what was asked. */
  public int bufferBytes() {
    return bufferBytes;
  }

  /**
   * Gives the sink what waits, up to {@value #BATCH} messages, without waiting. {@link #hasEmptied}
   * tells whether that was all.
   *
   * @return how many messages were taken; 0 when none waits, and maybe else, or this is closed
   * @throws ErrnoException when recvmmsg(2) fails
   */
  public int receive() throws ErrnoException {
    emptied = true;
    if (!enter()) {
      return 0;
    }
    try {
      long now = BootTime.read(calls, BootTime.CLOCK_BOOTTIME, timespec);
      if (now - clocksReadNanos > CLOCKS_NANOS) {
        readClocks(now);
      }
      int count = batch.receive(calls, socket);
      if (Errno.ENOBUFS.is(count)) {
        overrun();
        count = batch.receive(calls, socket);
      }
      emptied = Errno.EAGAIN.is(count);
      if (emptied) {
        leftNothing(now);
        return 0;
      }
      if (Errno.EINTR.is(count) || Errno.ENOBUFS.is(count)) {
        return 0;
      }
      ErrnoException.check("recvmmsg process connector", count);
      for (int i = 0; i < count; i++) {
        if (batch.isFromKernel(i)) {
          take(i);
        }
      }
      return count;
    } finally {
      leave();
    }
  }

  private void take(int datagram) {
    if (batch.isWhole(datagram)) {
      parser.read(batch.data(), batch.at(datagram), batch.received(datagram), suspended.nanos());
    } else {
      parser.unreadable();
    }
  }

  /**
   * Whether the last {@link #receive} found nothing left. Only the kernel's word counts: it also
   * ends a batch early to tell of an overrun, with thousands still queued.
   */
  public boolean hasEmptied() {
    return emptied;
  }

  /**
   * From now on the kernel drops all until what is queued has been taken, which may be in the midst
   * of a batch: where the hole is cannot be told, but it is not before what was read until now.
   */
  private void overrun() {
    if (!overrun) {
      overrun = true;
      overrunSinceNanos = parser.newestNanos();
      sink.overrun();
    }
  }

  private void leftNothing(long now) {
    if (overrun) {
      overrun = false;
      sink.lost(0, overrunSinceNanos);
    }
    emptyNanos = now;
  }

  /** Nanoseconds since boot before which every event has been given to the sink. */
  public long caughtUpNanos() {
    return Math.max(emptyNanos, parser.newestNanos());
  }

  /**
   * For any thread: the time now, in nanoseconds since boot, when the receiving thread waits and
   * nothing is there for it, so that the sink has had all that happened before; else -1.
   */
  public long drainedNanos() {
    long before = turn.get();
    if ((before & 1) != 0) {
      return -1;
    }
    long now = nowNanos();
    return !isReadable() && turn.get() == before ? now : -1;
  }

  /** The time since boot, suspends included; nanoseconds. For any thread. */
  public static long nowNanos() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment own = memory.allocate(2 * Long.BYTES, Long.BYTES);
      return BootTime.read(new SystemCalls(memory), BootTime.CLOCK_BOOTTIME, own);
    } catch (ErrnoException e) {
      throw new IllegalStateException("no clock", e); // every Linux since 2.6.39 has it
    }
  }

  /** Messages that were not understood, and are none of the kernels that are known. */
  public long malformed() {
    return parser.malformed();
  }

  @Override
  public boolean await() throws ErrnoException {
    turn.incrementAndGet();
    try {
      return super.await();
    } finally {
      turn.incrementAndGet();
    }
  }

  @Override
  public boolean awaitNanos(long nanos) throws ErrnoException {
    turn.incrementAndGet();
    try {
      return super.awaitNanos(nanos);
    } finally {
      turn.incrementAndGet();
    }
  }

  /** The kernel makes events as long as somebody is counted as listening. */
  @Override
  void beforeRelease() {
    ask(PROC_CN_MCAST_IGNORE);
  }

  private void subscribe() throws ProcessConnectorException, ErrnoException {
    long began = BootTime.read(calls, BootTime.CLOCK_BOOTTIME, timespec);
    readClocks(began);
    parser.begins(began);
    usable("request", ask(PROC_CN_MCAST_LISTEN));
    long now = began;
    while (parser.answeredNanos() < 0 && now - began < ANSWER_MILLIS * NANOS_PER_MILLI) {
      if (receive() == 0 && !await(ANSWER_MILLIS)) {
        throw new ProcessConnectorException("interrupted");
      }
      now = BootTime.read(calls, BootTime.CLOCK_BOOTTIME, timespec);
    }
    long answered = parser.answeredNanos();
    if (answered < 0) {
      throw new ProcessConnectorException(
          "the kernel does not answer: this is another PID or user namespace than the node's (give"
              + " hostPID), or a kernel without CONFIG_PROC_EVENTS");
    }
    if (parser.answer() != 0) {
      throw refused(new ErrnoException("request", new Errno(parser.answer())));
    }
    if (answered < began - NANOS_PER_MILLI || answered > now + NANOS_PER_MILLI) {
      throw new ProcessConnectorException("the clocks here are those of another time namespace");
    }
  }

  private long ask(int operation) {
    SystemCalls.bytes(request).putInt(ProcessEventParser.EVENT_AT, operation);
    return calls.call(Call.WRITE, socket, request.address(), REQUEST_BYTES, 0, 0);
  }

  /**
   * Events carry CLOCK_MONOTONIC, all else is told since boot: while suspended one stands still.
   */
  private void readClocks(long now) throws ErrnoException {
    long wrong = suspended.read();
    if (wrong != 0) {
      // What waits is from before or after: nobody can tell
      sink.lost(0, parser.newestNanos() + Math.min(wrong, 0));
    }
    clocksReadNanos = now;
  }

  private void closeQuietly() {
    try {
      close();
    } catch (java.io.IOException e) {
      throw new IllegalStateException("close fails never", e);
    }
  }

  private static int open(SystemCalls calls, Arena memory) throws ProcessConnectorException {
    try {
      int group = 1 << (ProcessEventParser.CN_IDX_PROC - 1);
      int flags = O_CLOEXEC | O_NONBLOCK;
      return NetlinkSocket.open(calls, memory, NetlinkSocket.NETLINK_CONNECTOR, group, flags);
    } catch (ErrnoException e) {
      throw refused(e);
    }
  }

  private static long usable(String what, long result) throws ProcessConnectorException {
    if (result >= 0) {
      return result;
    }
    throw refused(new ErrnoException(what, new Errno((int) -result)));
  }

  private static ProcessConnectorException refused(ErrnoException failure) {
    String why =
        switch (failure.errno().number()) {
          case 111 -> "this is another network namespace than the node's: give hostNetwork";
          case 1, 13 -> "not permitted: give CAP_NET_ADMIN, in the node's user namespace";
          case 93, 97 -> "this kernel has no process connector (CONFIG_CONNECTOR)";
          case 38 -> "not supported on " + Machine.describe();
          default -> "unexpected";
        };
    return new ProcessConnectorException(why + " (" + failure.getMessage() + ")");
  }

  /** The process connector cannot be had; the message says why and what would help, in one line. */
  public static final class ProcessConnectorException extends IOException {

    private static final long serialVersionUID = 1L;

    ProcessConnectorException(String message) {
      super(message);
    }
  }
}
