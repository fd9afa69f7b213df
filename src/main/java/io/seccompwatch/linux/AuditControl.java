package io.seccompwatch.linux;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.io.IOException;
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

  /**
   * The kernel's audit cannot be asked or listened to from here; the message says why and what
   * would help, in one line.
   */
  public static final class AuditUnavailableException extends IOException {

    private static final long serialVersionUID = 1L;

    /** Cause of the refusal. */
    public enum Reason {
      /** A capability is missing. */
      NOT_PERMITTED,
      /** The process lives in another user namespace than the node's, where no capability helps. */
      USER_NAMESPACE,
      /** The process lives in another PID namespace than the node's. */
      PID_NAMESPACE,
      /**
       * The process lives in another network namespace than the node's: nothing would ever come.
       */
      NETWORK_NAMESPACE,
      /** The kernel has no audit, or it is switched off for good; or this machine is not known. */
      UNSUPPORTED,
      /** Anything else; it may pass. */
      FAILED
    }

    private final Reason reason;

    /**
     * A refusal.
     *
     * @param reason what stands in the way
     * @param message the same in words, with what would help
     */
    public AuditUnavailableException(Reason reason, String message) {
      super(message);
      this.reason = reason;
    }

    /** Returns the cause of the refusal. */
    public Reason reason() {
      return reason;
    }

    /** Returns true if trying again from the same process can help. */
    public boolean mayPass() {
      return reason == Reason.FAILED || reason == Reason.NOT_PERMITTED;
    }

    /**
     * Why a call on the audit socket failed.
     *
     * @param capability the capability that it takes, in words
     * @param pidNamespace whether it takes the node's PID namespace too
     */
    static AuditUnavailableException of(
        ErrnoException failure, String capability, boolean pidNamespace, OwnPrivileges standing) {
      String what = " (" + failure.getMessage() + ")";
      Errno errno = failure.errno();
      if (errno.equals(Errno.EPROTONOSUPPORT) || errno.equals(Errno.EAFNOSUPPORT)) {
        return new AuditUnavailableException(
            Reason.UNSUPPORTED,
            "this kernel has no audit: it was built without CONFIG_AUDIT or started with audit=0"
                + what);
      }
      if (errno.equals(Errno.ENOSYS)) {
        return new AuditUnavailableException(
            Reason.UNSUPPORTED, "not supported on " + Machine.describe() + what);
      }
      boolean denied = errno.equals(Errno.EPERM) || errno.equals(Errno.EACCES);
      // The kernel's way of saying no to another user namespace: audit_netlink_ok, kernel/audit.c
      if (errno.equals(Errno.ECONNREFUSED)
          || (denied && standing.user() == OwnPrivileges.Place.OTHER)) {
        return new AuditUnavailableException(
            Reason.USER_NAMESPACE,
            "another user namespace than the node's: give hostUsers: true and "
                + capability
                + what);
      }
      if (denied && pidNamespace && standing.pid() == OwnPrivileges.Place.OTHER) {
        return new AuditUnavailableException(
            Reason.PID_NAMESPACE,
            "another PID namespace than the node's: give hostPID and " + capability + what);
      }
      if (denied) {
        return new AuditUnavailableException(
            Reason.NOT_PERMITTED, "not permitted: give " + capability + what);
      }
      return new AuditUnavailableException(Reason.FAILED, "audit: " + failure.getMessage());
    }
  }

  /**
   * State of the kernel's audit: {@code struct audit_status} of include/uapi/linux/audit.h, as
   * {@code auditctl -s} shows it. What a kernel does not tell because it is too old is {@value
   * #UNTOLD}.
   *
   * @param enabled 0 off, 1 on, 2 on and locked; seccomp records are written in each of them
   * @param failure what the kernel does when it cannot write a record: 0 nothing, 1 printk, 2 panic
   * @param pid the process that the records are given to, auditd mostly; 0 for none
   * @param rateLimit records that may be written per second; 0 for any number
   * @param backlogLimit records that may wait to be taken; 0 for any number
   * @param lost records lost since boot, as the kernel counts: those that printk suppressed, or
   *     that a multicast reader was too slow for, are not among them
   * @param backlog records that wait now
   * @param features bits of what the kernel can (AUDIT_FEATURE_BITMAP_*), before Linux 3.19 a
   *     version
   * @param backlogWaitTime jiffies that a process may be held up while the backlog is full
   * @param backlogWaitTimeActual jiffies that processes were held up since the number was reset
   */
  public record AuditStatus(
      int enabled,
      int failure,
      long pid,
      long rateLimit,
      long backlogLimit,
      long lost,
      long backlog,
      long features,
      long backlogWaitTime,
      long backlogWaitTimeActual) {

    /** Of a field that the running kernel does not have. */
    public static final long UNTOLD = -1;

    // Behind the mask; the first kernels with audit had all up to backlog
    private static final int ENABLED_AT = 4;
    private static final int FAILURE_AT = 8;
    private static final int PID_AT = 12;
    private static final int RATE_LIMIT_AT = 16;
    private static final int BACKLOG_LIMIT_AT = 20;
    private static final int LOST_AT = 24;
    private static final int BACKLOG_AT = 28;
    private static final int FEATURES_AT = 32;
    private static final int BACKLOG_WAIT_TIME_AT = 36;
    private static final int BACKLOG_WAIT_TIME_ACTUAL_AT = 40;

    /**
     * Reads the structure, however much of it the kernel gave.
     *
     * @param answer in the machine's byte order
     * @param at where it begins
     * @param length bytes of it
     */
    static AuditStatus read(ByteBuffer answer, int at, int length) {
      return new AuditStatus(
          (int) field(answer, at, length, ENABLED_AT),
          (int) field(answer, at, length, FAILURE_AT),
          field(answer, at, length, PID_AT),
          field(answer, at, length, RATE_LIMIT_AT),
          field(answer, at, length, BACKLOG_LIMIT_AT),
          field(answer, at, length, LOST_AT),
          field(answer, at, length, BACKLOG_AT),
          field(answer, at, length, FEATURES_AT),
          field(answer, at, length, BACKLOG_WAIT_TIME_AT),
          field(answer, at, length, BACKLOG_WAIT_TIME_ACTUAL_AT));
    }

    private static long field(ByteBuffer answer, int at, int length, int field) {
      return field + Integer.BYTES <= length
          ? Integer.toUnsignedLong(answer.getInt(at + field))
          : UNTOLD;
    }
  }
}
