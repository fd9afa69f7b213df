package io.seccompwatch.linux;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

/** Opens netlink sockets (netlink(7)). Stateless. */
final class NetlinkSocket {

  // include/uapi/linux/netlink.h
  static final int NETLINK_AUDIT = 9;
  static final int NETLINK_CONNECTOR = 11;

  /** {@code struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }}. */
  static final int HEADER_BYTES = 16;

  static final int TYPE_AT = 4;
  static final int SEQUENCE_AT = 8;

  // include/linux/socket.h, include/uapi/asm-generic/socket.h
  private static final int AF_NETLINK = 16;
  private static final int SOCK_DGRAM = 2;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVBUF = 8;
  private static final int SO_RCVTIMEO = 20;
  private static final int SO_RCVBUFFORCE = 33;

  // struct sockaddr_nl { sa_family_t family; u16 pad; u32 pid; u32 groups; }
  private static final int ADDRESS_BYTES = 12;
  private static final int GROUPS_AT = 8;

  private NetlinkSocket() {}

  /**
   * Opens a socket and binds it.
   *
   * @param groups bits of the multicast groups to be in
   * @param flags {@code O_CLOEXEC} and others of open(2), which socket(2) takes too
   * @return its descriptor
   * @throws ErrnoException of {@code socket} or {@code bind}; then nothing is left open
   */
  static int open(SystemCalls calls, SegmentAllocator memory, int protocol, int groups, int flags)
      throws ErrnoException {
    int type = SOCK_DGRAM | flags;
    int socket =
        (int)
            ErrnoException.check(
                "socket", calls.call(Call.SOCKET, AF_NETLINK, type, protocol, 0, 0));
    MemorySegment address = memory.allocate(ADDRESS_BYTES, Integer.BYTES);
    SystemCalls.bytes(address).putShort(0, (short) AF_NETLINK).putInt(GROUPS_AT, groups);
    long bound = calls.call(Call.BIND, socket, address.address(), ADDRESS_BYTES, 0, 0);
    if (bound < 0) {
      close(calls, socket);
    }
    ErrnoException.check("bind", bound);
    return socket;
  }

  /**
   * Asks for a larger receive buffer: with CAP_NET_ADMIN any size, else what {@code
   * net.core.rmem_max} lets anybody have. The kernel takes memory for what waits, not for the size.
   *
   * @return the size that was got, as the kernel counts it: twice what was asked
   */
  static int enlarge(SystemCalls calls, SegmentAllocator memory, int socket, int bytes)
      throws ErrnoException {
    MemorySegment value = memory.allocate(2L * Integer.BYTES, Integer.BYTES);
    SystemCalls.bytes(value).putInt(0, bytes);
    long address = value.address();
    if (calls.call(Call.SETSOCKOPT, socket, SOL_SOCKET, SO_RCVBUFFORCE, address, Integer.BYTES)
        < 0) {
      calls.call(Call.SETSOCKOPT, socket, SOL_SOCKET, SO_RCVBUF, address, Integer.BYTES);
    }
    SystemCalls.bytes(value).putInt(Integer.BYTES, Integer.BYTES);
    ErrnoException.check(
        "getsockopt",
        calls.call(
            Call.GETSOCKOPT, socket, SOL_SOCKET, SO_RCVBUF, address, address + Integer.BYTES));
    return SystemCalls.bytes(value).getInt(0);
  }

  /** Lets a receive wait for so long and then answer {@link Errno#EAGAIN}. */
  static void limitWait(SystemCalls calls, SegmentAllocator memory, int socket, long seconds)
      throws ErrnoException {
    MemorySegment timeval = memory.allocate(2L * Long.BYTES, Long.BYTES);
    SystemCalls.bytes(timeval).putLong(0, seconds);
    long bytes = timeval.byteSize();
    ErrnoException.check(
        "setsockopt",
        calls.call(Call.SETSOCKOPT, socket, SOL_SOCKET, SO_RCVTIMEO, timeval.address(), bytes));
  }

  static void close(SystemCalls calls, int socket) {
    calls.call(Call.CLOSE, socket, 0, 0, 0, 0);
  }
}
