package io.seccompwatch.http;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the heads of HTTP/1.1 requests (RFC 9112) off a connection, strictly: what could be read in
 * two ways is refused. Of bodies, which no page takes, only that there is one is told. For one
 * thread.
 */
final class RequestReader {

  /** What is no request; the message is for its sender. */
  static final class BadRequestException extends Exception {
    private static final long serialVersionUID = 1L;
    private final int status;

    BadRequestException(int status, String message) {
      super(message);
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  /**
   * A request's head.
   *
   * @param headers by name in lower case; of what came several times, all of it with commas
   * @param keepAlive whether the connection can serve another one
   */
  record Head(String method, URI target, Map<String, String> headers, boolean keepAlive) {}

  /** Room for a bearer token of some kilobytes. */
  private static final int MAX_HEAD = 16 * 1_024;

  private static final int MAX_FIELDS = 100;
  private static final int FIRST_BUFFER = 1_024;

  /** What must not come twice, since two readers could take two different ones. */
  private static final Set<String> SINGLE =
      Set.of("host", "authorization", "content-length", "transfer-encoding");

  private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

  private final InputStream in;
  private byte[] buffer = new byte[FIRST_BUFFER];
  private int filled;

  RequestReader(InputStream in) {
    this.in = in;
  }

  /**
   * The next request's head; null when the client has hung up before it.
   *
   * @param begun called when its first bytes are there
   * @throws BadRequestException when it is none; nothing more can be read then
   */
  @Nullable Head next(Runnable begun) throws IOException, BadRequestException {
    int scanned = 0;
    boolean first = true;
    while (true) {
      dropEmptyLines();
      if (first && filled > 0) {
        begun.run();
        first = false;
      }
      int end = end(Math.max(0, scanned - 3));
      if (end >= 0) {
        String head = new String(buffer, 0, end, StandardCharsets.ISO_8859_1);
        filled -= end + 4;
        System.arraycopy(buffer, end + 4, buffer, 0, filled);
        return parse(head);
      }
      scanned = filled;
      if (filled == MAX_HEAD) {
        throw new BadRequestException(431, "the head is larger than " + MAX_HEAD + " bytes");
      }
      if (filled == buffer.length) {
        buffer = Arrays.copyOf(buffer, Math.min(MAX_HEAD, buffer.length * 2));
      }
      int read = in.read(buffer, filled, buffer.length - filled);
      if (read < 0) {
        return null;
      }
      filled += read;
    }
  }

  /** Before a request line there may be empty lines. */
  private void dropEmptyLines() {
    int from = 0;
    while (from < filled && (buffer[from] == '\r' || buffer[from] == '\n')) {
      from++;
    }
    if (from > 0) {
      filled -= from;
      System.arraycopy(buffer, from, buffer, 0, filled);
    }
  }

  /** Where the empty line behind a head begins; -1 when it has not come yet. */
  private int end(int from) {
    for (int i = from; i + 3 < filled; i++) {
      if (buffer[i] == '\r'
          && buffer[i + 1] == '\n'
          && buffer[i + 2] == '\r'
          && buffer[i + 3] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private static Head parse(String head) throws BadRequestException {
    String[] lines = head.split("\r\n", -1);
    String[] words = lines[0].split(" ", -1);
    if (words.length != 3 || !isToken(words[0])) {
      throw new BadRequestException(400, "no request line");
    }
    boolean old = words[2].equals("HTTP/1.0");
    if (!old && !words[2].equals("HTTP/1.1")) {
      throw new BadRequestException(505, "HTTP/1.1 is spoken here");
    }
    if (lines.length - 1 > MAX_FIELDS) {
      throw new BadRequestException(431, "more than " + MAX_FIELDS + " headers");
    }
    Map<String, String> headers = new HashMap<>();
    for (int i = 1; i < lines.length; i++) {
      addField(lines[i], headers);
    }
    if (!old && !headers.containsKey("host")) {
      throw new BadRequestException(400, "no Host");
    }
    String length = headers.getOrDefault("content-length", "0");
    boolean body = headers.containsKey("transfer-encoding") || !length.equals("0");
    boolean close =
        headers.getOrDefault("connection", "").toLowerCase(Locale.ROOT).contains("close");
    return new Head(words[0], target(words[1]), headers, !old && !close && !body);
  }

  private static URI target(String text) throws BadRequestException {
    try {
      // A path may begin with two slashes, and is no authority then (RFC 9112, 3.2.1)
      URI target = new URI(text.startsWith("//") ? "/." + text : text);
      String scheme = target.getScheme();
      boolean web = "http".equalsIgnoreCase(scheme) || "https".equalsIgnoreCase(scheme);
      if (scheme != null && (!web || target.getRawAuthority() == null)) {
        throw new BadRequestException(400, "no URI of this server");
      }
      return target;
    } catch (URISyntaxException e) {
      throw new BadRequestException(400, "no URI");
    }
  }

  private static void addField(String line, Map<String, String> headers)
      throws BadRequestException {
    int colon = line.indexOf(':');
    if (colon < 1 || !isToken(line.substring(0, colon))) {
      throw new BadRequestException(400, "a header without a name");
    }
    String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
    String value = line.substring(colon + 1);
    // Before the strip: a line feed alone, which strip would take, ends a header to some readers
    if (value.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 0x7f)) {
      throw new BadRequestException(400, "a header with a control character");
    }
    value = value.strip();
    String before = headers.get(name);
    if (before != null && SINGLE.contains(name)) {
      throw new BadRequestException(400, "header " + name + " comes twice");
    }
    headers.put(name, before == null ? value : before + "," + value);
  }

  /** RFC 9110, 5.6.2. */
  private static boolean isToken(String text) {
    return !text.isEmpty()
        && text.chars()
            .allMatch(
                c ->
                    (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || TOKEN_MARKS.indexOf(c) >= 0);
  }

  /**
   * A request as it came in; all of it is hostile. A header that is not there is null.
   *
   * @param method {@code GET} or anything else
   * @param target what is asked for
   * @param peer who is asking, by its address
   * @param host the Host header
   * @param accept the Accept header
   * @param authorization the Authorization header
   * @param acceptEncoding the Accept-Encoding header
   */
  record HttpRequest(
      String method,
      URI target,
      InetAddress peer,
      @Nullable String host,
      @Nullable String accept,
      @Nullable String authorization,
      @Nullable String acceptEncoding) {

    /** Without the token. */
    @Override
    public String toString() {
      return method + " " + target + " of " + peer;
    }
  }
}
