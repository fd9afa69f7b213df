package io.seccompwatch.source;

import io.seccompwatch.record.LossNotice.LossReason;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Keeps what a source delivered. */
final class RecordingSink implements LineSink {

  final List<String> lines = new ArrayList<>();
  final List<Long> tooLong = new ArrayList<>();
  final List<LossReason> reasons = new ArrayList<>();
  long lost;
  int rotations;

  /** Throws at so many of the next lines, before it takes them. */
  int failures;

  @Override
  public void line(byte[] buffer, int from, int to) {
    if (failures > 0) {
      failures--;
      throw new IllegalStateException("the sink was told to fail");
    }
    lines.add(new String(buffer, from, to - from, StandardCharsets.ISO_8859_1));
  }

  @Override
  public void lineTooLong(long bytes) {
    tooLong.add(bytes);
  }

  @Override
  public void lost(LossReason reason, long count) {
    reasons.add(reason);
    lost += count;
  }

  @Override
  public void rotated() {
    rotations++;
  }
}
