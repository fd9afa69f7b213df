package io.seccompwatch.attribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Run in a PID namespace of its own: processes of two containers live and die while others use up
 * PIDs, and each is asked for after its death. Prints how many answers were right, wrong and
 * unknown; exit 1 when one was wrong, 2 when the namespace cannot have a {@code pid_max}.
 */
final class PidReuseStorm {
  private static final Path PROC = Path.of("/proc");
  private static final Path PID_MAX = PROC.resolve("sys/kernel/pid_max");
  private static final long MILLIS = 15_000;

  private final Random random = new Random(20261122);
  private final BootClock clock = new ProcfsBootClock(PROC, Clock.systemUTC(), System::nanoTime);
  private final ProcessHistory history;
  private final Attributor attributor;
  private int right;
  private int wrong;
  private int unknown;

  private PidReuseStorm() {
    history = AttributionNodeTest.history(clock);
    attributor = AttributionNodeTest.attributor(clock, history);
  }

  public static void main(String[] args) throws Exception {
    if (ProcessHandle.current().pid() != 1) {
      System.out.println("not in a PID namespace of its own");
      System.exit(2);
    }
    Files.writeString(PID_MAX, args[2]);
    if (new ProcfsPidCursor(PROC).limit() != Integer.parseInt(args[2])) {
      System.out.println("pid_max stays as it was");
      System.exit(2);
    }
    System.exit(new PidReuseStorm().run(Path.of(args[0]), Path.of(args[1])));
  }

  private int run(Path a, Path b) throws IOException, InterruptedException {
    ScheduledExecutorService walker = Executors.newSingleThreadScheduledExecutor();
    var walks = walker.scheduleWithFixedDelay(history::walk, 0, 4, TimeUnit.MILLISECONDS);
    Process forks = new ProcessBuilder("sh", "-c", "while :; do (:); (:); (:); done").start();
    long end = System.nanoTime() + MILLIS * 1_000_000;
    while (System.nanoTime() < end) {
      boolean first = random.nextBoolean();
      one(first ? a : b, first ? "a" : "b");
    }
    forks.destroyForcibly().waitFor();
    System.out.println(
        "right "
            + right
            + ", wrong "
            + wrong
            + ", unknown "
            + unknown
            + ", walker "
            + (walks.isDone() ? "dead" : "alive"));
    walker.shutdownNow();
    return wrong == 0 && !walks.isDone() ? 0 : 1;
  }

  /** One process in a container, killed after some milliseconds and asked for later. */
  private void one(Path procs, String container) throws IOException, InterruptedException {
    Process process = AttributionNodeTest.sleeper(procs);
    int pid = (int) process.pid();
    boolean dead = process.waitFor(random.nextInt(60), TimeUnit.MILLISECONDS);
    long stamp = System.currentTimeMillis();
    process.destroyForcibly().waitFor();
    if (random.nextInt(3) > 0) {
      // A later process of the other container takes the same number, if it comes round.
      new ProcessBuilder("true").start().waitFor(random.nextInt(400), TimeUnit.MILLISECONDS);
    }
    if (!dead) {
      count(
          attributor.attribute(AttributionNodeTest.record(pid, stamp, AttributionNodeTest.KILL)),
          container);
    }
  }

  private void count(Attribution found, @Nullable String container) {
    String id = found.containerId();
    if (found.outcome() == Attribution.Outcome.UNKNOWN) {
      unknown++;
    } else if (id != null && id.equals(Objects.requireNonNull(container).repeat(64))) {
      right++;
    } else {
      wrong++;
      System.out.println("wrong: " + found + " instead of " + container);
    }
  }
}
