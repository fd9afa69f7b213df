package io.seccompwatch.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.testing.Samples;
import io.seccompwatch.violation.Violation;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RecentViolationsTest {

  private final RecentViolations recent = new RecentViolations(3);

  @Test
  void isEmptyAtFirst() {
    assertThat(recent.find(any -> true, 10)).isEmpty();
  }

  @Test
  void keepsTheLastOnesNewestFirst() {
    publish(5);
    assertThat(serials(recent.find(any -> true, 10))).containsExactly(5L, 4L, 3L);
  }

  @Test
  void givesAtMostAsManyAsAreWanted() {
    publish(5);
    assertThat(serials(recent.find(any -> true, 2))).containsExactly(5L, 4L);
    assertThat(recent.find(any -> true, 0)).isEmpty();
  }

  @Test
  void theLimitCountsWhatWasFoundAndNotWhatWasLookedAt() {
    publish(5);
    assertThat(serials(recent.find(violation -> serial(violation) < 5, 1))).containsExactly(4L);
  }

  private void publish(long count) {
    LongStream.rangeClosed(1, count).mapToObj(Samples::denied).forEach(recent::publish);
  }

  private static List<Long> serials(List<Violation> violations) {
    return violations.stream().map(RecentViolationsTest::serial).toList();
  }

  private static long serial(Violation violation) {
    return Objects.requireNonNull(violation.record().stamp()).serial();
  }
}
