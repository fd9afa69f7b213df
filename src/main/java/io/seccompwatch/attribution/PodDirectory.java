package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Workload.SeccompProfile;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is known of this node's pods at a moment. Thread-safe; nothing here waits or throws, however
 * the API server is doing.
 */
public interface PodDirectory {

  /**
   * An attribution with its names.
   *
   * @param attribution what is known now, with the reason when something is missing
   * @param mayImprove whether a later status of a pod may name more: the pod is not listed yet, or
   *     its container is not in its status yet
   */
  record Naming(Attribution attribution, boolean mayImprove) {}

  /**
   * A container that ended by SIGSYS, exit code 159.
   *
   * @param podUid the pod's UID as the kubelet knows it
   * @param containerId {@code <runtime>://<id>}
   * @param finished when it ended, by the clock of the node, in whole seconds
   */
  record SigsysTermination(String podUid, String containerId, Instant finished) {}

  /**
   * What a pod's specification asks for one of its containers.
   *
   * @param container the container's name; null when the pod's status does not name its id, as with
   *     the pod's own container
   * @param profile the seccomp profile that holds for it; null when none is asked for
   * @param ownProfile whether the container asks for it itself, and not the pod for all of them
   * @param privileged whether it is privileged
   * @param runtime the runtime of the container, as in {@code cri-o://<id>}; null when not known
   */
  record Specified(
      String namespace,
      String pod,
      @Nullable String container,
      @Nullable SeccompProfile profile,
      boolean ownProfile,
      boolean privileged,
      @Nullable String runtime) {}

  /**
   * What is asked for a container; null when its pod is not known.
   *
   * @param podUid the pod's UID as the kubelet knows it; null when only the container is known
   * @param containerId the runtime's id of the container
   */
  @Nullable Specified specified(@Nullable String podUid, String containerId);

  /** Names the pod, the container and the workload of an attribution that has their ids. */
  Naming name(Attribution found);

  /** Whether the list of pods was read whole and is being kept, as far as it fits. */
  boolean synced();

  /**
   * Whether every pod of this node is known: {@link #synced}, and none was refused for want of room
   * since the last list. Only then does the absence of a pod say anything.
   */
  boolean complete();

  /** A number that grows with every change, also of {@link #synced}. */
  long version();

  /**
   * Since when the pods have been out of touch with the API server; null when they are not. From
   * the start on, until they are read for the first time.
   */
  @Nullable Instant outOfTouchSince();

  /** Containers of this node known to have ended by SIGSYS within the bounds, both included. */
  List<SigsysTermination> endedBySigsys(Instant from, Instant to);

  /**
   * UIDs of the pods whose specification asks for the MCS categories (SELinux), as in {@code
   * c12,c345}.
   */
  Set<String> podsAskingForCategories(String categories);

  /**
   * Whether the pod of this name was deleted before an instant and none of its name has come since.
   * False for as long as that is not certain: not {@link #synced}, say. True for one that was never
   * there, when {@link #complete}.
   */
  boolean isGoneSince(String namespace, String pod, Instant instant);
}
