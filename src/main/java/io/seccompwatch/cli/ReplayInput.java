package io.seccompwatch.cli;

import io.seccompwatch.source.LineSink;
import io.seccompwatch.source.LineSplitter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** Reads a file or standard input, compressed or not, into lines; in bounded memory. */
final class ReplayInput {

  private static final String STDIN = "-";
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final int MAX_LINE_BYTES = 64 * 1024;

  private final InputStream stdin;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  ReplayInput(InputStream stdin) {
    this.stdin = stdin;
  }

  /**
   * Reads all of it.
   *
   * @param name a path, or {@code -} for standard input
   * @throws IOException when it cannot be read, or ends within compressed data; what was read until
   *     then has been handed on
   */
  void read(String name, LineSink sink) throws IOException {
    LineSplitter splitter = new LineSplitter(MAX_LINE_BYTES, sink);
    try (ReadableByteChannel channel = open(name)) {
      int first = fill(channel);
      if (isGzip(first)) {
        decompress(new Rest(buffer.clone(), first, channel), splitter);
      } else {
        for (int count = first; count >= 0; count = channel.read(ByteBuffer.wrap(buffer))) {
          splitter.feed(buffer, 0, count);
        }
      }
    } finally {
      splitter.finish();
    }
  }

  private ReadableByteChannel open(String name) throws IOException {
    if (name.equals(STDIN)) {
      return Channels.newChannel(stdin);
    }
    Path path = Path.of(name);
    if (Files.isDirectory(path)) {
      throw new IOException("is a directory");
    }
    return Files.newByteChannel(path);
  }

  /** The first bytes, enough of them to know gzip by; a pipe may bring them one by one. */
  private int fill(ReadableByteChannel channel) throws IOException {
    int count = channel.read(ByteBuffer.wrap(buffer));
    if (count == 1) {
      int second = channel.read(ByteBuffer.wrap(buffer, 1, buffer.length - 1));
      return second < 0 ? 1 : 1 + second;
    }
    return count;
  }

  /** RFC 1952, section 2.3.1. */
  private boolean isGzip(int count) {
    return count >= 2 && buffer[0] == 0x1f && buffer[1] == (byte) 0x8b;
  }

  /** What was read already, then the rest of the channel. */
  private static final class Rest extends InputStream {
    private final byte[] ahead;
    private int from;
    private int to;
    private final ReadableByteChannel channel;

    Rest(byte[] ahead, int length, ReadableByteChannel channel) {
      this.ahead = ahead;
      this.to = length;
      this.channel = channel;
    }

    @Override
    public int read() throws IOException {
      return available() == 0 ? -1 : ahead[from++] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      int count = Math.min(length, available());
      if (count == 0) {
        return -1;
      }
      System.arraycopy(ahead, from, into, offset, count);
      from += count;
      return count;
    }

    /**
     * 0 at the end only. GZIPInputStream asks at the end of each member whether another follows,
     * and takes 0 for no: a pipe that has nothing just now would cut the rest off silently.
     */
    @Override
    public int available() throws IOException {
      if (from == to) {
        from = 0;
        to = Math.max(0, channel.read(ByteBuffer.wrap(ahead)));
      }
      return to - from;
    }
  }

  private void decompress(InputStream compressed, LineSplitter splitter) throws IOException {
    try (InputStream in = new GZIPInputStream(compressed, BUFFER_BYTES)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        splitter.feed(buffer, 0, count);
      }
    }
  }
}
