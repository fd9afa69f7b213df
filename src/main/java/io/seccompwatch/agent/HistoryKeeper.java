package io.seccompwatch.agent;

import io.seccompwatch.attribution.ProcessHistory;
import io.seccompwatch.publish.AgentLog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Keeps the process history up to date, on a thread of its own: at a steady pace, and in a burst of
 * looks when a container has begun, whose first processes come and move within milliseconds.
 */
final class HistoryKeeper implements AutoCloseable {

  private static final Duration PACE = Duration.ofSeconds(2);
  private static final Duration SLOWEST = Duration.ofSeconds(30);

  /** However long a steady walk takes, walking shall cost no more than a thousandth of a CPU. */
  private static final int SHARE = 1_000;

  /** The pauses of a burst grow from a millisecond on until it has lasted so long. */
  private static final int BURST_MILLIS = 1_000;

  /** So long a runtime takes to get from the cgroup to the workload's own program. */
  private static final int SETTLING_MILLIS = 150;

  private static final int SOON_MILLIS = 4;

  /** How many new containers are looked at at once; what is beyond is left to the walks. */
  private static final int MOST_NEW = 64;

  private final ProcessHistory history;
  private final BooleanSupplier relaxed;
  private final AgentLog log;
  private final BlockingQueue<Path> begun = new ArrayBlockingQueue<>(MOST_NEW);
  private final Thread thread = new Thread(this::run, "history");

  /**
   * A keeper that has not begun.
   *
   * @param relaxed whether processes are followed otherwise, so that walks may be rare
   */
  HistoryKeeper(ProcessHistory history, BooleanSupplier relaxed, AgentLog log) {
    this.history = history;
    this.relaxed = relaxed;
    this.log = log;
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Says that a container has begun, whose cgroup this is; for any thread. */
  void containerBegan(Path cgroup) {
    if (!begun.offer(cgroup)) {
      tooMany();
    }
  }

  private void tooMany() {
    log.warn("more containers begin at once than can be watched from their start");
  }

  @Override
  public void close() {
    thread.interrupt();
  }

  private void run() {
    try {
      Duration pause = Duration.ZERO;
      while (true) {
        Path first = begun.poll(pause.toMillis(), TimeUnit.MILLISECONDS);
        if (first != null) {
          burst(first);
        }
        long began = System.nanoTime();
        guarded(history::walk);
        pause = Duration.ofNanos(System.nanoTime() - began).multipliedBy(SHARE);
        pause = pause.compareTo(PACE) < 0 ? PACE : pause;
        pause = relaxed.getAsBoolean() || pause.compareTo(SLOWEST) > 0 ? SLOWEST : pause;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A container that begins meanwhile joins, and begins the burst anew. */
  private void burst(Path first) throws InterruptedException {
    // Further apart, the order in which PIDs are given away could not be told any more
    long longestPause = Math.max(1, history.longestGapMillis() / 2);
    List<Path> containers = new ArrayList<>(List.of(first));
    long pause = 0;
    for (long lasted = 0; lasted < BURST_MILLIS; lasted += Math.max(1, pause)) {
      guarded(() -> look(containers));
      pause =
          Math.min(lasted < SETTLING_MILLIS ? SOON_MILLIS : longestPause, Math.max(1, 2 * pause));
      Path another = begun.poll(pause, TimeUnit.MILLISECONDS);
      if (another != null && containers.size() >= MOST_NEW) {
        tooMany();
      } else if (another != null) {
        containers.add(another);
        lasted = 0;
        pause = 0;
      }
    }
  }

  private void look(List<Path> containers) {
    boolean any = false;
    for (Path container : containers) {
      any |= history.look(container);
    }
    if (!any) {
      history.walk();
    }
  }

  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      log.warn("looking at processes failed; the next look is tried all the same", "error", e);
    }
  }
}
