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

  /** Far beyond any token: a header of the API server may have 1 MiB in all. */
  private static final long MAX_BYTES = 1 << 20;

  private final Path file;
  private volatile @Nullable String last;

  TokenFile(Path file) {
    this.file = file;
  }

  /**
   * The token as it is now, or as it was when it could last be read.
   *
   * @throws UncheckedIOException when the file never held one token, without a word of what it
   *     holds
   */
  String read() {
    String problem;
    try {
      String now = text();
      if (!now.isEmpty() && isToken(now)) {
        last = now;
        return now;
      }
      problem = now.isEmpty() ? "is empty" : "is not one token";
    } catch (CharacterCodingException e) {
      problem = "is not one token";
    } catch (IOException e) {
      problem = "cannot be read";
    }
    // The server says whether the last one is still good; with none it would take the agent for
    // somebody else
    if (last == null) {
      throw new UncheckedIOException(new IOException("token file " + file + " " + problem));
    }
    return last;
  }

  /**
   * The file's text; of a FIFO, which would wait for its writer, or a huge file nothing is read.
   */
  private String text() throws IOException {
    if (Files.exists(file) && (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES)) {
      throw new IOException("no regular file, or too large");
    }
    return Files.readString(file, StandardCharsets.US_ASCII).strip();
  }

  /**
   * What a header can carry and no blank parts: more than RFC 6750 has, as the API server takes.
   */
  private static boolean isToken(String text) {
    return text.chars().allMatch(c -> c > ' ' && c <= '~');
  }
}
