package io.seccompwatch.posture;

import java.util.List;

/**
 * The seccomp posture of a node at a moment. Immutable.
 *
 * @param node what holds for all
 * @param containers those that run, ordered by namespace, pod and container, unnamed ones last
 * @param skipped how many more there are than are looked at
 */
public record Posture(NodePosture node, List<ContainerPosture> containers, int skipped) {

  /** Copies the list. */
  public Posture {
    containers = List.copyOf(containers);
  }
}
