package io.seccompwatch.publish;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the reading of this node's pods is doing, for metrics and the status page. Immutable.
 *
 * @param on whether the API server is asked at all
 * @param how which server and whose account; when off, why
 * @param synced whether the list of pods is complete and is being kept
 * @param outOfTouchSince since when the server has not been heard of; null when it has
 * @param problem what the server or the network last said against it; null when all is well
 * @param pods how many pods are known, the lately deleted included
 * @param requests lists and watches that were begun, by kind
 * @param failures requests that failed
 * @param skipped pods and events that could not be used, by a closed set of reasons
 */
public record KubernetesStatus(
    boolean on,
    String how,
    boolean synced,
    @Nullable Instant outOfTouchSince,
    @Nullable String problem,
    int pods,
    Map<String, Long> requests,
    long failures,
    Map<String, Long> skipped) {

  /** Nobody is asked, and why. */
  public static KubernetesStatus off(String why) {
    return new KubernetesStatus(false, why, false, null, null, 0, Map.of(), 0, Map.of());
  }
}
