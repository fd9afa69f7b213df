package io.seccompwatch.kubernetes;

import org.jspecify.annotations.Nullable;

/**
 * The workload that owns a pod, as far as the pod itself tells. Immutable.
 *
 * @param kind {@code Deployment}, {@code DaemonSet} …
 * @param name its name, in the pod's namespace; a node's name for a static pod
 */
record Owner(String kind, String name) {

  /**
   * The workload behind the controller of a pod, without asking for the controller.
   *
   * <p>A Deployment names its ReplicaSets {@code <deployment>-<hash>} and gives the pods the same
   * hash as a label, which nothing else does. A CronJob names its Jobs {@code <cronjob>-<minutes>},
   * as others may, too: the Job is named, not a guess.
   *
   * @param apiVersion of the controller
   * @param kind of the controller
   * @param name of the controller
   * @param templateHash the pod's label {@code pod-template-hash}; null when it has none
   */
  static Owner of(
      @Nullable String apiVersion, String kind, String name, @Nullable String templateHash) {
    boolean replicaSet =
        kind.equals("ReplicaSet") && apiVersion != null && apiVersion.startsWith("apps/");
    if (replicaSet && templateHash != null && !templateHash.isEmpty()) {
      String suffix = "-" + templateHash;
      if (name.endsWith(suffix) && name.length() > suffix.length()) {
        return new Owner("Deployment", name.substring(0, name.length() - suffix.length()));
      }
    }
    return new Owner(kind, name);
  }
}
