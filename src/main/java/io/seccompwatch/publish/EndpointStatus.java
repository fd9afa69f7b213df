package io.seccompwatch.publish;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the server of the pages is doing.
 *
 * @param denied requests that were refused, by reason
 * @param tls its certificate; null when it serves without TLS
 */
public record EndpointStatus(Map<String, Long> denied, @Nullable Tls tls) {

  /**
   * A certificate that is served.
   *
   * @param notAfter when it ends to be good
   * @param reloadFailures how often a new one could not be used
   */
  public record Tls(Instant notAfter, long reloadFailures) {}

  /** Copies the map. */
  public EndpointStatus {
    denied = Map.copyOf(denied);
  }
}
