package io.seccompwatch.source;

import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.FileAccess.FileIdentity;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** A file that is held open and read onwards. Owned by the follower's thread. */
final class FollowedFile {

  /** What a read came to. */
  enum Step {
    /** Bytes were read; there may be more. */
    READ,
    /** Nothing more for now. */
    AT_END,
    /** What was read before is no longer there: the file was truncated. */
    TRUNCATED
  }

  private final Path path;
  private final LogContent content;
  private final int maxLineBytes;
  private final LineSink sink;

  private Generation run;
  private LineSplitter splitter;
  private long splitFrom;
  private boolean current;
  private long quietSince;
  private long sizeSeen;

  FollowedFile(
      Path path, LogContent content, Generation run, int maxLineBytes, LineSink sink, long now) {
    this.path = path;
    this.content = content;
    this.maxLineBytes = maxLineBytes;
    this.sink = sink;
    this.run = run;
    this.splitter = new LineSplitter(maxLineBytes, sink);
    this.splitFrom = run.offset();
    this.quietSince = now;
    run.setOpen(true);
  }

  /**
   * Reads once and hands the lines on.
   *
   * <p>The bytes before the position are read with the new ones, in one call of the kernel: if they
   * are not those of before, neither do the new ones follow them.
   */
  Step read(byte[] buffer, long now) throws IOException {
    int before = run.markerLength();
    int end;
    if (content.mayChange()) {
      end = content.read(run.position() - before, buffer, 0, buffer.length);
      if (!run.leadsTo(buffer, end)) {
        return Step.TRUNCATED;
      }
    } else {
      run.copyMarker(buffer);
      end = before + content.read(run.position(), buffer, before, buffer.length - before);
    }
    // Only now is it known that the size seen was that of what is being read.
    run.sawSize(sizeSeen);
    if (end == before) {
      return Step.AT_END;
    }
    quietSince = now;
    long start = run.position();
    int done = before;
    run.learnHead(buffer, before, end); // also when the sink throws at the first line
    try {
      splitter.feed(buffer, before, end);
      done = end;
    } finally {
      // When the sink throws, the run stands after the last line that it took.
      long accepted = splitFrom + splitter.accepted();
      done = done == end ? end : before + (int) Math.max(0, accepted - start);
      run.advance(buffer, before, done);
      run.accepted(accepted);
    }
    return Step.READ;
  }

  /** Whether what was read before is no longer there. */
  boolean isTruncated(byte[] buffer) throws IOException {
    int before = run.markerLength();
    int wanted = Math.max(before, Generation.HEAD_BYTES);
    return content.mayChange()
        && !run.leadsTo(buffer, content.read(run.position() - before, buffer, 0, wanted));
  }

  /**
   * Goes on in a truncated file if only its end was cut off, its beginning is the same: that is not
   * to be read again.
   *
   * @return false when it holds other content
   */
  boolean goesOnCut() throws IOException {
    long size = content.size();
    if (!run.isTelling() || size == 0 || !run.isIn(content)) {
      return false;
    }
    boolean unreadGone = run.knownSize() > Math.max(run.position(), size);
    if (size < run.position()) {
      run.rewind(content, Math.min(size, run.offset()));
      restart(run);
    }
    if (unreadGone) {
      sink.lost(LossReason.ROTATION, 1);
    }
    run.cutTo(size);
    return true;
  }

  /** Delivers a last line without a newline: it will not be completed. */
  void finish() {
    finish(splitter, run);
    splitFrom = run.position();
    splitter = new LineSplitter(maxLineBytes, sink);
  }

  /** Starts again with other content in the same file; returns what was being read. */
  Interrupted restart(Generation next) {
    sizeSeen = 0;
    Interrupted old = new Interrupted(run, splitter);
    run = next;
    splitter = new LineSplitter(maxLineBytes, sink);
    splitFrom = next.offset();
    return old;
  }

  /**
   * A run whose file was truncated.
   *
   * @param splitter holds its partial last line
   */
  record Interrupted(Generation run, LineSplitter splitter) {

    /** Delivers the partial last line: no copy was found that has its end. */
    void finish() {
      FollowedFile.finish(splitter, run);
    }
  }

  /** Takes a size that was seen before the next read. */
  void sawSize(long size) {
    sizeSeen = size;
  }

  Path path() {
    return path;
  }

  LogContent content() {
    return content;
  }

  Generation run() {
    return run;
  }

  /** Whether it is the file at the followed path. */
  boolean isCurrent() {
    return current;
  }

  void setCurrent(boolean current, long now) {
    if (this.current && !current) {
      quietSince = now;
    }
    this.current = current;
  }

  /** When it last grew, or was rotated away. */
  long quietSince() {
    return quietSince;
  }

  /** Whether it is this file; an inode held open cannot be another's: births need no comparing. */
  boolean holds(FileIdentity file) {
    return hasKey(file.key());
  }

  boolean hasKey(@Nullable String key) {
    return key() != null && Objects.equals(key(), key);
  }

  @Nullable String key() {
    FileIdentity mine = run.identity();
    return mine == null ? null : mine.key();
  }

  /** Closes the handle; an error of close has no meaning for a file only read. */
  void close() {
    closeQuietly(content);
  }

  static void closeQuietly(LogContent content) {
    try {
      content.close();
    } catch (IOException e) {
      // Nothing was written: there is nothing that could fail to be kept.
    }
  }

  private static void finish(LineSplitter splitter, Generation run) {
    splitter.finish();
    run.accepted(run.position());
  }

  /** The bytes of an open file as its writer wrote them: plain, or behind a compression. */
  sealed interface LogContent extends Closeable {

    /**
     * Reads at a position, as much as there is and fits.
     *
     * @return the number of bytes, 0 at or after the end
     */
    int read(long position, byte[] into, int from, int length) throws IOException;

    /** Returns true if the file may grow or be truncated under the reader. */
    boolean mayChange();

    /** Returns the bytes that there are by now; {@link Generation#ALL} where only reading tells. */
    long size() throws IOException;

    /** A file that is read as it is. */
    record Plain(FileChannel channel) implements LogContent {

      @Override
      public int read(long position, byte[] into, int from, int length) throws IOException {
        return Math.max(0, channel.read(ByteBuffer.wrap(into, from, length), position));
      }

      @Override
      public boolean mayChange() {
        return true;
      }

      @Override
      public long size() throws IOException {
        return channel.size();
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    }

    /** A gzip file; reading onwards is cheap, going back starts again from the beginning. */
    final class Gzip implements LogContent {

      private static final int INPUT_BYTES = 16 << 10;

      private final FileChannel channel;
      private @Nullable InputStream stream;
      private long streamPosition;

      Gzip(FileChannel channel) {
        this.channel = channel;
      }

      @Override
      public int read(long position, byte[] into, int from, int length) throws IOException {
        InputStream at = streamAt(position);
        if (at == null) {
          return 0;
        }
        int read = at.readNBytes(into, from, length);
        streamPosition += read;
        return read;
      }

      @Override
      public boolean mayChange() {
        return false;
      }

      @Override
      public long size() {
        return Generation.ALL;
      }

      @Override
      public void close() throws IOException {
        // The streams hold nothing but memory; the inflater's is freed with its cleaner.
        if (stream != null) {
          stream.close();
        }
        channel.close();
      }

      private @Nullable InputStream streamAt(long position) throws IOException {
        InputStream open = stream;
        if (open == null || position < streamPosition) {
          channel.position(0);
          open =
              new GZIPInputStream(
                  new BufferedInputStream(Channels.newInputStream(channel), INPUT_BYTES),
                  INPUT_BYTES);
          stream = open;
          streamPosition = 0;
        }
        while (streamPosition < position) {
          long skipped = open.skip(position - streamPosition);
          if (skipped <= 0) {
            return null;
          }
          streamPosition += skipped;
        }
        return open;
      }
    }
  }
}
