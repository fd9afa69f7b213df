package io.seccompwatch.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses by the machine's own programs, through a pipe: a library for each format would be a
 * good part of the agent's size, on every node, for the sake of logs that are kept. What a file
 * expands to is never held. Thread-safe.
 */
final class Decompressor {

  /**
   * A format that is not gzip, with the program that decompresses standard input with {@code -dc}.
   * An archive has none, for a person has to choose a file of it.
   */
  enum Format {
    /** xz-file-format.txt, section 2.1.1.1. */
    XZ("xz", "xz", "fd377a585a00"),
    /** A block's or the end's magic follows the size. */
    BZIP2("bzip2", "bzip2", "425a68"),
    /** RFC 8878, section 3.1.1. */
    ZSTD("zstd", "zstd", "28b52ffd"),
    LZ4("lz4", "lz4", "04224d18"),
    LZIP("lzip", "lzip", "4c5a4950"),
    /** compress(1), which gzip reads too. */
    COMPRESS("compress", "gzip", "1f9d"),
    ZIP("zip", null, "504b0304");

    private final String label;
    private final @Nullable String program;
    private final String magic;

    Format(String label, @Nullable String program, String magic) {
      this.label = label;
      this.program = program;
      this.magic = magic;
    }

    private boolean matches(byte[] first, int count) {
      int length = magic.length() / 2;
      for (int i = 0; i < length; i++) {
        int expected = Integer.parseInt(magic, 2 * i, 2 * i + 2, 16);
        if (i >= count || (first[i] & 0xff) != expected) {
          return false;
        }
      }
      return this != BZIP2 || (count > 4 && (first[4] == 0x31 || first[4] == 0x17));
    }
  }

  /** Where distributions and Homebrew put programs; the present directory is never searched. */
  static final List<Path> PLACES =
      List.of(
          Path.of("/usr/bin"),
          Path.of("/bin"),
          Path.of("/usr/local/bin"),
          Path.of("/opt/homebrew/bin"));

  /** A decompressed stream. */
  static final class Running implements AutoCloseable {
    private final Process process;
    private final String label;

    private Running(Process process, String label) {
      this.process = process;
      this.label = label;
    }

    InputStream output() {
      return process.getInputStream();
    }

    /** Tells of damaged data, once all of the output has been read. */
    void check() throws IOException {
      try {
        int exit = process.waitFor();
        if (exit != 0) {
          throw new IOException(
              label + " cannot read it to its end (exit code " + exit + "): damaged or cut off");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private final List<Path> places;

  /**
   * A decompressor by programs in one of the given directories.
   *
   * @param places absolute paths, the preferred one first
   */
  Decompressor(List<Path> places) {
    this.places = List.copyOf(places);
  }

  /** Returns the format of a stream with these first bytes; null when it is none of them. */
  static @Nullable Format format(byte[] first, int count) {
    for (Format format : Format.values()) {
      if (format.matches(first, count)) {
        return format;
      }
    }
    return null;
  }

  /**
   * Begins to decompress.
   *
   * @param name the file's, or {@code -}, for the message
   * @throws IOException when the program is not there; the message gives the command to use
   */
  Running start(Format format, String name, InputStream compressed) throws IOException {
    Path program = program(format.program);
    if (program == null || format.program == null) {
      String file = name.equals("-") ? "FILE" : Terminal.safe(name);
      String by = format.program == null ? "unzip -p " + file : format.program + " -dc " + file;
      String missing = format.program == null ? "" : ", and this machine has no " + format.program;
      throw new IOException(
          "is " + format.label + "-compressed" + missing + ": " + by + " | seccomp-watch replay -");
    }
    ProcessBuilder builder = new ProcessBuilder(program.toString(), "-dc");
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    // A header may ask for gigabytes of memory; xz -9 needs 65 MiB
    builder.environment().putAll(Map.of("XZ_DEFAULTS", "--memlimit-decompress=256MiB"));
    Process process = builder.start();
    Thread.ofPlatform()
        .daemon()
        .name("to-" + format.program)
        .start(() -> pump(compressed, process.getOutputStream()));
    return new Running(process, format.program);
  }

  private @Nullable Path program(@Nullable String name) {
    return name == null
        ? null
        : places.stream()
            .map(place -> place.resolve(name))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
  }

  private static void pump(InputStream from, OutputStream to) {
    try (to) {
      from.transferTo(to);
    } catch (IOException e) {
      // Either the program ended, whose exit code tells, or the file cannot be read on, which
      // the program finds cut off
    }
  }
}
