package io.seccompwatch.source;

import io.seccompwatch.linux.Errno.ErrnoException;

/** What {@link KmsgReader} needs of {@code /dev/kmsg}, so that tests can script its answers. */
interface KmsgDevice extends AutoCloseable {

  /** Opens the device anew; may be called again after a close. */
  @FunctionalInterface
  interface Opener {
    KmsgDevice open() throws ErrnoException;
  }

  /** One record, or the negated errno; never waits. */
  int read(byte[] target);

  /** Moves to one of the {@code SEEK_*} positions of {@code PolledFile}. */
  void seek(int whence) throws ErrnoException;

  /** Waits until a read may answer; false when closed. */
  boolean await() throws ErrnoException;

  /** Ends a wait of another thread, too. */
  @Override
  void close();
}
