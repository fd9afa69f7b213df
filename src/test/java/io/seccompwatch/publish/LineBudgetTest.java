package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.X86_64;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Violation;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineBudgetTest {

  private final TestClock clock = new TestClock();
  private final LineBudget budget = new LineBudget(clock);
  private final Violation denied = Samples.denied(1);

  @Test
  void aBurstPassesAndWhatComesAfterIsSuppressed() {
    assertThat(take(denied, LineBudget.BURST)).isEqualTo(LineBudget.BURST);
    assertThat(take(denied, 1_000)).isZero();
  }

  @Test
  void oneMorePassesAtIntervalsAndTellsHowManyDidNot() {
    take(denied, LineBudget.BURST + 41);
    clock.advance(Duration.ofMillis(LineBudget.REFILL_MILLIS - 1));
    assertThat(budget.take(denied)).isEqualTo(LineBudget.SUPPRESSED);
    clock.advance(Duration.ofMillis(1));
    assertThat(budget.take(denied)).isEqualTo(42);
    assertThat(budget.take(denied)).isEqualTo(LineBudget.SUPPRESSED);
    clock.advance(Duration.ofMillis(LineBudget.REFILL_MILLIS));
    assertThat(budget.take(denied)).isEqualTo(1);
  }

  @Test
  void restFillsTheBurstAgainAndNoMore() {
    take(denied, 2 * LineBudget.BURST);
    clock.advance(Duration.ofDays(1));
    assertThat(take(denied, 1_000)).isEqualTo(LineBudget.BURST);
  }

  @Test
  void aClockThatIsSetBackGivesNothingAndTakesNothing() {
    take(denied, LineBudget.BURST);
    clock.advance(Duration.ofDays(-1));
    assertThat(budget.take(denied)).isEqualTo(LineBudget.SUPPRESSED);
    clock.advance(Duration.ofMillis(LineBudget.REFILL_MILLIS));
    assertThat(budget.take(denied)).isEqualTo(1);
  }

  @Test
  void aStormInOnePodLeavesItsNeighbourAndItsOtherCallsAlone() {
    take(denied, 10_000);
    assertThat(budget.take(Samples.deniedIn("neighbour"))).isZero();
    assertThat(budget.take(Samples.logged(1))).isZero();
    assertThat(budget.take(Samples.violation(denied.record(), "keyctl", denied.attribution())))
        .isZero();
  }

  /** A process that loads its own filter can make any number and any data appear. */
  @Test
  void numbersThatAProcessMakesUpGiveItNoBudgetOfTheirOwn() {
    long passed =
        IntStream.range(0, 1_000)
            .mapToObj(
                i ->
                    Samples.violation(
                        Samples.record(null, X86_64, 100_000L + i, ERRNO | i, "kc", null),
                        null,
                        Samples.unknown()))
            .filter(violation -> budget.take(violation) >= 0)
            .count();
    assertThat(passed).isEqualTo(LineBudget.BURST);
  }

  @Test
  void kindsAreBoundedAndTheOneUnusedLongestIsForgotten() {
    take(denied, LineBudget.BURST);
    IntStream.range(0, LineBudget.MAX_KINDS - 1)
        .forEach(i -> budget.take(Samples.deniedIn("pod" + i)));
    assertThat(budget.take(denied)).isEqualTo(LineBudget.SUPPRESSED);
    IntStream.range(0, LineBudget.MAX_KINDS).forEach(i -> budget.take(Samples.deniedIn("new" + i)));
    assertThat(budget.take(denied)).isZero();
  }

  private long take(Violation violation, int times) {
    return IntStream.range(0, times).filter(i -> budget.take(violation) >= 0).count();
  }
}
