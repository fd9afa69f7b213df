package io.seccompwatch.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.AuditStamp;
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

  @Test
  void longStringsLeaveRoomForFewer() {
    RecentViolations many = new RecentViolations(1_000);
    String exe = "/" + "\u20ac".repeat(4_000);
    LongStream.rangeClosed(1, 1_000)
        .mapToObj(
            serial ->
                Samples.violation(
                    Samples.record(
                        new AuditStamp(1, 0, 3, serial),
                        Samples.X86_64,
                        165,
                        Samples.ERRNO,
                        "c",
                        exe),
                    Samples.unknown()))
        .forEach(many::publish);
    assertThat(many.find(any -> true, 1_000)).hasSizeBetween(200, 270);
    assertThat(serial(many.find(any -> true, 1).getFirst())).isEqualTo(1_000L);
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
