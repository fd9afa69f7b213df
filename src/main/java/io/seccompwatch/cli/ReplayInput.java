package io.seccompwatch.cli;

import io.seccompwatch.source.LineSink;
import io.seccompwatch.source.LineSplitter;
import java.io.ByteArrayInputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
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

  private final byte[] buffer = new byte[BUFFER_BYTES];

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
        InputStream head = new ByteArrayInputStream(buffer.clone(), 0, first);
        InputStream whole = new SequenceInputStream(head, Channels.newInputStream(channel));
        decompress(whole, splitter);
      } else {
        for (int count = first; count >= 0; count = channel.read(ByteBuffer.wrap(buffer))) {
          splitter.feed(buffer, 0, count);
        }
      }
    } finally {
      splitter.finish();
    }
  }

  private static ReadableByteChannel open(String name) throws IOException {
    if (name.equals(STDIN)) {
      return new FileInputStream(FileDescriptor.in).getChannel();
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

  private void decompress(InputStream compressed, LineSplitter splitter) throws IOException {
    try (InputStream in = new GZIPInputStream(compressed, BUFFER_BYTES)) {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        splitter.feed(buffer, 0, count);
      }
    }
  }
}
