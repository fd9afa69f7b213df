package io.seccompwatch.posture;

import io.seccompwatch.attribution.PodDirectory.Specified;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import org.jspecify.annotations.Nullable;

/**
 * What the pod's specification asks for a container. The annotations {@code
 * seccomp.security.alpha.kubernetes.io/pod} and {@code container.seccomp…}, which Kubernetes
 * dropped in 1.27, count for nothing. Immutable.
 *
 * @param type what kind of profile
 * @param localhostProfile the profile's path below the kubelet's directory; null unless the type is
 *     {@link Type#LOCALHOST}
 * @param from where that is said
 * @param privileged whether the container is privileged: its runtime then loads no filter, whatever
 *     profile is asked for, but for CRI-O's {@code privileged_seccomp_profile}
 * @param runtime the runtime of the container, as in {@code cri-o://<id>}; null when not known
 */
public record RequestedProfile(
    Type type,
    @Nullable String localhostProfile,
    From from,
    boolean privileged,
    @Nullable String runtime) {

  /** The kinds of profiles; the labels are Kubernetes' own words. */
  public enum Type {
    RUNTIME_DEFAULT("RuntimeDefault"),
    LOCALHOST("Localhost"),
    UNCONFINED("Unconfined"),
    /** None is asked for: {@code seccompDefault} of the kubelet decides. */
    UNSET("unset"),
    /** A word that is none of Kubernetes'. */
    OTHER("other"),
    /** The specification is not known. */
    UNKNOWN("unknown");

    private final String label;

    Type(String label) {
      this.label = label;
    }

    /** The name in metrics and JSON; from a closed set. */
    public String label() {
      return label;
    }
  }

  /** Which security context says it. */
  public enum From {
    CONTAINER("container"),
    POD("pod"),
    /** Neither. */
    UNSET("unset");

    private final String label;

    From(String label) {
      this.label = label;
    }

    /** The name in JSON. */
    public String label() {
      return label;
    }
  }

  /** Nothing is known of it. */
  static final RequestedProfile UNKNOWN =
      new RequestedProfile(Type.UNKNOWN, null, From.UNSET, false, null);

  static RequestedProfile of(@Nullable Specified specified) {
    if (specified == null || specified.container() == null) {
      return UNKNOWN;
    }
    SeccompProfile profile = specified.profile();
    if (profile == null) {
      return new RequestedProfile(
          Type.UNSET, null, From.UNSET, specified.privileged(), specified.runtime());
    }
    Type type =
        switch (profile.type()) {
          case "RuntimeDefault" -> Type.RUNTIME_DEFAULT;
          case "Localhost" -> Type.LOCALHOST;
          case "Unconfined" -> Type.UNCONFINED;
          default -> Type.OTHER;
        };
    return new RequestedProfile(
        type,
        type == Type.LOCALHOST ? profile.localhostProfile() : null,
        specified.ownProfile() ? From.CONTAINER : From.POD,
        specified.privileged(),
        specified.runtime());
  }
}
