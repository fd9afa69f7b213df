package io.seccompwatch.pipeline;

import io.seccompwatch.linux.RegularFile;
import io.seccompwatch.record.AuditStamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the stamps of the records that were handled, whatever source brought them, in the files
 * {@code records} and {@code records.old} of the state directory. A source that reads on from an
 * older place then finds which records another source has brought since, each by its own stamp: a
 * source that had only a part of them, or a clock that jumped, loses nothing.
 *
 * <p>At least the last {@value #GENERATION} stamps are kept and at most twice as many. Of those
 * that went only the latest is known; see {@link Deduplicator#isLongKnown}. A latest stamp that
 * lies ahead of the clock is not used: records may then count again, and none is lost. A file
 * begins with {@code SWREC001} and that stamp; all stamps are 8 bytes of milliseconds and 4 of the
 * serial, big endian. The files are not forced to the disk: after a crash of the machine the last
 * seconds may count again. Thread-safe.
 */
public final class KnownRecords {

  /** Interval between saves. */
  public static final Duration PACE = Duration.ofSeconds(3);

  static final int GENERATION = 32_768;

  private static final long MAGIC = 0x5357524543303031L; // SWREC001
  private static final int STAMP_BYTES = Long.BYTES + Integer.BYTES;
  private static final int HEADER_BYTES = Long.BYTES + STAMP_BYTES;
  private static final int MAX_BYTES = HEADER_BYTES + GENERATION * STAMP_BYTES;

  /** A stamp from the future is a wrong clock's or a forger's: it says nothing of other records. */
  private static final long AHEAD_MILLIS = 60_000;

  private static final Stamp NONE = new Stamp(Long.MIN_VALUE, 0);

  private record Stamp(long millis, long serial) {
    Stamp later(Stamp other) {
      return other.millis > millis ? other : this;
    }
  }

  private final Path file;
  private final Path old;
  private final InstantSource clock;

  /** Stamps to be written; guarded by itself, and never held while something is written. */
  private final ByteBuffer pending = ByteBuffer.allocate(GENERATION * STAMP_BYTES);

  /** The latest of the stamps that found no room among those to be written; guarded by them. */
  private Stamp dropped = NONE;

  // Guarded by this.
  private boolean headerIsOld;
  private int count;
  private Stamp forgotten = NONE;
  private Stamp latest = NONE;
  private Stamp latestOld = NONE;

  /**
   * The records of a state directory; nothing is read yet.
   *
   * @param clock the clock of the stamps
   */
  public KnownRecords(Path stateDirectory, InstantSource clock) {
    this.file = stateDirectory.resolve("records");
    this.old = stateDirectory.resolve("records.old");
    this.clock = clock;
  }

  /**
   * Reads what was kept.
   *
   * @param filter is told of it
   * @return why it could not be read; null when nothing is wrong
   */
  public synchronized @Nullable String load(Deduplicator filter) {
    String problem = null;
    for (Path each : new Path[] {old, file}) {
      latestOld = latest;
      latest = NONE;
      count = 0;
      try {
        read(ByteBuffer.wrap(RegularFile.read(each, MAX_BYTES)), filter);
      } catch (NoSuchFileException e) {
        // None was kept yet
      } catch (IOException e) {
        problem = each + ": " + reason(e) + ": records that other sources brought may count again";
      }
    }
    // With a clock far behind, as of a machine without one, records of now look older than it
    if (!believed(forgotten).equals(NONE)) {
      filter.recallUpTo(forgotten.millis(), forgotten.serial());
    }
    return problem;
  }

  private void read(ByteBuffer bytes, Deduplicator filter) throws IOException {
    if (bytes.remaining() < HEADER_BYTES || bytes.getLong() != MAGIC) {
      throw new IOException("damaged");
    }
    forgotten = forgotten.later(next(bytes));
    while (bytes.remaining() >= STAMP_BYTES) {
      Stamp stamp = next(bytes);
      filter.recall(stamp.millis(), stamp.serial());
      counted(stamp);
    }
  }

  /** Takes the stamp of a record that was not known before; does not wait. */
  public void handled(AuditStamp stamp) {
    synchronized (pending) {
      if (pending.remaining() < STAMP_BYTES) {
        dropOlderHalf(); // a storm, or a disk that takes nothing: the newest are worth more
      }
      pending.putLong(stamp.epochMillis()).putInt((int) stamp.serial());
    }
  }

  private void dropOlderHalf() {
    pending.flip();
    for (int i = GENERATION / 2; i > 0; i--) {
      dropped = dropped.later(believed(next(pending)));
    }
    pending.compact();
  }

  /**
   * Writes what came since the last time.
   *
   * @return why it could not be written; null when it was
   */
  public synchronized @Nullable String save() {
    byte[] stamps;
    synchronized (pending) {
      stamps = new byte[pending.position()];
      pending.flip().get(stamps);
      pending.clear();
      headerIsOld |= dropped.millis() > forgotten.millis();
      forgotten = forgotten.later(dropped);
    }
    int written = 0;
    try {
      while (written < stamps.length) {
        if (count >= GENERATION) {
          turn();
        }
        int length = Math.min(stamps.length - written, (GENERATION - count) * STAMP_BYTES);
        append(ByteBuffer.wrap(stamps, written, length));
        written += length;
      }
      return null;
    } catch (IOException e) {
      takeBack(stamps, written);
      return file
          + ": "
          + reason(e)
          + ": after a restart with another source, records may count again";
    }
  }

  private void takeBack(byte[] stamps, int written) {
    synchronized (pending) {
      byte[] since = new byte[pending.position()];
      pending.flip().get(since);
      pending.clear();
      int room = pending.capacity() - since.length;
      int from = Math.max(written, stamps.length - room / STAMP_BYTES * STAMP_BYTES);
      pending.put(stamps, from, stamps.length - from).put(since);
    }
  }

  private void turn() throws IOException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.move(file, old, StandardCopyOption.ATOMIC_MOVE);
    }
    forgotten = forgotten.later(latestOld);
    latestOld = latest;
    latest = NONE;
    count = 0;
  }

  /** Writes behind the last whole stamp: a torn one of before is written over. */
  private void append(ByteBuffer stamps) throws IOException {
    boolean begins = count == 0;
    if (begins || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.deleteIfExists(file); // a FIFO in its place would wait
      count = 0;
      begins = true;
    }
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (begins || headerIsOld) {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        header.putLong(MAGIC).putLong(forgotten.millis()).putInt((int) forgotten.serial());
        write(out, header.flip(), 0);
        headerIsOld = false;
      }
      write(out, stamps.duplicate(), HEADER_BYTES + (long) count * STAMP_BYTES);
    }
    while (stamps.hasRemaining()) {
      counted(next(stamps));
    }
  }

  private void counted(Stamp stamp) {
    count++;
    latest = latest.later(believed(stamp));
  }

  private Stamp believed(Stamp stamp) {
    return stamp.millis() <= clock.millis() + AHEAD_MILLIS ? stamp : NONE;
  }

  private static Stamp next(ByteBuffer stamps) {
    return new Stamp(stamps.getLong(), Integer.toUnsignedLong(stamps.getInt()));
  }

  private static void write(FileChannel out, ByteBuffer bytes, long position) throws IOException {
    long at = position;
    while (bytes.hasRemaining()) {
      at += out.write(bytes, at);
    }
  }

  private static String reason(IOException e) {
    return e instanceof FileSystemException known && known.getReason() != null
        ? known.getReason()
        : String.valueOf(e.getMessage());
  }
}
