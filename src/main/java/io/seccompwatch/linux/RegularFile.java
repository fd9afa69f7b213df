package io.seccompwatch.linux;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Set;

/**
 * Opens files whose path comes from a configuration or was found on a node, and refuses everything
 * that is no regular file: the open(2) of a FIFO waits for a writer, a device may never end, and
 * the opening of some devices has effects. The file is looked at through a descriptor that can
 * neither wait nor touch it (O_PATH, open(2)), and that descriptor is opened for reading: no other
 * file can take its place in between.
 *
 * <p>Files of the kernel's own file systems are refused, too. They are regular by their type, and a
 * read of {@code /proc/kmsg} or {@code trace_pipe} waits. Stateless; for any thread.
 */
public final class RegularFile {

  // include/uapi/asm-generic/fcntl.h
  private static final int AT_FDCWD = -100;
  private static final int O_PATH = 010000000;

  // include/uapi/linux/stat.h
  private static final int S_IFMT = 0170000;
  private static final int S_IFREG = 0100000;
  private static final int S_IFDIR = 0040000;
  private static final int S_IFIFO = 0010000;
  private static final int S_IFCHR = 0020000;
  private static final int S_IFBLK = 0060000;
  private static final int S_IFSOCK = 0140000;

  /** Of struct statfs, whose first word is the type (include/uapi/asm-generic/statfs.h). */
  private static final int STATFS_BYTES = 120;

  /** procfs, sysfs, debugfs, tracefs, securityfs (include/uapi/linux/magic.h). */
  private static final Set<Long> KERNEL_FILE_SYSTEMS =
      Set.of(0x9fa0L, 0x62656572L, 0x64626720L, 0x74726163L, 0x73636673L);

  private RegularFile() {}

  /**
   * Opens a file for reading; does not wait.
   *
   * @throws IOException when the file cannot be opened or is no regular file; the reason says so
   */
  public static FileChannel open(Path path) throws IOException {
    try (Arena memory = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(memory);
      MemorySegment name = memory.allocateFrom(path.toString());
      long descriptor =
          calls.call(
              Call.OPENAT, AT_FDCWD, name.address(), O_PATH | PolledDescriptor.O_CLOEXEC, 0, 0);
      if (descriptor < 0) {
        return openChecked(path, path); // fails with the reason in Java's own words
      }
      try {
        MemorySegment statfs = memory.allocate(STATFS_BYTES, Long.BYTES);
        long known = calls.call(Call.FSTATFS, descriptor, statfs.address(), 0, 0, 0);
        if (known == 0 && KERNEL_FILE_SYSTEMS.contains(SystemCalls.bytes(statfs).getLong(0))) {
          throw new FileSystemException(
              path.toString(), null, "is a file of the kernel, not a regular file");
        }
        Path same = Path.of("/proc/self/fd/" + descriptor);
        return openChecked(Files.exists(same) ? same : path, path);
      } finally {
        calls.call(Call.CLOSE, descriptor, 0, 0, 0, 0);
      }
    }
  }

  /**
   * Reads a file whole; does not wait.
   *
   * @param maxBytes the most that it may hold
   * @throws IOException when the file cannot be read, is no regular file or holds more
   */
  public static byte[] read(Path path, int maxBytes) throws IOException {
    try (InputStream in = Channels.newInputStream(open(path))) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new FileSystemException(
            path.toString(), null, "is larger than " + maxBytes + " bytes");
      }
      return bytes;
    }
  }

  /**
   * Replaces a file whole: a reader, and a start after a crash, finds the old file or the new one.
   * The new one is written beside it, as {@code NAME.tmp}, and moved over it (rename(2)).
   *
   * @param path the file; its directory must be there
   * @param forced whether the file and its name are on the disk when the method returns (fsync(2));
   *     otherwise a crash of the machine may bring the old file back
   * @throws IOException when the file cannot be written; the old one is then as it was
   */
  public static void replace(Path path, byte[] bytes, boolean forced) throws IOException {
    Path draft = path.resolveSibling(path.getFileName() + ".tmp");
    // A new file: what is there may be a FIFO, whose opening would wait
    Files.deleteIfExists(draft);
    try (FileChannel out =
        FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer rest = ByteBuffer.wrap(bytes);
      while (rest.hasRemaining()) {
        out.write(rest);
      }
      if (forced) {
        out.force(true);
      }
    }
    Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
    Path directory = path.getParent();
    if (forced && directory != null) {
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
  }

  /**
   * Checks the type of a file.
   *
   * @throws IOException when the path is no regular file, or when it cannot be looked at
   */
  public static void check(Path path) throws IOException {
    check(path, path);
  }

  /** Whether a path is the kernel's log ring: character device 1:11 (devices.txt of the kernel). */
  public static boolean isKernelLog(Path path) throws IOException {
    Map<String, Object> seen = Files.readAttributes(path, "unix:mode,rdev");
    return (number(seen, "mode") & S_IFMT) == S_IFCHR && number(seen, "rdev") == 0x10b;
  }

  /** The type of a file in words: "a regular file", "a directory", "a FIFO" and so on. */
  public static String type(Path path) throws IOException {
    int mode = (int) number(Files.readAttributes(path, "unix:mode"), "mode");
    return switch (mode & S_IFMT) {
      case S_IFREG -> "a regular file";
      case S_IFDIR -> "a directory";
      case S_IFIFO -> "a FIFO";
      case S_IFCHR, S_IFBLK -> "a device";
      case S_IFSOCK -> "a socket";
      default -> "no file";
    };
  }

  private static FileChannel openChecked(Path opened, Path asked) throws IOException {
    check(opened, asked);
    return FileChannel.open(opened, StandardOpenOption.READ);
  }

  private static void check(Path opened, Path asked) throws IOException {
    if (!Files.readAttributes(opened, BasicFileAttributes.class).isRegularFile()) {
      throw new FileSystemException(
          asked.toString(), null, "is " + type(opened) + ", not a regular file");
    }
  }

  private static long number(Map<String, Object> attributes, String name) {
    return attributes.get(name) instanceof Number number ? number.longValue() : 0;
  }
}
