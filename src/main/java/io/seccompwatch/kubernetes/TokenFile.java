package io.seccompwatch.kubernetes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
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

  /**
   * The token as it is now; null when there never was one.
   *
   * @throws UncheckedIOException when the file never held one token, without a word of what it
   *     holds
   */
  @Nullable String read() {
    try {
      String now = Files.readString(file, StandardCharsets.US_ASCII).strip();
      if (now.isEmpty()) {
        return last;
      }
      if (isToken(now)) {
        last = now;
        return now;
      }
    } catch (CharacterCodingException e) {
      // Not ASCII, not a token
    } catch (IOException e) {
      return last; // The server says whether it is still good
    }
    if (last == null) {
      throw new UncheckedIOException(new IOException("token file " + file + " is not one token"));
    }
    return last;
  }

  /**
   * What a header can carry and no blank parts: more than RFC 6750 has, as the API server takes.
   */
  private static boolean isToken(String text) {
    return text.chars().allMatch(c -> c > ' ' && c <= '~');
  }
}
