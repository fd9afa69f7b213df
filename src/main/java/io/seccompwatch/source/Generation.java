package io.seccompwatch.source;

import io.seccompwatch.source.FileAccess.FileIdentity;
import io.seccompwatch.source.FollowedFile.LogContent;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * One run of bytes that a writer wrote from position 0 on, and how far it has been read. A rename
 * moves it to another name, a copy-and-truncate or a compression to another file; the run stays the
 * same. It is known again by its first bytes and by the bytes before the position reached.
 *
 * <p>The marker is longer than the 64 bytes that would do for random text: audit lines of one
 * process differ only in their stamp, which stands 300 bytes before the line's end, and a storm of
 * equal calls makes lines of equal length. Owned by the follower's thread.
 */
final class Generation {

  static final int HEAD_BYTES = 128;
  static final int MARKER_BYTES = 512;

  /** The first bytes tell one run from another from here on: an audit line's stamp ends before. */
  static final int TELLING_BYTES = 64;

  /** The position of a run that was complete before it was looked at. */
  static final long ALL = Long.MAX_VALUE;

  private @Nullable FileIdentity identity;
  private final byte[] head = new byte[HEAD_BYTES];
  private int headLength;

  /** Where the head begins: after the hole that a truncation under a writer leaves. */
  private long headFrom;

  private final byte[] marker = new byte[MARKER_BYTES];
  private int markerLength;
  private long position;
  private long offset;
  private long knownSize;
  private boolean open;

  private Generation(@Nullable FileIdentity identity) {
    this.identity = identity;
  }

  /** A run of which nothing has been read. */
  static Generation unread(FileIdentity identity) {
    Generation run = new Generation(identity);
    run.open = true;
    return run;
  }

  /** A run of which nothing up to a position is wanted. */
  static Generation readTo(FileIdentity identity, long position) {
    Generation run = new Generation(identity);
    run.position = position;
    run.offset = position;
    run.knownSize = position;
    return run;
  }

  /** A run as a checkpoint tells it. */
  static Generation of(Checkpoint.Run saved) {
    Generation run = new Generation(saved.identity());
    byte[] head = HexFormat.of().parseHex(saved.head());
    byte[] marker = HexFormat.of().parseHex(saved.marker());
    run.headLength = Math.min(head.length, HEAD_BYTES);
    System.arraycopy(head, 0, run.head, 0, run.headLength);
    run.headFrom = saved.headFrom();
    run.markerLength = Math.min(marker.length, MARKER_BYTES);
    System.arraycopy(marker, marker.length - run.markerLength, run.marker, 0, run.markerLength);
    run.position = saved.position();
    run.offset = saved.offset();
    run.knownSize = saved.offset();
    run.open = saved.open();
    return run;
  }

  /** The run for a checkpoint. */
  Checkpoint.Run save() {
    HexFormat hex = HexFormat.of();
    return new Checkpoint.Run(
        identity,
        open,
        offset,
        position,
        headFrom,
        hex.formatHex(head, 0, headLength),
        hex.formatHex(marker, 0, markerLength));
  }

  /** Takes the bytes that follow the position: {@code buffer[from..to)}, the marker before them. */
  void advance(byte[] buffer, int from, int to) {
    learnHead(buffer, from, to);
    markerLength = Math.min(MARKER_BYTES, to);
    System.arraycopy(buffer, to - markerLength, marker, 0, markerLength);
    position += to - from;
    knownSize = Math.max(knownSize, position);
  }

  /** Learns the first bytes where the file can be read but its reader has not come by them. */
  void learnHead(LogContent content) throws IOException {
    if (headLength < HEAD_BYTES) {
      byte[] first = new byte[HEAD_BYTES];
      int read = content.read(headFrom, first, 0, HEAD_BYTES);
      boolean goesOn = read > headLength && startsWith(first, head, headLength);
      if (goesOn && first[0] != 0) {
        System.arraycopy(first, 0, head, 0, read);
        headLength = read;
      }
    }
  }

  /** Sets the point from which to read on; learns the marker there. */
  void rewind(LogContent content, long to) throws IOException {
    int length = (int) Math.min(MARKER_BYTES, to);
    byte[] before = new byte[length];
    int read = content.read(to - length, before, 0, length);
    if (read < length) {
      throw new IOException("file shrank while it was opened");
    }
    System.arraycopy(before, 0, marker, 0, length);
    markerLength = length;
    position = to;
    offset = to;
  }

  /** Whether this run's bytes, as far as they are known, are those of the content. */
  boolean isIn(LogContent content) throws IOException {
    byte[] bytes = new byte[MARKER_BYTES];
    if (headLength > 0) {
      int read = content.read(headFrom, bytes, 0, headLength);
      if (!startsWith(head, bytes, read) || read < headLength) {
        return read >= TELLING_BYTES && startsWith(head, bytes, read);
      }
      boolean holeMissing = headFrom > 0 && (content.read(0, bytes, 0, 1) < 1 || bytes[0] != 0);
      if (holeMissing) {
        return false;
      }
    }
    if (position == ALL || position == 0) {
      return true;
    }
    int read = content.read(position - markerLength, bytes, 0, markerLength);
    return read == markerLength ? markerIs(bytes) : headLength >= TELLING_BYTES;
  }

  /**
   * Whether a file of this size may hold what was read and no more. One that is shorter than the
   * first bytes known was truncated, even if nothing beyond them had been read.
   */
  boolean endsAt(long size) {
    return position == size && headFrom + headLength <= size;
  }

  /** Whether a short beginning of a file is no more than a beginning of this run. */
  boolean beginsWith(byte[] bytes, int length) {
    return length <= headLength && startsWith(head, bytes, length);
  }

  /** Whether the content goes on after what has been read of this run. */
  boolean goesOnIn(LogContent content) throws IOException {
    long from = identity == null ? position : offset;
    return from != ALL && content.read(from, new byte[1], 0, 1) == 1;
  }

  /**
   * Whether the first bytes alone tell this run from others. Fewer will do for one that is looked
   * for: its copy is there as long as it is looked for.
   */
  boolean isTelling() {
    return headLength >= TELLING_BYTES || (identity == null && headLength > 0);
  }

  /** Whether the sink has had no line of it: then a mistake about it repeats and loses nothing. */
  boolean isUnaccepted() {
    return offset == 0 && headLength > 0;
  }

  /** Whether there are bytes to know it by. */
  boolean hasBytes() {
    return headLength > 0 || markerLength > 0;
  }

  /** Whether nothing of it had been read or seen. */
  boolean isBlank() {
    return headLength == 0 && position == 0;
  }

  /**
   * Whether bytes read from the file, the marker's first, follow what is known; before anything is
   * read the head, which is learned when the file is opened, stands in for the marker.
   */
  boolean leadsTo(byte[] bytes, int length) {
    boolean headKept =
        position > 0 || (length >= headLength && startsWith(head, bytes, headLength));
    return length >= markerLength && markerIs(bytes) && headKept;
  }

  private boolean markerIs(byte[] bytes) {
    return Arrays.equals(marker, 0, markerLength, bytes, 0, markerLength);
  }

  void copyMarker(byte[] into) {
    System.arraycopy(marker, 0, into, 0, markerLength);
  }

  int markerLength() {
    return markerLength;
  }

  /** The file that holds the run; null while it is looked for after a truncation. */
  @Nullable FileIdentity identity() {
    return identity;
  }

  void movedTo(@Nullable FileIdentity file) {
    FileIdentity old = identity;
    if (file == null || old == null || file.birth() != null || !old.sameAs(file)) {
      identity = file;
    }
  }

  /** How far the bytes have been read. */
  long position() {
    return position;
  }

  /** How far the sink has dealt with them: the end of a line, never after the position. */
  long offset() {
    return offset;
  }

  void accepted(long upTo) {
    offset = upTo;
  }

  /** The least size that the run is known to have had. */
  long knownSize() {
    return knownSize;
  }

  void sawSize(long size) {
    knownSize = Math.max(knownSize, size);
  }

  /** Notes that the file's end was cut off. */
  void cutTo(long size) {
    knownSize = Math.max(size, offset);
  }

  /** Whether it may have grown since it was last read. */
  boolean isOpen() {
    return open;
  }

  void setOpen(boolean open) {
    this.open = open;
  }

  /** Gives up on what has not been read. */
  void writeOff() {
    open = false;
    knownSize = offset;
  }

  /** Learns the first bytes from those that follow the position; may be told twice. */
  void learnHead(byte[] buffer, int from, int to) {
    if (headLength == 0 && headFrom == position) {
      int first = from;
      while (first < to && buffer[first] == 0) {
        first++;
      }
      headFrom += first - from;
    }
    long next = headFrom + headLength;
    boolean within = next >= position && next < position + (to - from);
    if (headLength < HEAD_BYTES && within) {
      int start = from + (int) (next - position);
      int length = Math.min(HEAD_BYTES - headLength, to - start);
      System.arraycopy(buffer, start, head, headLength, length);
      headLength += length;
    }
  }

  private static boolean startsWith(byte[] bytes, byte[] start, int length) {
    return Arrays.equals(bytes, 0, length, start, 0, length);
  }
}
