package io.seccompwatch.publish;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Where JSON lines go. Not thread-safe: the log's writer owns it. */
public abstract sealed class LogTarget implements AutoCloseable {

  /** Standard output. */
  public static LogTarget stdout() {
    return new Stdout();
  }

  /** A file that is appended to, and opened anew when logrotate has moved it away. */
  public static LogTarget file(Path path) {
    return new AppendedFile(path);
  }

  abstract void write(byte[] lines) throws IOException;

  @Override
  public abstract void close() throws IOException;

  private static final class Stdout extends LogTarget {
    private final OutputStream out = new FileOutputStream(FileDescriptor.out);

    @Override
    void write(byte[] lines) throws IOException {
      out.write(lines);
    }

    @Override
    public void close() {
      // The process ends with its standard output
    }

    @Override
    public String toString() {
      return "stdout";
    }
  }

  private static final class AppendedFile extends LogTarget {
    private final Path path;
    private @Nullable OutputStream out;
    private @Nullable Object key;

    AppendedFile(Path path) {
      this.path = path;
    }

    @Override
    void write(byte[] lines) throws IOException {
      OutputStream open = out;
      if (open == null || !isStillAt()) {
        close();
        boolean torn = endsWithinALine();
        open =
            Channels.newOutputStream(
                Files.newByteChannel(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
        out = open;
        key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        if (torn) {
          open.write('\n');
        }
      }
      try {
        open.write(lines);
      } catch (IOException e) {
        // A part may have been written: the next write opens the file anew and looks
        try {
          close();
        } catch (IOException alsoFailed) {
          e.addSuppressed(alsoFailed);
        }
        throw e;
      }
    }

    /** What a full disk or a crash left of a line must not run into the next one. */
    private boolean endsWithinALine() throws IOException {
      if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
        return false;
      }
      try (SeekableByteChannel channel = Files.newByteChannel(path)) {
        ByteBuffer last = ByteBuffer.allocate(1);
        return channel.size() > 0
            && channel.position(channel.size() - 1).read(last) == 1
            && last.get(0) != '\n';
      }
    }

    private boolean isStillAt() throws IOException {
      try {
        Object now = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return now != null && now.equals(key);
      } catch (NoSuchFileException e) {
        return false;
      }
    }

    @Override
    public void close() throws IOException {
      OutputStream open = out;
      out = null;
      if (open != null) {
        open.close();
      }
    }

    @Override
    public String toString() {
      return path.toString();
    }
  }
}
