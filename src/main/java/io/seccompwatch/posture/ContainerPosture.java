package io.seccompwatch.posture;

import org.jspecify.annotations.Nullable;

/**
 * What seccomp filter a running container is under, and whether its denials could be seen.
 * Immutable.
 *
 * @param namespace the pod's namespace; null when it is not known
 * @param pod the pod's name; null when it is not known
 * @param container the container's name; null when it is not known, and of a pod's own container
 * @param containerId the runtime's bare id
 * @param startTicks when its first process started, in ticks of 10 ms since boot
 * @param asked what its pod's specification asks for
 * @param mode what holds for its first process
 * @param filters how many filters that has, inherited ones included; null before Linux 5.9, which
 *     does not say
 * @param denialsVisible whether every denial of the filter would be written down by the kernel;
 *     true where there is no filter and so no denial
 * @param reason why, in words
 */
public record ContainerPosture(
    @Nullable String namespace,
    @Nullable String pod,
    @Nullable String container,
    String containerId,
    long startTicks,
    RequestedProfile asked,
    Mode mode,
    @Nullable Integer filters,
    boolean denialsVisible,
    String reason) {

  /** Whether namespace, pod and container are known. */
  public boolean named() {
    return namespace != null && pod != null && container != null;
  }
}
