package io.seccompwatch.node;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.Attributor;
import io.seccompwatch.attribution.BootClock;
import io.seccompwatch.attribution.CgroupAnchor;
import io.seccompwatch.attribution.CgroupParser;
import io.seccompwatch.attribution.PidTimeline;
import io.seccompwatch.attribution.PidTimeline.ProcfsPidCursor;
import io.seccompwatch.attribution.ProcReader;
import io.seccompwatch.attribution.ProcessEventHistory;
import io.seccompwatch.attribution.ProcessHistory;
import io.seccompwatch.attribution.ProcfsBootClock;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.source.LineSink;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Attributes the records of a {@link KillStorm} as they come, twice, with the ledger and without,
 * and compares with the truth. Records that come before the ledger is ready for them are tried
 * again for a second, as the agent's waiting room does.
 */
final class Judge implements LineSink, AutoCloseable {

  private static final Path PROC = Path.of("/proc");
  private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** What became of the records of one way. */
  static final class Verdicts {
    int right;
    int wrong;
    final Map<String, Integer> how = new TreeMap<>();
    final Map<String, Integer> unknown = new TreeMap<>();
    String firstWrong = "";

    private void count(SeccompRecord record, Attribution found) {
      String truth = KillStorm.containerOf(record.syscall());
      if (found.outcome() == Outcome.UNKNOWN) {
        unknown.merge(String.valueOf(found.reason()), 1, Integer::sum);
      } else if (truth.equals(found.containerId())) {
        right++;
        how.merge(String.valueOf(found.by()), 1, Integer::sum);
      } else if (wrong++ == 0) {
        firstWrong = found + " for " + record;
      }
    }

    int all() {
      return right + wrong + unknown.values().stream().mapToInt(n -> n).sum();
    }

    @Override
    public String toString() {
      return "right "
          + right
          + " "
          + how
          + ", wrong "
          + wrong
          + ", unknown "
          + unknown
          + (firstWrong.isEmpty() ? "" : ", first wrong: " + firstWrong);
    }
  }

  private record Waiting(SeccompRecord record, long sinceNanos) {}

  private final LineParser parser = new LineParser(Dialect.AUDIT_LOG);
  private final BootClock clock = new ProcfsBootClock(PROC, Clock.systemUTC(), System::nanoTime);
  private final ProcessHistory history =
      new ProcessHistory(
          PROC,
          reader(),
          clock,
          new PidTimeline(
              new ProcfsPidCursor(PROC),
              Runtime.getRuntime().availableProcessors(),
              System::nanoTime),
          ProcessHistory.Limits.DEFAULT);
  private final Attributor without = new Attributor(reader(), clock, history, null);
  private final @Nullable Attributor with;
  private final Queue<Waiting> waiting = new ArrayDeque<>();
  private final ScheduledExecutorService walker = Executors.newScheduledThreadPool(2);

  final Verdicts withEvents = new Verdicts();
  final Verdicts withoutEvents = new Verdicts();
  int retries;

  @SuppressWarnings("FutureReturnValueIgnored") // what runs there throws nothing
  Judge(@Nullable ProcessEventHistory ledger) {
    // A history of its own: what the one way reads must not help the other
    with = ledger == null ? null : new Attributor(reader(), clock, historyOf(clock), ledger);
    history.walk();
    walker.scheduleWithFixedDelay(history::walk, 2, 2, TimeUnit.SECONDS);
    walker.scheduleWithFixedDelay(this::done, 2, 2, TimeUnit.MILLISECONDS);
  }

  private static ProcessHistory historyOf(BootClock clock) {
    return new ProcessHistory(
        PROC,
        reader(),
        clock,
        new PidTimeline(new ProcfsPidCursor(PROC), 2, System::nanoTime),
        ProcessHistory.Limits.DEFAULT);
  }

  static ProcReader reader() {
    return new ProcReader(PROC, new CgroupParser(CgroupAnchor.NONE));
  }

  @Override
  public synchronized void line(byte[] buffer, int from, int to) {
    if (parser.parse(buffer, from, to) instanceof Line.Recognised recognised) {
      SeccompRecord record = recognised.record();
      if (!KillStorm.containerOf(record.syscall()).isEmpty() && "killstorm".equals(record.comm())) {
        withoutEvents.count(record, without.attribute(record));
        attribute(record, System.nanoTime());
      }
    }
  }

  private void attribute(SeccompRecord record, long sinceNanos) {
    if (with != null) {
      Attribution found = with.attribute(record);
      if (with.mayImprove(record) && System.nanoTime() - sinceNanos < WAIT_NANOS) {
        waiting.add(new Waiting(record, sinceNanos));
        retries++;
      } else {
        withEvents.count(record, found);
      }
    }
  }

  /** Tries again those that wait, and says how many records are done with. */
  synchronized int done() {
    for (int i = waiting.size(); i > 0; i--) {
      Waiting one = waiting.remove();
      attribute(one.record(), one.sinceNanos());
    }
    return with == null ? withoutEvents.all() : withEvents.all();
  }

  @Override
  public void lineTooLong(long bytes) {
    throw new AssertionError("no line of a record is so long");
  }

  @Override
  public void lost(LossReason reason, long count) {
    // What was lost is missing in the end
  }

  @Override
  public void rotated() {
    throw new AssertionError("this log is not rotated");
  }

  @Override
  public void close() {
    walker.shutdownNow();
  }
}
