package io.seccompwatch.linux;

import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditControl.AuditUnavailableException.Reason;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.linux.OwnPrivileges.Place;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Every record of the kernel's audit, as it is written: the multicast group AUDIT_NLGRP_READLOG
 * (kernel/audit.c, {@code kauditd_send_multicast_skb}; since Linux 3.16). The records come whether
 * or not an auditd is registered, whole, and without printk's rate limit. It takes CAP_AUDIT_READ
 * in the node's user namespace, and the node's network namespace: in another one the kernel would
 * let us in and send nothing.
 *
 * <p>While auditing is enabled the kernel writes a record (type 1335) when somebody joins or
 * leaves.
 *
 * <p>One thread receives and awaits; {@link #close} is for any.
 */
public final class AuditMulticast extends PolledDescriptor {

  /** The receive buffer that is asked for; the kernel uses it only for what waits. */
  public static final int WANTED_BUFFER_BYTES = 8 << 20;

  // include/uapi/linux/audit.h
  private static final int AUDIT_NLGRP_READLOG = 1;

  /** Together with {@link #DATAGRAM_BYTES} the memory that this takes: 144 KiB. */
  private static final int BATCH = 16;

  /**
   * The most that is kept of one: MAX_AUDIT_MESSAGE_LENGTH and its header. A seccomp record with
   * the longest path, written as hex, has less.
   */
  private static final int DATAGRAM_BYTES = 9 << 10;

  private static final String CAPABILITY = "CAP_AUDIT_READ";
  private static final String DOUBT =
      "it cannot be told whether this is the node's network namespace (/proc/sys/net is hidden):"
          + " if the canary is not seen, give hostNetwork, or read kmsg where the node is itself a"
          + " container";

  private final SystemCalls calls;
  private final int socket;
  private final DatagramBatch batch;
  private final int bufferBytes;
  private final @Nullable String doubt;

  /** Whether the audit multicast can be had. */
  public sealed interface Availability {

    /**
     * It can.
     *
     * @param doubt what could not be checked, with what to do; null when nothing
     */
    record Available(@Nullable String doubt) implements Availability {}

    /**
     * It cannot.
     *
     * @param reason what stands in the way
     * @param message the same in words, with what would help
     */
    record Unavailable(Reason reason, String message) implements Availability {}
  }

  private AuditMulticast(
      SystemCalls calls, Arena memory, int socket, int bufferBytes, @Nullable String doubt)
      throws ErrnoException {
    super("audit multicast", calls, memory, socket);
    this.calls = calls;
    this.socket = socket;
    this.batch = new DatagramBatch(memory, BATCH, DATAGRAM_BYTES);
    this.bufferBytes = bufferBytes;
    this.doubt = doubt;
  }

  /**
   * Joins the group.
   *
   * @param wantedBufferBytes of the receive buffer, {@link #WANTED_BUFFER_BYTES} say
   * @throws AuditUnavailableException when it cannot be had here, with the reason
   */
  public static AuditMulticast open(int wantedBufferBytes) throws AuditUnavailableException {
    OwnPrivileges standing = OwnPrivileges.current();
    refuse(standing);
    // Collected with the object: the last user of the memory may be any thread.
    Arena memory = Arena.ofAuto();
    SystemCalls calls = new SystemCalls(memory);
    try {
      int socket =
          NetlinkSocket.open(
              calls,
              memory,
              NetlinkSocket.NETLINK_AUDIT,
              1 << (AUDIT_NLGRP_READLOG - 1),
              O_CLOEXEC | O_NONBLOCK);
      int bufferBytes = enlarge(calls, memory, socket, wantedBufferBytes);
      // Closes the socket itself when it cannot be made
      return new AuditMulticast(
          calls, memory, socket, bufferBytes, standing.network() == Place.UNKNOWN ? DOUBT : null);
    } catch (ErrnoException e) {
      throw AuditUnavailableException.of(e, CAPABILITY, false, standing);
    }
  }

  /** Tries to join the group, and leaves it: a millisecond. */
  public static Availability probe() {
    try (AuditMulticast opened = open(WANTED_BUFFER_BYTES)) {
      return new Availability.Available(opened.doubt());
    } catch (AuditUnavailableException e) {
      return new Availability.Unavailable(e.reason(), String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new IllegalStateException("close fails never", e);
    }
  }

  /** What could not be checked, with what to do; null when nothing. */
  public @Nullable String doubt() {
    return doubt;
  }

  /** The size of the receive buffer that was got, as the kernel counts it: twice what was asked. */
  public int bufferBytes() {
    return bufferBytes;
  }

  /**
   * Gives the sink what waits, up to {@value #BATCH} messages, without waiting.
   *
   * @return whether more may wait; false when nothing is left, or this is closed
   * @throws ErrnoException when recvmmsg(2) fails
   */
  public boolean receive(AuditMessages sink) throws ErrnoException {
    if (!enter()) {
      return false;
    }
    try {
      int count = batch.receive(calls, socket);
      if (Errno.ENOBUFS.is(count)) {
        sink.overrun();
        return true;
      }
      if (Errno.EAGAIN.is(count)) {
        return false;
      }
      if (Errno.EINTR.is(count)) {
        return true;
      }
      ErrnoException.check("recvmmsg audit multicast", count);
      for (int i = 0; i < count; i++) {
        give(i, sink);
      }
      return true;
    } finally {
      leave();
    }
  }

  /**
   * Each datagram is one message. Its header's length is left aside: it counts the header or not,
   * by the kernel's version.
   */
  private void give(int datagram, AuditMessages sink) {
    int received = batch.received(datagram);
    if (!batch.isFromKernel(datagram) || received < NetlinkSocket.HEADER_BYTES) {
      sink.untrusted();
      return;
    }
    ByteBuffer data = batch.data();
    int at = batch.at(datagram);
    sink.message(
        Short.toUnsignedInt(data.getShort(at + NetlinkSocket.TYPE_AT)),
        data,
        at + NetlinkSocket.HEADER_BYTES,
        at + received,
        batch.isWhole(datagram));
  }

  /** Says no where the kernel would, without having it write a record of the attempt. */
  private static void refuse(OwnPrivileges standing) throws AuditUnavailableException {
    if (standing.user() == Place.OTHER) {
      throw new AuditUnavailableException(
          Reason.USER_NAMESPACE,
          "another user namespace than the node's: give hostUsers: true, hostNetwork and "
              + CAPABILITY);
    }
    if (standing.network() == Place.OTHER) {
      throw new AuditUnavailableException(
          Reason.NETWORK_NAMESPACE,
          "another network namespace than the machine's, where no record ever comes: give"
              + " hostNetwork"
              + (standing.has(OwnPrivileges.CAP_AUDIT_READ) ? "" : " and " + CAPABILITY)
              + ", or read kmsg where the node is itself a container (kind, minikube, k3d)");
    }
    if (!standing.has(OwnPrivileges.CAP_AUDIT_READ)) {
      throw new AuditUnavailableException(
          Reason.NOT_PERMITTED, "not permitted: give " + CAPABILITY);
    }
  }

  private static int enlarge(SystemCalls calls, Arena memory, int socket, int wanted)
      throws ErrnoException {
    try {
      return NetlinkSocket.enlarge(calls, memory, socket, wanted);
    } catch (ErrnoException e) {
      NetlinkSocket.close(calls, socket);
      throw e;
    }
  }

  /**
   * Takes what {@link AuditMulticast} receives, on the receiving thread and in the kernel's order.
   */
  public interface AuditMessages {

    /**
     * A record.
     *
     * @param type the number of its type, 1326 for seccomp
     * @param data holds its text {@code audit(STAMP): …} in {@code [from, to)}; valid during the
     *     call
     * @param whole whether the text is all there, and not cut off at its end
     */
    void message(int type, ByteBuffer data, int from, int to, boolean whole);

    /** A message that the kernel did not send: those with CAP_NET_ADMIN can. It is left out. */
    void untrusted();

    /**
     * The receive buffer was full: behind what is still to come out of it, messages are missing,
     * until {@link AuditMulticast#receive} finds nothing left.
     */
    void overrun();
  }
}
