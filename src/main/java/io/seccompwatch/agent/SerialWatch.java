package io.seccompwatch.agent;

import io.seccompwatch.record.LossReason;
import io.seccompwatch.record.SerialGaps;
import io.seccompwatch.record.SerialScan;
import java.util.function.LongSupplier;

/**
 * Watches the serials of all lines of an audit log, which should hold every event of the node, and
 * tells of those that are missing. What was never read, because the file was rotated away say, is
 * told by whoever knows of it, and is no gap. Not thread-safe: it belongs to its source's thread.
 */
final class SerialWatch {

  /** How late an event may be: auditd gets again what its socket had no room for. */
  private static final long SETTLE_MILLIS = 5_000;

  private final SerialGaps gaps = new SerialGaps(SETTLE_MILLIS);
  private final SourceLosses losses;
  private final LongSupplier millis;
  private long last = SerialScan.NONE;

  /**
   * Has seen nothing; begins with the first line.
   *
   * @param millis a clock that only runs forward
   */
  SerialWatch(SourceLosses losses, LongSupplier millis) {
    this.losses = losses;
    this.millis = millis;
  }

  /** A line of the log, of whatever type; nearly all cost no more than the look at their stamp. */
  void line(byte[] buffer, int from, int to) {
    long serial = SerialScan.serial(buffer, from, to);
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
  }
}
