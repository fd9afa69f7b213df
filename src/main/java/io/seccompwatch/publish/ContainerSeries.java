package io.seccompwatch.publish;

import java.util.List;

/**
 * What metrics say of a running container. Immutable.
 *
 * @param namespace the pod's namespace
 * @param pod the pod's name
 * @param container the container's name
 * @param profileType what profile its pod asks for; from a closed set
 * @param localhostProfile the Localhost profile's path, a user's text of bounded length; empty when
 *     none is asked for
 * @param mode the effective mode; from a closed set
 * @param denialsVisible whether its denials could be seen
 */
public record ContainerSeries(
    String namespace,
    String pod,
    String container,
    String profileType,
    String localhostProfile,
    String mode,
    boolean denialsVisible) {

  /**
   * The series that fit under the cap.
   *
   * @param series no two of the same container
   * @param overflowed how many did not fit, ever
   */
  public record Bounded(List<ContainerSeries> series, long overflowed) {

    /** None, as long as nobody has looked. */
    public static final Bounded NONE = new Bounded(List.of(), 0);

    /** Copies the list. */
    public Bounded {
      series = List.copyOf(series);
    }
  }

  /** Names the container. */
  ContainerName name() {
    return new ContainerName(namespace, pod, container);
  }

  /** A container's name. */
  record ContainerName(String namespace, String pod, String container) {}
}
