package io.seccompwatch.source;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** The bytes of an open file as its writer wrote them: plain, or behind a compression. */
sealed interface LogContent extends Closeable {

  /**
   * Reads at a position, as much as there is and fits.
   *
   * @return the number of bytes, 0 at or after the end
   */
  int read(long position, byte[] into, int from, int length) throws IOException;

  /** Whether the file may grow or be truncated under the reader. */
  boolean mayChange();

  /** How many bytes there are by now; {@link Generation#ALL} where only reading would tell. */
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
