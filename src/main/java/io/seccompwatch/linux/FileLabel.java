package io.seccompwatch.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file's SELinux label: its extended attribute {@code security.selinux} (xattr(7)), which Java's
 * own view of attributes does not show. Stateless and thread-safe.
 */
public final class FileLabel {

  private static final int MAX_BYTES = 512;

  private FileLabel() {}

  /** The label; null when there is none, or it cannot be read. */
  public static @Nullable String of(Path file) {
    try (Arena memory = Arena.ofConfined()) {
      SystemCalls calls = new SystemCalls(memory);
      MemorySegment path = memory.allocateFrom(file.toString());
      MemorySegment name = memory.allocateFrom("security.selinux");
      MemorySegment value = memory.allocate(MAX_BYTES);
      long length =
          calls.call(Call.GETXATTR, path.address(), name.address(), value.address(), MAX_BYTES, 0);
      if (length <= 0 || length > MAX_BYTES) {
        return null;
      }
      byte[] bytes = new byte[(int) length];
      SystemCalls.bytes(value).get(0, bytes);
      int end = bytes[bytes.length - 1] == 0 ? bytes.length - 1 : bytes.length;
      return new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
    }
  }
}
