package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import org.jspecify.annotations.Nullable;

/**
 * Names of containers by the word of the node's container runtime. They stand in for the API
 * server's names, which win wherever there are any. Thread-safe; a call never waits for a file.
 */
public interface RuntimeNames {

  /** No runtime is asked. */
  RuntimeNames NONE =
      new RuntimeNames() {
        @Override
        public RuntimeName of(String containerId) {
          return new RuntimeName.Unknown();
        }

        @Override
        public long version() {
          return 0;
        }
      };

  /** The runtime's word of a container. */
  sealed interface RuntimeName {

    /**
     * The runtime names the container.
     *
     * @param namespace the pod's namespace
     * @param pod the pod's name
     * @param container the container's name; null for a pod's own container
     * @param podUid the pod's UID as the kubelet knows it; null when the runtime does not say it
     */
    record Given(String namespace, String pod, @Nullable String container, @Nullable String podUid)
        implements RuntimeName {

      /**
       * Adds to an attribution the names that it lacks. Nothing is added where the runtime
       * contradicts the attribution: another pod's UID, or other names than the API server's.
       */
      public Attribution addTo(Attribution found) {
        String uid = found.podUid();
        Workload known = found.workload();
        if (uid != null && podUid != null && !CgroupNames.sameUid(uid, podUid)) {
          return found;
        }
        if (known == null) {
          AttributionReason missing =
              found.reason() == AttributionReason.POD_UNKNOWN ? null : found.reason();
          return found.with(
              new Workload(namespace, pod, container, null, null, null, null, null), missing);
        }
        boolean same = known.namespace().equals(namespace) && known.pod().equals(pod);
        if (known.container() != null || container == null || !same) {
          return found;
        }
        return found.with(
            new Workload(
                namespace,
                pod,
                container,
                null,
                null,
                known.ownerKind(),
                known.ownerName(),
                known.profile()),
            found.reason());
      }
    }

    /** The runtime's configuration of the container could not be read, or names no pod. */
    record Unknown() implements RuntimeName {}

    /** The runtime's configuration is being read; {@link RuntimeNames#version} tells when. */
    record Pending() implements RuntimeName {}
  }

  /**
   * Returns the runtime's word, as far as it has been read. A container that has not been asked for
   * is read after this call.
   *
   * @param containerId {@code <runtime>://<id>}, or the bare id
   */
  RuntimeName of(String containerId);

  /** A number that grows with every configuration that has been read. */
  long version();
}
