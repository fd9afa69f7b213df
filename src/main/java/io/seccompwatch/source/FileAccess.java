package io.seccompwatch.source;

import io.seccompwatch.linux.RegularFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a follower asks of the file system; tests put failures in between. */
interface FileAccess {

  /** Looks at a path; symbolic links are followed. */
  FileStat stat(Path path) throws IOException;

  /** The type of a path in words, such as "a FIFO". */
  String type(Path path) throws IOException;

  /** Opens a regular file for reading, without waiting; refuses everything else. */
  FileChannel open(Path path) throws IOException;

  /** The names in a directory that begin with a prefix. */
  List<Path> list(Path directory, String prefix) throws IOException;

  /** The path with every symbolic link resolved; of a dangling link where it leads to. */
  Path real(Path path) throws IOException;

  /** The node's own file system. */
  static FileAccess ofNode() {
    return new OfNode();
  }

  /** The node's own file system. */
  record OfNode() implements FileAccess {

    @Override
    public FileStat stat(Path path) throws IOException {
      BasicFileAttributes seen = Files.readAttributes(path, BasicFileAttributes.class);
      FileTime birth = seen.creationTime();
      FileTime modified = seen.lastModifiedTime();
      boolean kept = !birth.equals(modified) || keepsBirths(path);
      Instant known = kept ? birth.toInstant() : null;
      return new FileStat(
          new FileIdentity(String.valueOf(seen.fileKey()), known),
          seen.size(),
          seen.isRegularFile(),
          modified.toInstant());
    }

    /** A directory is changed after it was made: where its times are equal there are no births. */
    private static boolean keepsBirths(Path path) throws IOException {
      Path directory = path.toRealPath().getParent();
      if (directory == null) {
        return false;
      }
      BasicFileAttributes seen = Files.readAttributes(directory, BasicFileAttributes.class);
      return !seen.creationTime().equals(seen.lastModifiedTime());
    }

    @Override
    public String type(Path path) throws IOException {
      return RegularFile.type(path);
    }

    @Override
    public FileChannel open(Path path) throws IOException {
      return RegularFile.open(path);
    }

    @Override
    public List<Path> list(Path directory, String prefix) throws IOException {
      List<Path> names = new ArrayList<>();
      try (DirectoryStream<Path> entries =
          Files.newDirectoryStream(
              directory, name -> String.valueOf(name.getFileName()).startsWith(prefix))) {
        entries.forEach(names::add);
      }
      return names;
    }

    @Override
    public Path real(Path path) throws IOException {
      try {
        return path.toRealPath();
      } catch (NoSuchFileException e) {
        // A link whose target was just rotated away still says where the rotated files are.
        if (!Files.isSymbolicLink(path)) {
          throw e;
        }
        Path target = path.resolveSibling(Files.readSymbolicLink(path));
        Path directory = target.toAbsolutePath().getParent();
        Path name = target.getFileName();
        if (directory == null || name == null) {
          throw e;
        }
        return directory.toRealPath().resolve(name);
      }
    }
  }

  /**
   * Which file this is, whatever its name.
   *
   * @param key device and inode, as the JDK's {@code fileKey()} prints them
   * @param birth when the inode was made: it tells a deleted and re-created file that got the same
   *     inode. Null where the file system keeps no such time or it cannot be told from the time of
   *     the last write, which the JDK gives in its place
   */
  public record FileIdentity(String key, @Nullable Instant birth) {

    /** Returns true if both may be the same file; a birth that one of them lacks does not count. */
    public boolean sameAs(FileIdentity other) {
      return key.equals(other.key)
          && (birth == null || other.birth == null || birth.equals(other.birth));
    }

    /** Returns true if both are certainly the same file. */
    boolean surelySameAs(FileIdentity other) {
      return key.equals(other.key) && birth != null && birth.equals(other.birth);
    }
  }
}
