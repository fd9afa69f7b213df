package io.seccompwatch.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.EventCorrelator.Create;
import io.seccompwatch.publish.EventCorrelator.EventSeries;
import io.seccompwatch.publish.EventCorrelator.EventTally;
import io.seccompwatch.publish.EventCorrelator.Step;
import io.seccompwatch.publish.EventCorrelator.Wait;
import io.seccompwatch.publish.EventText.EventNames;
import io.seccompwatch.publish.EventsApi.Result;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Violation;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is to be done next, and when; the times are milliseconds. */
class EventCorrelatorTest {

  private static final Result DONE = new EventsApi.Done();

  private final ApiHealth health = new ApiHealth(new Random(1));
  private final EventCorrelator correlator =
      new EventCorrelator("n1", new EventNames(1), health, new EventBudget(5_000, 0));

  @Test
  void onlyTheFirstRepeatThatIsNotToldYetIsWorthWakingTheWriter() {
    assertThat(accept("web-1", 0)).isZero();
    assertThat(accept("web-1", 0)).isEqualTo(Long.MAX_VALUE);
    work(0, DONE);
    assertThat(accept("web-1", 1_000)).isEqualTo(5_000);
    assertThat(accept("web-1", 2_000)).isEqualTo(Long.MAX_VALUE);
    work(5_000, DONE);
    assertThat(accept("web-1", 6_000)).isEqualTo(15_000);
  }

  @Test
  void whatIsBeyondTheBudgetWakesNobody() {
    for (int pod = 0; pod < EventCorrelator.MAX_WAITING; pod++) {
      assertThat(accept("web-" + pod, 7)).isEqualTo(7);
    }
    assertThat(accept("one-more", 7)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void givesUpInTimeHoweverLongAPauseIs() {
    accept("web-1", 0);
    Result pause = new EventsApi.Throttled(Duration.ofMinutes(4));
    assertThat(work(0, pause)).isEqualTo(240_000);
    assertThat(work(240_000, pause)).isEqualTo(240_000);
    assertThat(work(480_000, pause)).isEqualTo(120_000);
    work(600_000, pause);
    assertThat(correlator.tally().failed).isEqualTo(1);
  }

  @Test
  void anAnswerEndsTheDoublingOfPauses() {
    accept("web-1", 0);
    long now = 0;
    for (int i = 0; i < 6; i++) {
      now += work(now, new EventsApi.Throttled(null));
    }
    work(now, DONE);
    accept("web-2", now);
    assertThat(work(now, new EventsApi.Throttled(null))).isBetween(500L, 1_000L);
  }

  @Test
  void theFirstReasonOfAnOutageIsToldUntilItEnds() {
    accept("web-1", 0);
    long now = 0;
    for (int i = 0; i < 5; i++) {
      now += work(now, new EventsApi.Unavailable("reason " + i, null));
    }
    assertThat(health.problem(now)).isEqualTo("reason 0");
    now += ApiHealth.LONGEST_PAUSE_MILLIS;
    work(now, DONE);
    assertThat(health.problem(now)).isNull();
  }

  @Test
  void whatIsForbiddenToCreateLeavesTheEventsThatAreThere() {
    accept("web-1", 0);
    work(0, DONE);
    accept("web-2", 0);
    long now = 0;
    for (int i = 0; i < ApiHealth.BELIEVED_AFTER; i++) {
      now += work(now, new EventsApi.Forbidden("no"));
    }
    accept("web-1", 0);
    EventTally tally = correlator.tally();
    assertThat(tally.results().values()).containsExactly(1L, 1L, 0L, 1L);
    assertThat(tally.toCreate).isZero();
    assertThat(tally.waiting).isZero();
  }

  @Test
  void whenThereAreTooManySeriesOneThatHasItsEventIsForgotten() {
    for (int pod = 1; pod < EventCorrelator.MAX_SERIES; pod++) {
      accept("web-" + pod, 0);
      work(0, DONE);
    }
    accept("waits", 0);
    for (int pod = 1; pod < EventCorrelator.MAX_SERIES; pod++) {
      accept("web-" + pod, 0);
    }
    accept("one-more", 0);
    assertThat(correlator.series()).isEqualTo(EventCorrelator.MAX_SERIES);
    assertThat(correlator.tally().waiting).isEqualTo(2);
    accept("waits", 0);
    accept("web-2", 0);
    assertThat(correlator.tally().waiting).isEqualTo(3);
    assertThat(correlator.tally().toCreate).isEqualTo(2);
    accept("web-1", 0);
    assertThat(correlator.tally().toCreate).isEqualTo(3);
  }

  @Test
  void aCountThatTheFieldCannotHoldIsToldAsFarAsItCan() {
    accept("web-1", 0);
    Create create = (Create) correlator.next(0, false);
    correlator.answer(create, DONE, 0);
    EventSeries series = create.series();
    series.count = 5_000_000_000L;
    assertThat(series.series().count()).isEqualTo(Integer.MAX_VALUE);
    series.updated(series.series(), 0);
    assertThat(series.told).isEqualTo(series.count);
  }

  private long accept(String pod, long now) {
    Violation violation = EventSamples.denied(pod);
    Workload workload = Objects.requireNonNull(violation.attribution().workload());
    Instant time = TestClock.START;
    return correlator.accept(violation, workload, "uid-of-" + pod, time, now);
  }

  /** Gives the same answer to all that is to be done now; returns how long there is nothing. */
  private long work(long now, Result answer) {
    Step step = correlator.next(now, false);
    while (!(step instanceof Wait)) {
      correlator.answer(step, answer, now);
      step = correlator.next(now, false);
    }
    return ((Wait) step).millis();
  }
}
