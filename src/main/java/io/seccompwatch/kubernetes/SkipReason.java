package io.seccompwatch.kubernetes;

/** Why something that the API server sent was not used; a closed set, used as a label. */
public enum SkipReason {
  /** A pod without a usable namespace, name or UID. */
  POD_INVALID("pod_invalid"),
  /** A pod of another node, which was not asked for. */
  POD_OF_OTHER_NODE("pod_of_other_node"),
  /** A container beyond as many as are kept of one pod, or one without a usable name. */
  CONTAINER("container"),
  /** A container id that is none: overlong, without an id, or not printable. */
  CONTAINER_ID("container_id"),
  /** A text beyond its bound or not printable: an image, an owner, a profile. */
  TEXT("text"),
  /** An object beyond the bound on its bytes; the list or watch was begun anew. */
  OBJECT_TOO_LARGE("object_too_large"),
  /** JSON that is none, or not as the API describes it; the list or watch was begun anew. */
  MALFORMED("malformed"),
  /** A watch event of an unknown type. */
  UNKNOWN_EVENT("unknown_event");

  private final String label;

  SkipReason(String label) {
    this.label = label;
  }

  /** The name that users see. */
  public String label() {
    return label;
  }
}
