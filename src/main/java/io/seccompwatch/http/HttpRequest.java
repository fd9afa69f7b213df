package io.seccompwatch.http;

import java.net.InetAddress;
import java.net.URI;
import org.jspecify.annotations.Nullable;

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
