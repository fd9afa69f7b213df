package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.FakeProc.FakeCursor;
import io.seccompwatch.attribution.PidTimeline.PidCursor;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class PidTimelineTest {
  private final FakeCursor cursor = new FakeCursor();
  private long millis;

  @Test
  void samplesTooFarApartToExcludeALapBeginAnEpoch() {
    PidTimeline timeline = timeline(2);
    assertThat(timeline.longestGapMillis()).isEqualTo(63);
    PidTimeline.Mark first = sample(timeline);
    millis += timeline.longestGapMillis();
    PidTimeline.Mark second = sample(timeline);
    assertThat(second.epoch()).isEqualTo(first.epoch());
    assertThat(first.mayGiveAway(5_000, second)).isFalse();
    millis += timeline.longestGapMillis() + 2;
    assertThat(first.mayGiveAway(5_000, sample(timeline))).isTrue();
  }

  @Test
  void aLargePidMaxAllowsLongerGaps() {
    cursor.limit = 4_194_304;
    assertThat(timeline(2).longestGapMillis()).isGreaterThan(8_000);
    assertThat(timeline(128).longestGapMillis()).isGreaterThan(2_000);
  }

  @Test
  void aCursorThatIsLostBreaksTheOrder() {
    PidTimeline timeline = timeline(2);
    PidTimeline.Mark first = sample(timeline);
    cursor.next = PidCursor.UNKNOWN;
    assertThat(timeline.sample()).isNull();
    cursor.next = 1_000;
    assertThat(first.mayGiveAway(5_000, sample(timeline))).isTrue();
  }

  /** Random allocations, each remembered: what the timeline calls impossible never happened. */
  @Test
  void againstAModelOfTheKernelItIsNeverWrong() {
    Random random = new Random(20261122);
    for (int run = 0; run < 2_000; run++) {
      cursor.limit = 400 + random.nextInt(2_000);
      cursor.next = 300 + random.nextInt(cursor.limit - 300);
      // One CPU gives 250 a millisecond: within 1 ms fewer than the smallest span may not fit.
      PidTimeline timeline = timeline(1);
      PidTimeline.Mark since = sample(timeline);
      boolean[] given = new boolean[cursor.limit];
      for (int step = 0; step < 1 + random.nextInt(20); step++) {
        long passed = random.nextInt(4);
        millis += passed;
        long most = passed * PidTimeline.PER_CPU_MILLIS;
        for (int i = most == 0 ? 0 : random.nextInt((int) most); i > 0; i--) {
          int pid = cursor.next >= cursor.limit ? PidTimeline.LOWEST : cursor.next;
          given[pid] = true;
          cursor.next = pid + 1;
        }
        PidTimeline.Mark now = sample(timeline);
        for (int pid = 300; pid < cursor.limit; pid++) {
          if (given[pid]) {
            assertThat(since.mayGiveAway(pid, now)).isTrue();
          }
        }
      }
    }
  }

  private PidTimeline timeline(int cpus) {
    return new PidTimeline(cursor, cpus, () -> TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private static PidTimeline.Mark sample(PidTimeline timeline) {
    return Objects.requireNonNull(timeline.sample());
  }
}
