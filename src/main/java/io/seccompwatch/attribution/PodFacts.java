package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Inference.SelinuxCategories;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What attribution needs of a pod, and nothing else of it: a pod of the API is 10 KB and more, this
 * is a few hundred bytes. Immutable; its texts are bounded by who makes it.
 *
 * @param uid {@code metadata.uid}, which the API server gives
 * @param staticHash for the mirror of a static pod the UID that the kubelet knows it by (annotation
 *     {@code kubernetes.io/config.hash}); null for every other pod
 * @param namespace the pod's namespace
 * @param name the pod's name
 * @param ownerKind kind of the owning workload; null when it has none
 * @param ownerName its name; null when it has none
 * @param profile the seccomp profile of the pod itself; null when it asks for none
 * @param categories the SELinux categories that the pod or one of its containers asks for, in the
 *     form of {@link SelinuxCategories#canonical}
 * @param containers the containers of specification and status
 */
public record PodFacts(
    String uid,
    @Nullable String staticHash,
    String namespace,
    String name,
    @Nullable String ownerKind,
    @Nullable String ownerName,
    @Nullable SeccompProfile profile,
    List<String> categories,
    List<Container> containers) {

  /**
   * A container of the pod.
   *
   * @param name its name, unique in the pod
   * @param type which list it is in
   * @param image its image as the specification names it; null when only the status lists it
   * @param profile the seccomp profile that holds for it: its own, else the pod's
   * @param ownProfile whether that is its own
   * @param privileged whether it is privileged: its runtime then loads no filter, whatever is asked
   * @param ids {@code <runtime>://<id>} of the runs that the status names, the newest first
   * @param sigsys those of them that ended by SIGSYS
   */
  public record Container(
      String name,
      ContainerType type,
      @Nullable String image,
      @Nullable SeccompProfile profile,
      boolean ownProfile,
      boolean privileged,
      List<String> ids,
      List<Termination> sigsys) {

    /** Copies the lists. */
    public Container {
      ids = List.copyOf(ids);
      sigsys = List.copyOf(sigsys);
    }
  }

  /**
   * A run of a container that ended with exit code 159, 128 + SIGSYS.
   *
   * @param containerId {@code <runtime>://<id>}
   * @param finished when, by the clock of the node, in whole seconds
   */
  public record Termination(String containerId, Instant finished) {}

  /** Copies the lists. */
  public PodFacts {
    categories = List.copyOf(categories);
    containers = List.copyOf(containers);
  }

  /** The UID that the kubelet, and so the pod's cgroup, knows the pod by. */
  public String kubeletUid() {
    return staticHash == null ? uid : staticHash;
  }
}
