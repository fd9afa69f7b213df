package io.seccompwatch.posture;

import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the node's posture. {@link #glance} belongs to one thread, which calls it every {@link
 * #GLANCE}; {@link #posture} is for any.
 */
public final class PostureWatch {

  /** How often it is looked whether containers or pods have changed. */
  public static final Duration GLANCE = Duration.ofSeconds(5);

  /** How often all containers are looked at, changed or not. */
  private static final long ROUND_MILLIS = 60_000;

  /** How often at most because of pods alone: on a busy node one of them changes all the time. */
  private static final long PODS_MILLIS = 15_000;

  /**
   * How many glances follow a change: a runtime loads the filter some moments after it has made the
   * container's first process.
   */
  private static final int AFTERWARDS = 2;

  private final PostureScan survey;
  private final @Nullable PodDirectory pods;
  private final LongSupplier millis;
  private Set<String> containers = Set.of();
  private long podsVersion = -1;
  private long taken = Long.MIN_VALUE / 2;
  private int rounds;
  private volatile @Nullable Posture posture;

  /**
   * A watch that has not looked yet.
   *
   * @param pods the pods that the survey asks; null for none
   * @param millis a clock that only goes forward
   */
  public PostureWatch(PostureScan survey, @Nullable PodDirectory pods, LongSupplier millis) {
    this.survey = survey;
    this.pods = pods;
    this.millis = millis;
  }

  /**
   * Surveys the node when something has changed, or when it is time.
   *
   * @return the new posture; null when the last one still holds
   */
  public @Nullable Posture glance() {
    Set<String> running = new HashSet<>();
    for (ContainerProcess process : survey.running()) {
      running.add(process.containerId());
    }
    long version = pods == null ? 0 : pods.version();
    if (!running.equals(containers)) {
      containers = running;
      rounds = 1 + AFTERWARDS;
    }
    long time = millis.getAsLong();
    long pause = version == podsVersion ? ROUND_MILLIS : PODS_MILLIS;
    if (rounds > 0 || time - taken >= pause) {
      rounds = Math.max(0, rounds - 1);
      taken = time;
      podsVersion = version;
      Posture now = survey.take();
      posture = now;
      return now;
    }
    return null;
  }

  /** The node's posture when it was last looked at; null before the first time. */
  public @Nullable Posture posture() {
    return posture;
  }
}
