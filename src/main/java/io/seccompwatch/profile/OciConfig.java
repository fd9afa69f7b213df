package io.seccompwatch.profile;

import com.fasterxml.jackson.core.JsonProcessingException;
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
   * kubelet's {@code kubelet/types/labels.go}. A runtime may pass a pod's own annotations on beside
   * them, so that these names are less to be trusted than the API server's.
   *
   * @param namespace the pod's namespace; null when it is not said
   * @param pod the pod's name; null when it is not said
   * @param container the container's name; null when it is not said
   * @param sandbox whether it is the pod's own container, which runs nothing of the user's
   */
  public record Identity(
      @Nullable String namespace,
      @Nullable String pod,
      @Nullable String container,
      boolean sandbox) {

    /** Nobody. */
    public static final Identity NONE = new Identity(null, null, null, false);
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
    private @Nullable String namespace;
    private @Nullable String pod;
    private @Nullable String container;
    private boolean sandbox;

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
          new Identity(namespace, pod, container, sandbox));
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
              case "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace" ->
                  namespace = name();
              case "io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name" -> pod = name();
              case "io.kubernetes.cri.container-name", "io.kubernetes.container.name" ->
                  container = name();
              case "io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType" ->
                  sandbox = "sandbox".equals(json.textOrNull());
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
