package io.seccompwatch.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks the kernel's audit about itself (kernel/audit.c); it only reads. That takes
 * CAP_AUDIT_CONTROL in the node's user namespace and the node's PID namespace; the network
 * namespace does not matter. Each question opens a socket and closes it. Stateless and thread-safe.
 */
public final class AuditControl {

  /** What it takes, for the message of a refusal. */
  private static final String CAPABILITY = "CAP_AUDIT_CONTROL";

  // include/uapi/linux/audit.h, include/uapi/linux/netlink.h
  private static final short AUDIT_GET = 1000;
  private static final short AUDIT_LIST_RULES = 1013;
  private static final short NLMSG_ERROR = 2;
  private static final short NLMSG_DONE = 3;
  private static final short NLM_F_REQUEST = 1;

  private static final int SEQUENCE = 1;
  private static final long WAIT_SECONDS = 1;
  private static final long MOST_NANOS = 2_000_000_000;

  /** A rule has 1 KiB and its strings; beyond this only the strings are cut. */
  private static final int ANSWER_BYTES = 8 << 10;

  private static final int ANSWERS = 8;

  /** More than the kernel lists in the time given; a bound on memory. */
  private static final int MAX_RULES = 10_000;

  private AuditControl() {}

  /**
   * The kernel's audit status; a fraction of a millisecond, two seconds at most.
   *
   * @throws AuditUnavailableException when it cannot be had here, with the reason
   */
  public static AuditStatus status() throws AuditUnavailableException {
    List<AuditStatus> found = new ArrayList<>();
    ask(
        AUDIT_GET,
        (answer, at, length) -> {
          found.add(AuditStatus.read(answer, at, length));
          return false;
        });
    if (found.isEmpty()) {
      throw silent();
    }
    return found.getFirst();
  }

  /**
   * The kernel's audit rules, in their order; two seconds at most.
   *
   * @throws AuditUnavailableException when they cannot be had here, with the reason
   */
  public static List<AuditRule> rules() throws AuditUnavailableException {
    List<AuditRule> rules = new ArrayList<>();
    ask(
        AUDIT_LIST_RULES,
        (answer, at, length) -> {
          AuditRule rule = AuditRule.read(answer, at, length);
          if (rule != null && rules.size() < MAX_RULES) {
            rules.add(rule);
          }
          return true;
        });
    return rules;
  }

  /** Takes what the kernel answers. */
  private interface Answers {
    /** One answer behind its header; returns whether more are wanted. */
    boolean take(ByteBuffer answer, int at, int length);
  }

  private static void ask(short question, Answers answers) throws AuditUnavailableException {
    try (Arena memory = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(memory);
      int socket =
          NetlinkSocket.open(
              calls, memory, NetlinkSocket.NETLINK_AUDIT, 0, PolledDescriptor.O_CLOEXEC);
      try {
        NetlinkSocket.limitWait(calls, memory, socket, WAIT_SECONDS);
        MemorySegment request = memory.allocate(NetlinkSocket.HEADER_BYTES, Long.BYTES);
        SystemCalls.bytes(request)
            .putInt(NetlinkSocket.HEADER_BYTES)
            .putShort(question)
            .putShort(NLM_F_REQUEST) // an error is answered without NLM_F_ACK, too
            .putInt(SEQUENCE);
        ErrnoException.check(
            "request",
            calls.call(Call.WRITE, socket, request.address(), NetlinkSocket.HEADER_BYTES, 0, 0));
        receive(calls, socket, new DatagramBatch(memory, ANSWERS, ANSWER_BYTES), question, answers);
      } finally {
        NetlinkSocket.close(calls, socket);
      }
    } catch (ErrnoException e) {
      throw AuditUnavailableException.of(e, CAPABILITY, true, OwnPrivileges.current());
    }
  }

  private static void receive(
      SystemCalls calls, int socket, DatagramBatch batch, short question, Answers answers)
      throws ErrnoException, AuditUnavailableException {
    long began = System.nanoTime();
    boolean more = true;
    while (more) {
      int count = batch.receiveWaiting(calls, socket);
      if (Errno.EAGAIN.is(count) || System.nanoTime() - began > MOST_NANOS) {
        throw silent();
      }
      if (!Errno.EINTR.is(count)) {
        ErrnoException.check("recvmmsg", count);
      }
      for (int i = 0; i < count && more; i++) {
        more = take(batch, i, question, answers);
      }
    }
  }

  /** One datagram, which is one message; returns whether more are to come. */
  private static boolean take(DatagramBatch batch, int datagram, short question, Answers answers)
      throws ErrnoException {
    ByteBuffer data = batch.data();
    int at = batch.at(datagram);
    int length = batch.received(datagram) - NetlinkSocket.HEADER_BYTES;
    if (!batch.isFromKernel(datagram)
        || length < 0
        || data.getInt(at + NetlinkSocket.SEQUENCE_AT) != SEQUENCE) {
      return true;
    }
    int body = at + NetlinkSocket.HEADER_BYTES;
    short type = data.getShort(at + NetlinkSocket.TYPE_AT);
    if (type == NLMSG_ERROR && length >= Integer.BYTES) {
      ErrnoException.check("request", data.getInt(body));
      return true; // an acknowledgement
    }
    return type == question ? answers.take(data, body, length) : type != NLMSG_DONE;
  }

  private static AuditUnavailableException silent() {
    return new AuditUnavailableException(
        AuditUnavailableException.Reason.FAILED, "the kernel's audit does not answer");
  }
}
