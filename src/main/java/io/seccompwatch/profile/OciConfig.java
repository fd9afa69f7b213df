package io.seccompwatch.profile;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.seccompwatch.profile.ProfileReader.ProfileException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * What is read of a container's OCI configuration, the {@code config.json} that its runtime was
 * given: the seccomp profile and who it is. Environment, arguments and mounts are passed over
 * without being kept. Immutable.
 *
 * @param seccomp {@code linux.seccomp}; null when the runtime loads no filter, also because it is
 *     empty (runc's {@code SetupSeccomp})
 * @param identity who it is by its annotations
 */
public record OciConfig(@Nullable Profile seccomp, Identity identity) {

  /** Bytes of a configuration; those of large pods have some 100 KiB, most of it environment. */
  public static final int MAX_BYTES = 4 << 20;

  /**
   * Who a container is, by the annotations of the CRI runtime that made it: containerd's {@code
   * pkg/cri/annotations/annotations.go}, CRI-O's {@code pkg/annotations/annotations.go} and the
   * kubelet's {@code kubelet/types/labels.go}. A runtime may pass a pod's own annotations on, but
   * overwrites those that it writes itself: CRI-O passes all of them, containerd those of its
   * {@code pod_annotations}. So a pod can only forge the annotations of the other runtime, and
   * where the two contradict each other none is believed.
   *
   * @param namespace the pod's namespace; null when it is not said
   * @param pod the pod's name; null when it is not said
   * @param container the container's name; null when it is not said
   * @param podUid the pod's UID as the kubelet knows it; null when it is not said
   * @param sandbox whether it is the pod's own container, which runs nothing of the user's
   */
  public record Identity(
      @Nullable String namespace,
      @Nullable String pod,
      @Nullable String container,
      @Nullable String podUid,
      boolean sandbox) {

    /** Nobody. */
    public static final Identity NONE = new Identity(null, null, null, null, false);

    /** The identity that two sets of annotations tell; only the sandbox where they differ. */
    static Identity agreed(Identity a, Identity b) {
      boolean contradict =
          differ(a.namespace, b.namespace)
              || differ(a.pod, b.pod)
              || differ(a.container, b.container)
              || differ(a.podUid, b.podUid);
      return contradict
          ? new Identity(null, null, null, null, a.sandbox && b.sandbox)
          : new Identity(
              a.namespace == null ? b.namespace : a.namespace,
              a.pod == null ? b.pod : a.pod,
              a.container == null ? b.container : a.container,
              a.podUid == null ? b.podUid : a.podUid,
              a.sandbox && b.sandbox);
    }

    private static boolean differ(@Nullable String a, @Nullable String b) {
      return a != null && b != null && !a.equals(b);
    }
  }

  /**
   * Reads a configuration.
   *
   * @param in the JSON, of {@link #MAX_BYTES} at most; the caller closes it
   * @throws ProfileException when it is none
   * @throws IOException when it cannot be read
   */
  public static OciConfig read(InputStream in) throws IOException, ProfileException {
    try (JsonText json = new JsonText(in, MAX_BYTES)) {
      return new Reader(json).config();
    } catch (JsonProcessingException e) {
      throw new ProfileException(e.getOriginalMessage());
    }
  }

  /** A configuration while it is being read: its fields come in any order. */
  private static final class Reader {

    /** Namespaces and pods have 253 characters at most, as all names of the API. */
    private static final int MAX_NAME = 253;

    private final JsonText json;
    private @Nullable ProfileReader seccomp;
    private final Annotations containerd = new Annotations();
    private final Annotations crio = new Annotations();

    /** The annotations of one runtime. */
    private static final class Annotations {
      private @Nullable String namespace;
      private @Nullable String pod;
      private @Nullable String container;
      private @Nullable String podUid;
      private @Nullable String type;

      boolean isSandbox(Annotations other) {
        return type == null ? "sandbox".equals(other.type) : type.equals("sandbox");
      }

      Identity identity(Annotations other) {
        return new Identity(namespace, pod, container, podUid, isSandbox(other));
      }
    }

    Reader(JsonText json) {
      this.json = json;
    }

    OciConfig config() throws IOException, ProfileException {
      if (json.isNull()) {
        throw new ProfileException("the configuration is not an object");
      }
      json.members(
          "the configuration",
          field -> {
            switch (field) {
              case "linux" -> linux();
              case "annotations" -> annotations();
              default -> json.skip();
            }
          });
      ProfileReader read = seccomp;
      return new OciConfig(
          read == null ? null : read.profileOrNone(),
          Identity.agreed(containerd.identity(crio), crio.identity(containerd)));
    }

    private void linux() throws IOException, ProfileException {
      json.members(
          "linux",
          field -> {
            if (!field.equals("seccomp")) {
              json.skip();
            } else if (json.isNull()) {
              seccomp = null;
            } else {
              seccomp = seccomp == null ? new ProfileReader(json, ProfileReader.Form.OCI) : seccomp;
              seccomp.read(); // said twice, the second adds to the first
            }
          });
    }

    private void annotations() throws IOException, ProfileException {
      json.fields(
          "annotations",
          field -> {
            switch (field) {
              case "io.kubernetes.cri.sandbox-namespace" -> containerd.namespace = name();
              case "io.kubernetes.cri.sandbox-name" -> containerd.pod = name();
              case "io.kubernetes.cri.container-name" -> containerd.container = name();
              case "io.kubernetes.cri.sandbox-uid" -> containerd.podUid = name();
              case "io.kubernetes.cri.container-type" -> containerd.type = json.textOrNull();
              case "io.kubernetes.pod.namespace" -> crio.namespace = name();
              case "io.kubernetes.pod.name" -> crio.pod = name();
              case "io.kubernetes.container.name" -> crio.container = name();
              case "io.kubernetes.pod.uid" -> crio.podUid = name();
              case "io.kubernetes.cri-o.ContainerType" -> crio.type = json.textOrNull();
              default -> json.skip();
            }
          });
    }

    /** A name as the API server would take it (RFC 1123); null for any other text. */
    private @Nullable String name() throws IOException {
      String text = json.textOrNull();
      boolean valid =
          text != null
              && !text.isEmpty()
              && text.length() <= MAX_NAME
              && text.chars()
                  .allMatch(
                      c ->
                          (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.');
      return valid ? text : null;
    }
  }
}
