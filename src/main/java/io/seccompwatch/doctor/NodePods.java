package io.seccompwatch.doctor;

import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.kubernetes.ApiChoice;
import io.seccompwatch.kubernetes.ApiConnection;
import io.seccompwatch.kubernetes.PodWatch;
import io.seccompwatch.kubernetes.PodWatch.PodWatchStatus;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** This node's pods, read once from the API server as the agent reads them. */
final class NodePods {

  /** A server that takes longer is told of by {@link KubernetesCheck}. */
  private static final long PATIENCE_SECONDS = 5;

  private NodePods() {}

  /**
   * Reads them.
   *
   * @param choice how the server is reached; null when Kubernetes is switched off
   * @param userAgent how this program is called in the server's audit log
   * @return null when they cannot be read soon
   */
  static @Nullable PodDirectory read(@Nullable ApiChoice choice, String userAgent) {
    if (!(choice instanceof ApiChoice.On on)) {
      return null;
    }
    PodIndex pods = new PodIndex(Clock.systemUTC(), PodIndex.Limits.DEFAULT);
    CountDownLatch over = new CountDownLatch(1);
    PodWatch.Listener listener =
        new PodWatch.Listener() {
          @Override
          public void synced(int count, int failures) {
            over.countDown();
          }

          @Override
          public void failed(PodWatchStatus.State state, String error, Duration retry) {
            over.countDown();
          }
        };
    try (ApiConnection api = ApiConnection.open(on.access(), userAgent);
        PodWatch watch =
            new PodWatch(
                api,
                on.nodeName(),
                pods,
                Clock.systemUTC(),
                PodWatch.Timing.DEFAULT,
                new SecureRandom(),
                listener)) {
      watch.start();
      return over.await(PATIENCE_SECONDS, TimeUnit.SECONDS) && pods.synced() ? pods : null;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
