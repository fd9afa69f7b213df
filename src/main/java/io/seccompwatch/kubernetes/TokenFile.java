package io.seccompwatch.kubernetes;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A token that the kubelet renews: read for each request, of which there are few. While the file
 * cannot be read, as between two links, the last token stands. Thread-safe.
 */
final class TokenFile {

  private final Path file;
  private volatile @Nullable String last;

  TokenFile(Path file) {
    this.file = file;
  }

  /** The token as it is now; null when there never was one. */
  @Nullable String read() {
    try {
      String now = Files.readString(file, StandardCharsets.US_ASCII).strip();
      if (!now.isEmpty()) {
        last = now;
      }
    } catch (IOException e) {
      // The server says whether the last one is still good
    }
    return last;
  }
}
