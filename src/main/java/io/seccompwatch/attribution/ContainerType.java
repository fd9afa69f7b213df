package io.seccompwatch.attribution;

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
