package io.seccompwatch.publish;

import io.seccompwatch.record.LossReason;
import io.seccompwatch.record.RejectReason;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** One source's page of the {@link Books}, which guard all of it but the count of lines. */
public final class SourceBook {

  private final String source;
  private final boolean reads;
  private final AtomicLong lines = new AtomicLong();
  final Map<RejectReason, Long> rejected = new EnumMap<>(RejectReason.class);
  final Map<LossReason, Long> lost = new EnumMap<>(LossReason.class);
  long records;
  long duplicates;
  long canary;
  long pending;
  long violations;

  /** Violations of other nodes, whose lines the source has too; among {@link #violations}. */
  long foreign;

  long lastRecordMillis;
  double canarySuccessSeconds;
  double canaryDelaySeconds = Double.NaN;

  /**
   * An empty page.
   *
   * @param reads whether lines come from there, and not losses alone
   */
  SourceBook(String source, boolean reads) {
    this.source = source;
    this.reads = reads;
    for (RejectReason reason : RejectReason.values()) {
      rejected.put(reason, 0L);
    }
    for (LossReason reason : LossReason.values()) {
      lost.put(reason, 0L);
    }
  }

  /** The source's name, {@code audit-log} say. */
  public String source() {
    return source;
  }

  boolean reads() {
    return reads;
  }

  /** Counts a line; called for every line there is, hence without the books' lock. */
  public void line() {
    lines.getAndIncrement();
  }

  long lines() {
    return lines.get();
  }
}
