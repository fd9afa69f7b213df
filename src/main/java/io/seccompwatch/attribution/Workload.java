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
    @Nullable SeccompProfile profile) {}
