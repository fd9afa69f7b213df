package io.seccompwatch.kubernetes;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The workload that owns a pod, as far as the pod itself tells. Immutable.
 *
 * @param kind {@code Deployment}, {@code DaemonSet} …
 * @param name its name, in the pod's namespace; a node's name for a static pod
 */
record Owner(String kind, String name) {

  /** A node's clock may be behind that of the controller. */
  private static final Duration EARLY = Duration.ofMinutes(5);

  /** A Job may start late, after the one before it has ended, and its pods are tried again. */
  private static final Duration LATE = Duration.ofDays(7);

  /** What a number of minutes has from 1989 to 2160: names with other digits are no times. */
  private static final int MINUTES_DIGITS = 8;

  /**
   * The workload behind the controller of a pod, without asking for the controller.
   *
   * <p>A Deployment names its ReplicaSets {@code <deployment>-<hash>} and gives the pods the same
   * hash as a label, which nothing else does. A CronJob names its Jobs {@code <cronjob>-<minutes>}
   * by the minutes from 1970 to the time for which they are scheduled ({@code getJobName} in {@code
   * pkg/controller/cronjob/utils.go}). Others may do so, too, but hardly with the time at which the
   * pod was made: when it is not that time, the Job is named.
   *
   * @param apiVersion of the controller
   * @param kind of the controller
   * @param name of the controller
   * @param templateHash the pod's label {@code pod-template-hash}; null when it has none
   * @param created when the pod was made; null when that is not known
   */
  static Owner of(
      @Nullable String apiVersion,
      String kind,
      String name,
      @Nullable String templateHash,
      @Nullable Instant created) {
    String api = apiVersion == null ? "" : apiVersion;
    if (kind.equals("Job") && api.startsWith("batch/") && created != null) {
      String cronJob = cronJob(name, created);
      return cronJob == null ? new Owner(kind, name) : new Owner("CronJob", cronJob);
    }
    boolean replicaSet = kind.equals("ReplicaSet") && api.startsWith("apps/");
    if (replicaSet && templateHash != null && !templateHash.isEmpty()) {
      String suffix = "-" + templateHash;
      if (name.endsWith(suffix) && name.length() > suffix.length()) {
        return new Owner("Deployment", name.substring(0, name.length() - suffix.length()));
      }
    }
    return new Owner(kind, name);
  }

  private static @Nullable String cronJob(String job, Instant created) {
    int dash = job.length() - MINUTES_DIGITS - 1;
    if (dash < 1 || job.charAt(dash) != '-') {
      return null;
    }
    String digits = job.substring(dash + 1);
    if (!digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return null;
    }
    Instant scheduled = Instant.ofEpochSecond(Long.parseLong(digits) * 60);
    boolean now = created.isAfter(scheduled.minus(EARLY)) && created.isBefore(scheduled.plus(LATE));
    return now ? job.substring(0, dash) : null;
  }
}
