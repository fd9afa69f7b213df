package io.seccompwatch.source;

import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditMulticast;
import io.seccompwatch.linux.AuditMulticast.AuditMessages;
import io.seccompwatch.linux.Errno.ErrnoException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** What {@link AuditNetlinkSource} needs of the audit socket, so that tests can script it. */
interface AuditStream extends AutoCloseable {

  /** Joins anew; may be called again after a close. */
  @FunctionalInterface
  interface Opener {
    AuditStream open() throws AuditUnavailableException;
  }

  /** Gives what waits; false when nothing is left. */
  boolean receive(AuditMessages sink) throws ErrnoException;

  /** Waits until there may be something, or the time has passed; false when closed. */
  boolean await(long millis) throws ErrnoException;

  /** What could not be checked; null when nothing. */
  @Nullable String doubt();

  /** Ends a wait of another thread, too. */
  @Override
  void close();

  /** The kernel's own. */
  static AuditStream ofKernel(int bufferBytes) throws AuditUnavailableException {
    return new Multicast(AuditMulticast.open(bufferBytes));
  }

  /** The socket itself. */
  record Multicast(AuditMulticast socket) implements AuditStream {

    @Override
    public boolean receive(AuditMessages sink) throws ErrnoException {
      return socket.receive(sink);
    }

    @Override
    public boolean await(long millis) throws ErrnoException {
      return millis == 0 ? socket.await() : socket.await(millis);
    }

    @Override
    public @Nullable String doubt() {
      return socket.doubt();
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible); // a descriptor's closing throws none
      }
    }
  }
}
