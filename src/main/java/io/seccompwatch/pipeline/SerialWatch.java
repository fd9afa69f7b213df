package io.seccompwatch.pipeline;

import io.seccompwatch.record.AuditStamp.SerialScan;
import io.seccompwatch.record.LineOrigin;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SerialGaps;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Watches the serials of all lines of an audit log, which should hold every event of the node, and
 * tells of those that are missing. What was never read, because the file was rotated away say, is
 * told by whoever knows of it, and is no gap. Not thread-safe: it belongs to its source's thread.
 */
final class SerialWatch {

  /** How late an event may be: auditd gets again what its socket had no room for. */
  private static final long SETTLE_MILLIS = 5_000;

  /** After so long a hole is filled or told as a loss: {@link SerialGaps} takes twice the time. */
  static final Duration LONGEST = Duration.ofMillis(2 * SETTLE_MILLIS);

  private final SerialGaps gaps = new SerialGaps(SETTLE_MILLIS);
  private final SourceLosses losses;
  private final LongSupplier millis;
  private final Consumer<Boolean> onHole;
  private final Predicate<LineOrigin> own;

  /** Name of the last {@code node=} that was this node's, which nearly every line repeats. */
  private byte[] ownName = {};

  private boolean hole;
  private long last = SerialScan.NONE;

  /**
   * Has seen nothing; begins with the first line.
   *
   * @param millis a clock that only runs forward
   * @param onHole is told when serials begin to be missing, which may yet come, and when that is
   *     over: they came, or their loss has been told
   * @param own says whether a line that gives its node a name is of this node; others have serials
   *     of their own
   */
  SerialWatch(
      SourceLosses losses,
      LongSupplier millis,
      Consumer<Boolean> onHole,
      Predicate<LineOrigin> own) {
    this.losses = losses;
    this.millis = millis;
    this.onHole = onHole;
    this.own = own;
  }

  /** A line of the log, of whatever type; nearly all cost no more than the look at their stamp. */
  void line(byte[] buffer, int from, int to) {
    int end = SerialScan.nodeEnd(buffer, from, to);
    if (end >= 0 && !isOwn(buffer, from + SerialScan.NODE_BYTES, end)) {
      return;
    }
    long serial = SerialScan.serial(buffer, end < 0 ? from : end + 1, to);
    if (serial == last || serial == SerialScan.NONE) {
      return; // the records of one event share its number
    }
    boolean inOrder = serial == last + 1 && !gaps.isWaiting();
    last = serial;
    gaps.saw(serial, inOrder ? 0 : millis.getAsLong());
    if (!inOrder) {
      tell();
    }
  }

  private boolean isOwn(byte[] buffer, int from, int to) {
    if (Arrays.equals(buffer, from, to, ownName, 0, ownName.length)) {
      return true;
    }
    String name = new String(buffer, from, to - from, StandardCharsets.UTF_8);
    if (!own.test(new LineOrigin(name, null))) {
      return false;
    }
    ownName = Arrays.copyOfRange(buffer, from, to);
    return true;
  }

  /** Nothing more is there to be read now. */
  void idle() {
    if (gaps.isWaiting()) {
      tell();
    }
  }

  /** Lines were lost, and that is told: the next one begins anew. */
  void interrupted() {
    gaps.beginAnew();
    tell();
    last = SerialScan.NONE;
  }

  private void tell() {
    gaps.settle(millis.getAsLong());
    long missing = gaps.takeMissing();
    if (missing > 0) {
      losses.lost(LossReason.SERIAL_GAP, missing);
    }
    if (hole != gaps.isWaiting()) {
      hole = !hole;
      onHole.accept(hole);
    }
  }
}
