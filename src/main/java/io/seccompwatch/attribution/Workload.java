package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/**
 * The names that Kubernetes knows a container by. Immutable.
 *
 * @param namespace the pod's namespace
 * @param pod the pod's name
 * @param container the container's name in the pod, null when only the pod is known
 * @param containerType which of the pod's lists of containers it is in, null when not known
 * @param image the container's image as the pod names it, null when it is not known
 * @param ownerKind kind of the owning workload, e.g. {@code Deployment}; null when it has none
 * @param ownerName name of the owning workload, null when it has none
 * @param profile the seccomp profile that the pod asks for; null when it asks for none
 */
public record Workload(
    String namespace,
    String pod,
    @Nullable String container,
    @Nullable ContainerType containerType,
    @Nullable String image,
    @Nullable String ownerKind,
    @Nullable String ownerName,
    @Nullable SeccompProfile profile) {

  /** Which of a pod's lists of containers a container is in. */
  public enum ContainerType {
    /** One that runs for as long as the pod does. */
    CONTAINER("containers"),
    /** One that runs before them, or beside them as a sidecar. */
    INIT("initContainers"),
    /** One that was added for debugging. */
    EPHEMERAL("ephemeralContainers");

    private final String specField;

    ContainerType(String specField) {
      this.specField = specField;
    }

    /** The field of a pod's {@code spec} that lists it. */
    public String specField() {
      return specField;
    }
  }

  /**
   * The seccomp profile that a pod asks for ({@code securityContext.seccompProfile}). Immutable.
   *
   * @param type {@code RuntimeDefault}, {@code Localhost} or {@code Unconfined}
   * @param localhostProfile the profile's path below the kubelet's profile directory; null unless
   *     the type is {@code Localhost}
   */
  public record SeccompProfile(String type, @Nullable String localhostProfile) {}
}
