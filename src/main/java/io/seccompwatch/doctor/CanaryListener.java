package io.seccompwatch.doctor;

import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.source.LineSink;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Listens for the canary in the lines of one source. The source's thread brings the lines. */
final class CanaryListener implements LineSink {

  /**
   * A canary on its way.
   *
   * @param nanos when it was fired, by {@code System.nanoTime}
   * @param at the same by the wall clock
   */
  record Fired(long nanos, Instant at) {}

  /**
   * What was heard.
   *
   * @param fired when its canary was fired
   * @param delayNanos from the call until here
   * @param stamp the kernel's stamp; null in a form without one
   * @param comm the canary's name
   * @param pid the PID in its record
   */
  record Note(Instant fired, long delayNanos, @Nullable AuditStamp stamp, String comm, int pid) {}

  private final LineParser parser;
  private final Map<String, Fired> firings;
  private final Runnable heard;
  private final AtomicReference<@Nullable Note> first = new AtomicReference<>();

  /**
   * An ear.
   *
   * @param firings when each canary was fired, by its name; filled before it is fired
   * @param heard is told once
   */
  CanaryListener(Dialect dialect, Map<String, Fired> firings, Runnable heard) {
    this.parser = new LineParser(dialect);
    this.firings = firings;
    this.heard = heard;
  }

  /** What it heard first; null while there is nothing. For any thread. */
  @Nullable Note heard() {
    return first.get();
  }

  @Override
  public void line(byte[] buffer, int from, int to) {
    if (parser.parse(buffer, from, to) instanceof Line.Recognised recognised) {
      String comm = recognised.record().comm();
      Fired fired = comm == null ? null : firings.get(comm);
      if (comm == null || fired == null || recognised.record().action() != SeccompAction.LOG) {
        return;
      }
      long delay = System.nanoTime() - fired.nanos();
      SeccompRecord record = recognised.record();
      if (first.compareAndSet(
          null, new Note(fired.at(), delay, record.stamp(), comm, record.pid()))) {
        heard.run();
      }
    }
  }

  @Override
  public void lineTooLong(long bytes) {
    // The canary's is short
  }

  @Override
  public void lost(LossReason reason, long count) {
    // Whatever was lost, the canary is fired again
  }

  @Override
  public void rotated() {
    // It is followed into the new file
  }
}
