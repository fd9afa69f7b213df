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
import java.time.Clock;
import java.time.Instant;
import java.util.zip.GZIPInputStream;

/**
 * Reads a file or standard input into lines, in bounded memory: compressed or not, in UTF-8 or
 * UTF-16, or as the journal's export. Each is known by its first bytes, not by its name.
 */
final class ReplayInput {

  /** Takes what is read. */
  interface Sink extends LineSink {

    /**
     * A file begins.
     *
     * @param written when it was last written to; of standard input the present
     */
    void begin(String name, Instant written);

    /** An entry of a journal's export. */
    void entry(JournalEntry entry);

    /** The file ended. */
    void end();
  }

  /** Where bytes come from; as {@link InputStream#read(byte[], int, int)}. */
  private interface Bytes {
    int read(byte[] into, int from, int length) throws IOException;
  }

  private static final String STDIN = "-";
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final int MAX_LINE_BYTES = 64 * 1024;

  /** As many first bytes as tell one form from another. */
  private static final int MAGIC_BYTES = 9;

  private final InputStream stdin;
  private final Decompressor decompressor;
  private final Clock clock;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  ReplayInput(InputStream stdin, Decompressor decompressor, Clock clock) {
    this.stdin = stdin;
    this.decompressor = decompressor;
    this.clock = clock;
  }

  /**
   * Reads all of it.
   *
   * @param name a path, or {@code -} for standard input
   * @throws IOException when it cannot be read, or ends within compressed data; what was read until
   *     then has been handed on
   */
  void read(String name, Sink sink) throws IOException {
    try (ReadableByteChannel channel = open(name)) {
      sink.begin(
          name.equals(STDIN) ? "standard input" : name,
          name.equals(STDIN)
              ? clock.instant()
              : Files.getLastModifiedTime(Path.of(name)).toInstant());
      try {
        Bytes plain = (into, from, length) -> channel.read(ByteBuffer.wrap(into, from, length));
        int first = fill(plain);
        if (isGzip(first)) {
          try (InputStream in = new GZIPInputStream(rest(first, channel), BUFFER_BYTES)) {
            decoded(fill(in::read), in::read, sink);
          }
          return;
        }
        Decompressor.Format format = Decompressor.format(buffer, first);
        if (format != null) {
          try (Decompressor.Running running =
              decompressor.start(format, name, rest(first, channel))) {
            Bytes expanded = running.output()::read;
            decoded(fill(expanded), expanded, sink);
            running.check();
          }
          return;
        }
        decoded(first, plain, sink);
      } finally {
        sink.end();
      }
    }
  }

  /** Reads on from the first bytes, which are in the buffer and say what follows. */
  private void decoded(int first, Bytes bytes, Sink sink) throws IOException {
    LineSplitter splitter = new LineSplitter(MAX_LINE_BYTES, sink);
    Utf16 utf16 = Utf16.of(buffer, first);
    JournalExport export =
        startsWith(JournalExport.START, first) ? new JournalExport(sink::entry) : null;
    try {
      for (int count = first; count >= 0; count = bytes.read(buffer, 0, buffer.length)) {
        if (export != null) {
          export.feed(buffer, 0, count);
        } else if (utf16 != null) {
          utf16.feed(buffer, count, splitter);
        } else {
          splitter.feed(buffer, 0, count);
        }
      }
    } finally {
      splitter.finish();
      if (export != null) {
        export.finish();
      }
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

  /**
   * Reads the first bytes into the buffer, enough of them to tell the forms apart; a pipe may bring
   * them one by one.
   *
   * @return how many there are; -1 when there is nothing
   */
  private int fill(Bytes bytes) throws IOException {
    int count = 0;
    while (count < MAGIC_BYTES) {
      int more = bytes.read(buffer, count, buffer.length - count);
      if (more < 0) {
        return count == 0 ? -1 : count;
      }
      count += more;
    }
    return count;
  }

  /** RFC 1952, section 2.3.1. */
  private boolean isGzip(int count) {
    return count >= 2 && buffer[0] == 0x1f && buffer[1] == (byte) 0x8b;
  }

  private boolean startsWith(byte[] literal, int count) {
    for (int i = 0; i < literal.length; i++) {
      if (i >= count || buffer[i] != literal[i]) {
        return false;
      }
    }
    return true;
  }

  private Rest rest(int first, ReadableByteChannel channel) {
    return new Rest(buffer.clone(), first, channel);
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
}
