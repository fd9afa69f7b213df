package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.X86_64;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** With filters of its own a container can be denied whatever call there is. */
  @Test
  void aContainerHasABudgetOverAllItsKinds() {
    long passed = takeKinds("hostile", 9_000);
    assertThat(passed).isEqualTo(LineBudget.CONTAINER_BURST);
    clock.advance(Duration.ofSeconds(10));
    assertThat(takeKinds("hostile", 9_000)).isEqualTo(10_000 / LineBudget.CONTAINER_REFILL_MILLIS);
    assertThat(budget.take(Samples.deniedIn("neighbour"))).isZero();
  }

  /** 120 of them at once, for a minute. */
  @Test
  void theAgentHasABudgetOverAllContainersAndAQuietOneFindsRoomInIt() {
    long passed = 0;
    for (int second = 0; second < 60; second++) {
      for (int container = 0; container < 120; container++) {
        passed += takeKinds("hostile" + container, 30);
      }
      if (second >= 20) {
        assertThat(budget.take(Samples.deniedIn("quiet" + second)))
            .as("second %d", second)
            .isZero();
      }
      clock.advance(Duration.ofSeconds(1));
    }
    assertThat(passed)
        .isLessThanOrEqualTo(LineBudget.AGENT_BURST + 60_000 / LineBudget.AGENT_REFILL_MILLIS);
  }

  @Test
  void whatNoLineReportsInTimeIsASumOfItsContainer() {
    take(denied, LineBudget.BURST + 5);
    take(Samples.logged(1), LineBudget.BURST + 2);
    take(
        Samples.violation(Samples.record(1, ERRNO, "kc"), Samples.unknown()), LineBudget.BURST + 1);
    assertThat(budget.unreported(false)).isEmpty();
    clock.advance(Duration.ofMillis(LineBudget.UNREPORTED_MILLIS));
    assertThat(budget.unreported(false))
        .containsExactly(
            new Suppressed(clock.instant(), "n1", denied.attribution(), 5, 2),
            new Suppressed(clock.instant(), "n1", Samples.unknown(), 1, 0));
    assertThat(budget.unreported(true)).isEmpty();
    assertThat(budget.take(denied)).as("told already").isZero();
  }

  @Test
  void aSumThatCouldNotBeWrittenIsInTheNextOne() {
    take(denied, LineBudget.BURST + 5);
    budget.back(budget.unreported(true).getFirst());
    assertThat(budget.unreported(true))
        .containsExactly(new Suppressed(clock.instant(), null, null, 5, 0));
  }

  /** More kinds, and more containers, than are remembered; then everything is asked for. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void linesAndSumsAreAllTheViolationsWhateverIsForgotten(long seed) {
    Random random = new Random(seed);
    long lines = 0;
    long suppressed = 0;
    int most = 0;
    int times = 60_000;
    for (int i = 0; i < times; i++) {
      Violation violation =
          Samples.violation(
              Samples.record(1, ERRNO, "kc"),
              "call" + random.nextInt(400),
              Samples.workload("pod" + random.nextInt(random.nextInt(3_000) + 1)));
      long left = budget.take(violation);
      if (left >= 0 && random.nextInt(20) == 0) {
        budget.refused(violation, left);
      } else if (left >= 0) {
        lines++;
        suppressed += left;
      }
      clock.advance(Duration.ofMillis(random.nextInt(10)));
      if (random.nextInt(5_000) == 0) {
        List<Suppressed> sums = budget.unreported(false);
        most = Math.max(most, sums.size());
        suppressed += sums.stream().mapToLong(Suppressed::count).sum();
      }
    }
    suppressed += budget.unreported(true).stream().mapToLong(Suppressed::count).sum();
    assertThat(lines + suppressed).isEqualTo(times);
    assertThat(most).isLessThanOrEqualTo(LineBudget.MAX_REPORTED + 1);
    assertThat(budget.remembered()).isLessThanOrEqualTo(5_120);
  }

  private long takeKinds(String pod, int kinds) {
    return IntStream.range(0, kinds)
        .mapToObj(
            i ->
                Samples.violation(
                    Samples.record(1, ERRNO, "kc"), "call" + i, Samples.workload(pod)))
        .filter(violation -> budget.take(violation) >= 0)
        .count();
  }

  private long take(Violation violation, int times) {
    return IntStream.range(0, times).filter(i -> budget.take(violation) >= 0).count();
  }
}
