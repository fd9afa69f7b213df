package io.seccompwatch.kubernetes;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Requests to the API server, with the credentials of the configuration. Thread-safe. */
public interface ApiServer {

  /**
   * An answer.
   *
   * @param status the HTTP status
   * @param retryAfter how long the server asks to wait; null when it does not
   * @param body the body, cut to 64 KiB
   */
  record Answer(int status, @Nullable Duration retryAfter, String body) {

    /** Whether the request was done. */
    public boolean ok() {
      return status >= 200 && status < 300;
    }
  }

  /**
   * Sends a request and waits for its answer, whatever its status; nothing is tried again but what
   * expired credentials make necessary.
   *
   * @param method {@code GET}, {@code POST} or {@code PATCH}
   * @param path the path below the server's address, {@code /api/v1/pods} say, with its query
   * @param contentType the body's type; null when there is no body
   * @param body the body; empty when there is none
   * @param timeout how long to wait at most
   * @throws IOException when there is no answer
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  Answer send(
      String method, String path, @Nullable String contentType, byte[] body, Duration timeout)
      throws IOException, InterruptedException;
}
