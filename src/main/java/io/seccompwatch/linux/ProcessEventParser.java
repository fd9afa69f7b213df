package io.seccompwatch.linux;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Reads the messages of the process connector, and sees by their numbers when some are missing.
 * Layouts: {@code struct nlmsghdr} (include/uapi/linux/netlink.h), {@code struct cn_msg}
 * (connector.h), {@code struct proc_event} (cn_proc.h). The kernel numbers the messages of each CPU
 * on its own ({@code send_msg}, drivers/connector/cn_proc.c). Owned by one thread.
 */
final class ProcessEventParser {

  static final int HEADER_BYTES = 16;
  static final int CN_BYTES = 20;
  static final int EVENT_AT = HEADER_BYTES + CN_BYTES;
  static final int CN_IDX_PROC = 1;
  static final int CN_VAL_PROC = 1;

  private static final int DATA_AT = EVENT_AT + 16;
  private static final short NLMSG_DONE = 3;
  private static final int NO_EVENT = 0;
  private static final int FORK = 0x1;
  private static final int EXEC = 0x2;
  private static final int EXIT = 0x8000_0000;

  private static final int MAX_CPUS = 8_192; // the largest NR_CPUS of any architecture
  private static final long NEVER = -1;

  private final ProcessEventSink sink;
  private final int question;

  private long[] lastNumber = new long[0];
  private long[] lastNanos = new long[0];
  private long beganNanos;
  private long newestNanos;
  private long malformed;
  private long answeredNanos = NEVER;
  private int answer;

  /**
   * A parser.
   *
   * @param question the number of our own request, which its answer repeats, plus one
   */
  ProcessEventParser(ProcessEventSink sink, int question) {
    this.sink = sink;
    this.question = question;
  }

  /** From when on events are received. */
  void begins(long nanos) {
    beganNanos = nanos;
    newestNanos = nanos;
  }

  /** When our own request was answered, by the kernel's clock; negative while it was not. */
  long answeredNanos() {
    return answeredNanos;
  }

  /** The errno of the answer, 0 for none. */
  int answer() {
    return answer;
  }

  /** The time of the last event that was read. */
  long newestNanos() {
    return newestNanos;
  }

  /** Messages that were none. */
  long malformed() {
    return malformed;
  }

  /**
   * Reads one datagram.
   *
   * @param message in the machine's byte order
   * @param at where it begins
   * @param length how much of it was received
   * @param bootMinusMonotonic nanoseconds to add to the kernel's times
   */
  void read(ByteBuffer message, int at, int length, long bootMinusMonotonic) {
    if (length < DATA_AT + Integer.BYTES
        || message.getInt(at) < DATA_AT + Integer.BYTES
        || message.getInt(at) > length
        || message.getShort(at + 4) != NLMSG_DONE
        || message.getInt(at + HEADER_BYTES) != CN_IDX_PROC
        || message.getInt(at + HEADER_BYTES + 4) != CN_VAL_PROC) {
      unreadable();
      return;
    }
    int what = message.getInt(at + EVENT_AT);
    int cpu = message.getInt(at + EVENT_AT + 4);
    long nanos = message.getLong(at + EVENT_AT + 8) + bootMinusMonotonic;
    if (what == NO_EVENT && message.getInt(at + HEADER_BYTES + 12) == question + 1) {
      answeredNanos = nanos;
      answer = message.getInt(at + DATA_AT);
    }
    // Old kernels number answers apart, and give them no CPU
    if (cpu >= 0 && cpu < MAX_CPUS) {
      number(cpu, Integer.toUnsignedLong(message.getInt(at + HEADER_BYTES + 8)), nanos);
    }
    event(message, at, message.getInt(at), what, nanos);
    newestNanos = Math.max(newestNanos, nanos);
  }

  /** A message of the kernel's is none that is known, or was cut off: it may have been an event. */
  void unreadable() {
    malformed++;
    sink.lost(0, newestNanos); // the number that follows tells how many
  }

  private void number(int cpu, long number, long nanos) {
    if (cpu >= lastNumber.length) {
      int known = lastNumber.length;
      int cpus = Math.max(cpu + 1, 2 * known);
      lastNumber = Arrays.copyOf(lastNumber, cpus);
      lastNanos = Arrays.copyOf(lastNanos, cpus);
      Arrays.fill(lastNumber, known, cpus, NEVER);
    }
    long last = lastNumber[cpu];
    long missing = last == NEVER ? 0 : (number - last - 1) & 0xffff_ffffL;
    if (missing != 0) {
      sink.lost(missing, Math.max(beganNanos, lastNanos[cpu]));
    }
    lastNumber[cpu] = number;
    lastNanos[cpu] = nanos;
  }

  private void event(ByteBuffer message, int at, int length, int what, long nanos) {
    int pid = message.getInt(at + DATA_AT);
    if (what != FORK && what != EXEC && what != EXIT) {
      return;
    }
    if (length < DATA_AT + (what == FORK ? 16 : 8)) {
      malformed++;
      sink.lost(1, newestNanos);
      return;
    }
    int process = message.getInt(at + DATA_AT + 4);
    switch (what) {
      case FORK -> {
        // parent_pid, parent_tgid, child_pid, child_tgid: two different ones are a new thread's
        int child = message.getInt(at + DATA_AT + 12);
        if (child == message.getInt(at + DATA_AT + 8)) {
          sink.forked(process, child, nanos);
        }
      }
      case EXEC -> sink.execed(process, nanos);
      default -> sink.exited(process, pid == process, nanos);
    }
  }
}
