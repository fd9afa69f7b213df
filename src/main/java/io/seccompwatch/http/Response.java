package io.seccompwatch.http;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * An answer with its body as a whole. Immutable, as long as nobody writes into the body.
 *
 * @param headers what there is beside type and length
 */
@SuppressWarnings("ArrayRecordComponent") // handed on and never compared
public record Response(int status, String contentType, byte[] body, Map<String, String> headers) {

  /** Copies the headers. */
  public Response {
    headers = Map.copyOf(headers);
  }

  /** An answer without headers of its own. */
  public Response(int status, String contentType, byte[] body) {
    this(status, contentType, body, Map.of());
  }

  /** A line of plain text. */
  public static Response text(int status, String text) {
    return new Response(status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
  }

  /** A JSON document. */
  public static Response json(int status, byte[] body) {
    return new Response(status, "application/json", body);
  }

  /** The same with another header. */
  Response with(String name, String value) {
    Map<String, String> more = new HashMap<>(headers);
    more.put(name, value);
    return new Response(status, contentType, body, more);
  }

  @Override
  public String toString() {
    return status + " " + contentType + " " + body.length + " bytes";
  }
}
