package io.seccompwatch.linux;

import java.nio.ByteBuffer;

/**
 * Takes what {@link AuditMulticast} receives, on the receiving thread and in the kernel's order.
 */
public interface AuditMessages {

  /**
   * A record.
   *
   * @param type the number of its type, 1326 for seccomp
   * @param data holds its text {@code audit(STAMP): …} in {@code [from, to)}; valid during the call
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
