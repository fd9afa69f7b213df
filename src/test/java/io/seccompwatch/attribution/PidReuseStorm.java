package io.seccompwatch.attribution;

import io.seccompwatch.attribution.PidTimeline.ProcfsPidCursor;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Run as the first process of a PID namespace: shells in two containers fork as fast as they can,
 * so that numbers go to and fro between them, and every child says its PID and the time and is
 * gone. Prints how many answers were right, wrong and unknown; exit 1 when one was wrong, 2 when
 * the namespace cannot have a {@code pid_max}.
 */
final class PidReuseStorm {
  private static final Path PROC = Path.of("/proc");
  private static final Path PID_MAX = PROC.resolve("sys/kernel/pid_max");
  private static final long SECONDS = 15;

  private final BootClock clock = new ProcfsBootClock(PROC, Clock.systemUTC(), System::nanoTime);
  private final ProcessHistory history = AttributionNodeTest.history(clock);
  private final AtomicInteger right = new AtomicInteger();
  private final AtomicInteger wrong = new AtomicInteger();
  private final AtomicInteger unknown = new AtomicInteger();
  private final AtomicInteger remembered = new AtomicInteger();

  private PidReuseStorm() {}

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
    List<Process> shells = List.of(shell(a), shell(b));
    List<Thread> readers = List.of(reader(shells.getFirst(), "a"), reader(shells.getLast(), "b"));
    for (Thread reader : readers) {
      reader.start();
    }
    readers.getFirst().join(TimeUnit.SECONDS.toMillis(SECONDS));
    for (Process shell : shells) {
      shell.destroyForcibly().waitFor();
    }
    for (Thread reader : readers) {
      reader.join();
    }
    boolean alive = !walks.isDone();
    walker.shutdownNow();
    System.out.println(
        "right "
            + right
            + " (history "
            + remembered
            + "), wrong "
            + wrong
            + ", unknown "
            + unknown
            + ", walker "
            + (alive ? "alive" : "dead"));
    return wrong.get() == 0 && right.get() > 0 && alive ? 0 : 1;
  }

  /** Moves itself into the container, then its children say their PID and the time and end. */
  private static Process shell(Path procs) throws IOException {
    String script = "echo $$ > " + procs + "; while :; do (echo $BASHPID $EPOCHREALTIME); done";
    return new ProcessBuilder("bash", "-c", script).start();
  }

  private Thread reader(Process shell, String container) {
    Attributor attributor = AttributionNodeTest.attributor(clock, history);
    return Thread.ofPlatform()
        .unstarted(
            () -> {
              try (BufferedReader lines = shell.inputReader()) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                  ask(attributor, line, container);
                }
              } catch (IOException e) {
                // the shell was ended
              }
            });
  }

  private void ask(Attributor attributor, String line, String container) {
    int blank = line.indexOf(' ');
    int pid = Integer.parseInt(line.substring(0, blank));
    long millis = Long.parseLong(line.substring(blank + 1).replace(".", "")) / 1_000;
    Attribution found =
        attributor.attribute(
            AttributionNodeTest.record(pid, "bash", millis, AttributionNodeTest.KILL));
    String id = found.containerId();
    if (found.outcome() == Attribution.Outcome.UNKNOWN) {
      unknown.incrementAndGet();
    } else if (container.repeat(64).equals(id)) {
      right.incrementAndGet();
      remembered.addAndGet(found.by() == Attribution.Evidence.HISTORY ? 1 : 0);
    } else if (wrong.incrementAndGet() < 10) {
      System.out.println("wrong: " + found + " instead of " + container);
    }
  }
}
