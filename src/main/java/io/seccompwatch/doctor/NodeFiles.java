package io.seccompwatch.doctor;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The node's files, read with bounds: only regular files, and of each no more than a configuration
 * can have.
 *
 * @param proc the node's procfs
 * @param hostRoot the node's root file system, or a directory that holds the mounted parts of it
 */
record NodeFiles(Path proc, Path hostRoot) {

  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_FILES = 256;

  /**
   * A file's content or why there is none.
   *
   * @param text null when it could not be read
   * @param why why it could not; null when it could
   * @param missing whether that is because there is no such file
   */
  record Content(Path path, @Nullable String text, @Nullable String why, boolean missing) {

    /** The lines without blanks around them; none of a file that could not be read. */
    List<String> lines() {
      return text == null ? List.of() : text.lines().map(String::strip).toList();
    }

    /** The text without blanks around it; null when it could not be read. */
    @Nullable String word() {
      return text == null ? null : text.strip();
    }
  }

  /** A path of the node's, {@code etc/audit/auditd.conf} say, where it is found from here. */
  Path host(String relative) {
    return hostRoot.resolve(relative);
  }

  Content proc(String relative) {
    return read(proc.resolve(relative));
  }

  /** Reads a file. */
  static Content read(Path path) {
    try {
      if (Files.exists(path) && !Files.isRegularFile(path)) {
        return new Content(path, null, "not a regular file", false);
      }
      try (InputStream in = Files.newInputStream(path)) {
        return content(path, in);
      }
    } catch (IOException e) {
      return new Content(path, null, reason(e), e instanceof NoSuchFileException);
    }
  }

  static Content content(Path path, InputStream in) throws IOException {
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    return bytes.length > MAX_BYTES
        ? new Content(path, null, "larger than 1 MiB", false)
        : new Content(path, new String(bytes, StandardCharsets.ISO_8859_1), null, false);
  }

  /** The files of a directory whose names end so, in the order of their names. */
  static List<Path> list(Path directory, String suffix) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*" + suffix)) {
      for (Path entry : entries) {
        if (found.size() == MAX_FILES) {
          break;
        }
        found.add(entry);
      }
    } catch (IOException e) {
      return List.of(); // An absent directory of additions is the usual case
    }
    return found.stream().sorted().toList();
  }

  /** A configuration file and its additions, those that could be read. */
  List<Content> configuration(String file, String... directories) {
    return Stream.concat(
            Stream.of(host(file)),
            Stream.of(directories).flatMap(each -> list(host(each), ".conf").stream()))
        .map(NodeFiles::read)
        .filter(content -> content.text() != null)
        .toList();
  }

  /** A failure in a few words, without the path. */
  static String reason(IOException failure) {
    return switch (failure) {
      case NoSuchFileException none -> "not there";
      case AccessDeniedException denied -> "permission denied";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> String.valueOf(failure.getMessage());
    };
  }
}
