package io.seccompwatch.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Some netlink datagrams that are received at once (recvmmsg(2)) into memory that is used again and
 * again. Owned by one thread.
 */
final class DatagramBatch {

  // include/linux/socket.h
  private static final int MSG_TRUNC = 0x20;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_WAITFORONE = 0x10000;

  // struct sockaddr_nl { sa_family_t family; u16 pad; u32 pid; u32 groups; }
  private static final int ADDRESS_BYTES = 12;
  private static final int SENDER_AT = 4;

  // struct mmsghdr { struct msghdr { name, namelen, iov, iovlen, control, controllen, flags }; len
  // }
  private static final int HEADER_BYTES = 64;
  private static final int NAME_LENGTH_AT = 8;
  private static final int VECTOR_AT = 16;
  private static final int VECTORS_AT = 24;
  private static final int FLAGS_AT = 48;
  private static final int LENGTH_AT = 56;
  private static final int VECTOR_BYTES = 16;

  private final int size;
  private final int datagramBytes;
  private final MemorySegment headers;
  private final ByteBuffer fields;
  private final ByteBuffer addresses;
  private final ByteBuffer data;

  /**
   * Room for datagrams.
   *
   * @param size how many one call takes
   * @param datagramBytes the most that is kept of one
   */
  DatagramBatch(Arena memory, int size, int datagramBytes) {
    this.size = size;
    this.datagramBytes = datagramBytes;
    headers = memory.allocate((long) size * HEADER_BYTES, Long.BYTES);
    fields = SystemCalls.bytes(headers);
    MemorySegment names = memory.allocate((long) size * ADDRESS_BYTES, Long.BYTES);
    addresses = SystemCalls.bytes(names);
    MemorySegment buffers = memory.allocate((long) size * datagramBytes, Long.BYTES);
    data = SystemCalls.bytes(buffers);
    MemorySegment vectors = memory.allocate((long) size * VECTOR_BYTES, Long.BYTES);
    ByteBuffer vector = SystemCalls.bytes(vectors);
    for (int i = 0; i < size; i++) {
      vector.putLong(buffers.address() + at(i)).putLong(datagramBytes);
      fields.putLong(i * HEADER_BYTES, names.address() + (long) i * ADDRESS_BYTES);
      fields.putLong(i * HEADER_BYTES + VECTOR_AT, vectors.address() + (long) i * VECTOR_BYTES);
      fields.putLong(i * HEADER_BYTES + VECTORS_AT, 1);
    }
  }

  /** Takes what waits, without waiting: how many datagrams, or the negated errno. */
  int receive(SystemCalls calls, int socket) {
    return receive(calls, socket, MSG_DONTWAIT);
  }

  /** As {@link #receive(SystemCalls, int)}, but waits for the first as long as the socket does. */
  int receiveWaiting(SystemCalls calls, int socket) {
    return receive(calls, socket, MSG_WAITFORONE);
  }

  private int receive(SystemCalls calls, int socket, int flags) {
    for (int i = 0; i < size; i++) {
      fields.putInt(i * HEADER_BYTES + NAME_LENGTH_AT, ADDRESS_BYTES);
    }
    return (int) calls.call(Call.RECVMMSG, socket, headers.address(), size, flags, 0);
  }

  /** All datagrams; each begins at its {@link #at}. */
  ByteBuffer data() {
    return data;
  }

  int at(int datagram) {
    return datagram * datagramBytes;
  }

  /** How many bytes of it are kept. */
  int received(int datagram) {
    return fields.getInt(datagram * HEADER_BYTES + LENGTH_AT);
  }

  /** Whether nothing of it was cut off. */
  boolean isWhole(int datagram) {
    return (fields.getInt(datagram * HEADER_BYTES + FLAGS_AT) & MSG_TRUNC) == 0;
  }

  /**
   * Whether it is the kernel's own: netlink lets the privileged send to groups too, and what they
   * say is no event.
   */
  boolean isFromKernel(int datagram) {
    int header = datagram * HEADER_BYTES;
    return fields.getInt(header + NAME_LENGTH_AT) == ADDRESS_BYTES
        && addresses.getInt(datagram * ADDRESS_BYTES + SENDER_AT) == 0;
  }
}
