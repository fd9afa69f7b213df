package io.seccompwatch.attribution;

/** A pod's quality of service class, which the kubelet spells in the path of the pod's cgroup. */
public enum QosClass {
  GUARANTEED("guaranteed"),
  BURSTABLE("burstable"),
  BESTEFFORT("besteffort");

  private final String label;

  QosClass(String label) {
    this.label = label;
  }

  /** The name in lower case, as it stands in cgroup paths. */
  public String label() {
    return label;
  }
}
