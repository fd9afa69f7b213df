package io.seccompwatch.attribution;

/**
 * The runtime that made a container, as far as its cgroup's name tells; cgroupfs names carry no
 * runtime.
 */
public enum ContainerRuntime {
  CONTAINERD("containerd"),
  CRI_O("cri-o"),
  DOCKER("docker"),
  PODMAN("podman"),
  UNKNOWN("unknown");

  private final String label;

  ContainerRuntime(String label) {
    this.label = label;
  }

  /** The name that users see; also the scheme that Kubernetes puts before a container's id. */
  public String label() {
    return label;
  }

  /** The id as Kubernetes writes it, {@code containerd://<id>}; the bare id when unknown. */
  public String qualify(String containerId) {
    return this == UNKNOWN ? containerId : label + "://" + containerId;
  }
}
