package io.seccompwatch.publish;

import static io.seccompwatch.publish.EventSteps.results;
import static io.seccompwatch.testing.Samples.ERRNO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.publish.EventText.EventNames;
import io.seccompwatch.publish.EventsApi.Forbidden;
import io.seccompwatch.publish.EventsApi.NewEvent;
import io.seccompwatch.publish.EventsApi.Result;
import io.seccompwatch.publish.EventsApi.Series;
import io.seccompwatch.publish.EventsApi.Throttled;
import io.seccompwatch.publish.EventsApi.Unavailable;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.TestClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of violations while the API server does not do as it is asked. */
class KubernetesEventsTroubleTest {

  private static final Unavailable DEAD = new Unavailable("no answer: connection refused", null);

  private final TestClock clock = new TestClock();
  private final FakeEventsApi api = new FakeEventsApi();
  private KubernetesEvents events = events(api);

  @AfterEach
  void theBooksBalance() {
    long settled = events.results().values().stream().mapToLong(Long::longValue).sum();
    assertThat(settled + events.waiting()).isEqualTo(events.accepted());
  }

  @Test
  void aDeadApiServerIsAskedMoreAndMoreRarelyAndForTenMinutes() throws Exception {
    api.usual = DEAD;
    for (int i = 0; i < 3; i++) {
      events.publish(EventSamples.denied("web-1"));
    }
    pass(Duration.ofSeconds(599));
    assertThat(events.waiting()).isEqualTo(3);
    // 0.5 to 1 s, doubled up to 30 to 60 s
    assertThat(api.creates).hasSizeBetween(15, 30);
    assertThat(events.problem()).isEqualTo("no answer: connection refused");

    pass(Duration.ofSeconds(1));
    assertThat(events.results()).isEqualTo(results(0, 0, 0, 3));
    assertThat(events.waiting()).isZero();
  }

  @Test
  void whatWaitsIsWrittenWhenTheApiServerIsBackAndTheProblemIsGone() throws Exception {
    api.usual = DEAD;
    events.publish(EventSamples.denied("web-1"));
    events.publish(EventSamples.denied("web-2"));
    pass(Duration.ofMinutes(5));
    api.usual = new EventsApi.Done();
    pass(Duration.ofMinutes(1));
    assertThat(events.results()).isEqualTo(results(2, 0, 0, 0));
    assertThat(events.problem()).isNull();
  }

  @Test
  void oneEventThatFailsHoldsTheOthersUpForAMinuteAtMost() throws Exception {
    KubernetesEvents picky =
        events(
            new EventsApi() {
              @Override
              public Result create(NewEvent event) {
                return event.regarding().name().equals("bad") ? DEAD : api.create(event);
              }

              @Override
              public Result patch(String namespace, String name, Series series) {
                return api.patch(namespace, name, series);
              }
            });
    events = picky;
    events.publish(EventSamples.denied("bad"));
    for (int i = 0; i < 10; i++) {
      events.publish(EventSamples.denied("good-" + i));
    }
    pass(Duration.ofSeconds(30));
    assertThat(events.results()).isEqualTo(results(10, 0, 0, 0));

    events.publish(EventSamples.denied("good-late"));
    pass(Duration.ofMinutes(1));
    assertThat(events.results()).isEqualTo(results(11, 0, 0, 0));
    pass(Duration.ofMinutes(9));
    assertThat(events.results()).isEqualTo(results(11, 0, 0, 1));
  }

  @Test
  void aSingleFailureIsNoProblem() throws Exception {
    api.next.add(DEAD);
    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(events.problem()).isNull();
    pass(Duration.ofSeconds(2));
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 0));
  }

  @Test
  void whenItAsksForAPauseNothingIsAskedForInTheMeantime() throws Exception {
    api.next.add(new Throttled(Duration.ofSeconds(30)));
    events.publish(EventSamples.denied("web-1"));
    work();
    events.publish(EventSamples.denied("web-2"));
    pass(Duration.ofSeconds(29));
    assertThat(api.requests()).isEqualTo(1);
    pass(Duration.ofSeconds(1));
    assertThat(events.results()).isEqualTo(results(2, 0, 0, 0));
  }

  static Stream<Arguments> pauses() {
    return Stream.of(
        Arguments.of(new Throttled(null), 1),
        Arguments.of(new Throttled(Duration.ofDays(365_000_000)), 300),
        Arguments.of(new Throttled(Duration.ofSeconds(-7)), 1),
        Arguments.of(new Unavailable("HTTP 503", Duration.ofSeconds(20)), 20));
  }

  @ParameterizedTest
  @MethodSource("pauses")
  void aPauseIsNeverNothingAndNeverForLong(Result answer, int atMostSeconds) throws Exception {
    api.next.add(answer);
    events.publish(EventSamples.denied("web-1"));
    assertThat(work()).isBetween(Duration.ofMillis(500), Duration.ofSeconds(atMostSeconds));
    pass(Duration.ofSeconds(atMostSeconds));
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 0));
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of(new EventsApi.NotFound(), null),
        Arguments.of(new EventsApi.NamespaceTerminating(), null),
        Arguments.of(
            new EventsApi.Invalid("HTTP 422:\nno"),
            "the API server refuses an Event: HTTP 422:\\x0ano"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void whatWillNeverBeTakenFailsAtOnce(Result answer, @Nullable String problem) throws Exception {
    api.next.add(answer);
    events.publish(EventSamples.denied("web-1"));
    events.publish(EventSamples.denied("web-1"));
    pass(Duration.ofMinutes(20));
    assertThat(api.requests()).isEqualTo(1);
    assertThat(events.results()).isEqualTo(results(0, 0, 0, 2));
    assertThat(events.problem()).isEqualTo(problem);

    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 2));
    assertThat(events.problem()).isNull();
  }

  /** An API server that has just started has not read its rules yet. */
  @Test
  void whatIsForbiddenForAMomentOnlyIsNotBelieved() throws Exception {
    for (int i = 1; i < ApiHealth.BELIEVED_AFTER; i++) {
      api.next.add(new Forbidden("no"));
    }
    events.publish(EventSamples.denied("web-1"));
    events.publish(EventSamples.denied("web-2"));
    work();
    assertThat(api.requests()).as("one, and then a pause").isEqualTo(1);
    pass(Duration.ofSeconds(7));
    assertThat(events.problem()).isNull();
    assertThat(events.results()).isEqualTo(results(2, 0, 0, 0));

    for (int i = 1; i < ApiHealth.BELIEVED_AFTER; i++) {
      api.next.add(new Forbidden("no"));
    }
    events.publish(EventSamples.denied("web-3"));
    pass(Duration.ofSeconds(7));
    assertThat(events.results()).as("it is counted anew").isEqualTo(results(3, 0, 0, 0));
  }

  @Test
  void whatIsForbiddenInANamespaceIsTriedAgainAfterTenMinutes() throws Exception {
    forbid("HTTP 403: no RBAC policy matched");
    for (int pod = 0; pod < 5; pod++) {
      events.publish(EventSamples.denied("web-" + pod));
    }
    pass(Duration.ofMinutes(9));
    for (int pod = 0; pod < 1_000; pod++) {
      events.publish(EventSamples.denied("web-" + pod));
      work();
    }
    assertThat(api.requests()).isEqualTo(ApiHealth.BELIEVED_AFTER);
    assertThat(events.results()).isEqualTo(results(0, 0, 0, 1_005));
    assertThat(events.problem())
        .isEqualTo(
            "the API server forbids to create Events in namespace prod: give the agent's account"
                + " create and patch on events in events.k8s.io: HTTP 403: no RBAC policy matched");

    pass(Duration.ofSeconds(67));
    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 1_005));
    assertThat(events.problem()).isNull();
  }

  @Test
  void theProblemIsTheSameForAsLongAsItIsForbidden() throws Exception {
    forbid("attempt 0");
    for (int i = 1; i < 5; i++) {
      events.publish(EventSamples.denied("web-1"));
      pass(Duration.ofSeconds(7));
      assertThat(events.problem()).endsWith(": attempt 0");
      clock.advance(Duration.ofMinutes(11));
      api.next.add(new Forbidden("attempt " + i));
    }
    assertThat(api.requests()).isEqualTo(ApiHealth.BELIEVED_AFTER + 3);
    clock.advance(Duration.ofHours(1));
    assertThat(events.problem()).isNull();
  }

  @Test
  void whatIsForbiddenInOneNamespaceIsNotInAnother() throws Exception {
    forbid("no");
    events.publish(EventSamples.denied("web-1"));
    pass(Duration.ofSeconds(7));
    events.publish(
        EventSamples.denied(EventSamples.in("other", "web-2", "app", ContainerType.CONTAINER)));
    work();
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 1));
    assertThat(events.problem()).contains("namespace prod");
  }

  @Test
  void anAgentThatMayNotPatchStillCreates() throws Exception {
    events.publish(EventSamples.denied("web-1"));
    work();
    forbid("no");
    for (int i = 0; i < 100; i++) {
      events.publish(EventSamples.denied("web-1"));
      pass(Duration.ofSeconds(5));
    }
    assertThat(api.patches).hasSize(ApiHealth.BELIEVED_AFTER);
    assertThat(events.problem()).contains("forbids to patch Events");
    events.publish(EventSamples.denied("web-2"));
    work();
    assertThat(events.results()).isEqualTo(results(2, 100, 0, 0));
  }

  @Test
  void aCreationWithoutAnAnswerMayHaveBeenDone() throws Exception {
    api.next.add(DEAD);
    api.next.add(new EventsApi.AlreadyExists());
    events.publish(EventSamples.denied("web-1"));
    work();
    events.publish(EventSamples.denied("web-1"));
    pass(Duration.ofSeconds(10));
    assertThat(api.creates).hasSize(2).extracting(NewEvent::name).containsOnly(name(0));
    assertThat(api.patches)
        .extracting(FakeEventsApi.Patch::name, patch -> patch.series().count())
        .containsExactly(tuple(name(0), 2));
    assertThat(events.results()).isEqualTo(results(1, 1, 0, 0));
  }

  @Test
  void aNameThatSomebodyHasTakenIsNotTriedAgain() throws Exception {
    api.next.add(new EventsApi.AlreadyExists());
    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(api.creates).hasSize(2).extracting(NewEvent::name).doesNotHaveDuplicates();
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 0));
  }

  @Test
  void anApiServerThatHasEveryNameIsNotAskedForEver() throws Exception {
    api.usual = new EventsApi.AlreadyExists();
    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(api.creates).hasSize(3);
    assertThat(events.results()).isEqualTo(results(0, 0, 0, 1));
  }

  @Test
  void anAgentThatWasRestartedTakesOtherNames() throws Exception {
    events.publish(EventSamples.denied("web-1"));
    work();
    events =
        new KubernetesEvents(
            api, KubernetesEvents.Which.DENIED, "n1", clock, clock::millis, new Random(2));
    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(name(0)).isNotEqualTo(name(1));
  }

  @Test
  void repeatsThatCannotBeToldAreForgottenWithTheirSeries() throws Exception {
    events.publish(EventSamples.denied("web-1"));
    work();
    api.usual = DEAD;
    events.publish(EventSamples.denied("web-1"));
    pass(Duration.ofMinutes(17));
    int requests = api.requests();
    pass(Duration.ofMinutes(17));
    assertThat(api.requests()).isEqualTo(requests);
    assertThat(events.results()).isEqualTo(results(1, 1, 0, 0));
  }

  @Test
  void aDefectOfTheClientEndsNothing() throws Exception {
    FakeEventsApi good = api;
    int[] calls = {0};
    events =
        events(
            new EventsApi() {
              @Override
              public Result create(NewEvent event) {
                if (calls[0]++ == 0) {
                  throw new IllegalStateException("defect");
                }
                return good.create(event);
              }

              @Override
              public Result patch(String namespace, String name, Series series) {
                return good.patch(namespace, name, series);
              }
            });
    events.publish(EventSamples.denied("web-1"));
    pass(Duration.ofSeconds(2));
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 0));
  }

  @Test
  void theWriterSendsByItselfAndTellsTheRestWhenItIsClosed() throws Exception {
    events.start();
    events.publish(EventSamples.denied("web-1"));
    Await.until("it is published", () -> events.results().equals(results(1, 0, 0, 0)));
    events.publish(EventSamples.denied("web-1"));
    events.publish(EventSamples.denied("web-2"));
    assertThat(events.close(Duration.ofSeconds(10))).isZero();
    assertThat(events.results()).isEqualTo(results(2, 1, 0, 0));
    assertThat(api.patches).extracting(patch -> patch.series().count()).containsExactly(2);
  }

  @Test
  void aViolationWakesTheWriterThatSleeps() throws Exception {
    events.start();
    Await.until("the writer sleeps", KubernetesEventsTroubleTest::aWriterSleeps);
    events.publish(EventSamples.denied("web-1"));
    Await.until("it is published", () -> events.results().equals(results(1, 0, 0, 0)));
    assertThat(events.close(Duration.ofSeconds(10))).isZero();
  }

  private static boolean aWriterSleeps() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(
            thread ->
                thread.getName().equals("kubernetes-events")
                    && thread.getState() == Thread.State.TIMED_WAITING);
  }

  @Test
  void closingDoesNotWaitForAnApiServerThatDoesNotAnswer() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    events =
        events(
            new EventsApi() {
              @Override
              public Result create(NewEvent event) throws InterruptedException {
                asked.countDown();
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  interrupted.countDown();
                  throw e;
                }
                return DEAD;
              }

              @Override
              public Result patch(String namespace, String name, Series series) {
                return DEAD;
              }
            });
    events.start();
    events.publish(EventSamples.denied("web-1"));
    asked.await();
    events.publish(EventSamples.denied("web-2"));
    events.publish(EventSamples.denied("web-2"));
    Instant before = Instant.now();
    assertThat(events.close(Duration.ofMillis(100))).isEqualTo(3);
    assertThat(Duration.between(before, Instant.now())).isLessThan(Duration.ofSeconds(5));
    interrupted.await();
  }

  @Test
  void closingEndsAtOnceWhileTheApiServerIsAway() throws Exception {
    api.usual = DEAD;
    events.start();
    events.publish(EventSamples.denied("web-1"));
    Await.until("it was tried", () -> api.creates.size() == 1);
    assertThat(events.close(Duration.ofSeconds(60))).isEqualTo(1);
  }

  @Test
  void closingOneThatWasNotStartedTellsWhatWaits() {
    events.publish(EventSamples.denied("web-1"));
    assertThat(events.close(Duration.ofMillis(500))).isEqualTo(1);
  }

  @Test
  void aStormWithADeadApiServerIsBoundedAndInTheBooks() throws Exception {
    api.usual = DEAD;
    ApiHealth health = new ApiHealth(new Random(1));
    EventBudget budget = new EventBudget(clock.millis());
    EventCorrelator correlator = new EventCorrelator("n1", new EventNames(1), health, budget);
    events =
        new KubernetesEvents(
            api, KubernetesEvents.Which.DENIED, clock, clock::millis, health, correlator);
    Random random = new Random(20261122);
    int most = 0;
    for (int i = 0; i < 1_000_000; i++) {
      String pod = "web-" + random.nextInt(100);
      events.publish(
          EventSamples.violation(
              EventSamples.in("prod", pod, "app", ContainerType.CONTAINER),
              random.nextInt(5_000),
              null,
              ERRNO,
              "proc-" + random.nextInt(1_000)));
      if (i % 1_000 == 0) {
        // 33 minutes in all
        clock.advance(Duration.ofSeconds(2));
        work();
        most = Math.max(most, correlator.series());
      }
    }
    assertThat(most).isBetween(100, EventBudget.NODE_BURST + 300 + 2);
    assertThat(budget.pods()).isEqualTo(100);
    assertThat(api.requests()).isLessThan(200);
    assertThat(events.accepted()).isEqualTo(1_000_000);
    theBooksBalance();
    pass(Duration.ofMinutes(20));
    assertThat(events.waiting()).isZero();
    assertThat(correlator.series()).isZero();
  }

  @Test
  void atMostAThousandEventsWaitToBeCreated() throws Exception {
    api.usual = DEAD;
    ApiHealth health = new ApiHealth(new Random(1));
    EventBudget generous = new EventBudget(5_000, clock.millis());
    events =
        new KubernetesEvents(
            api,
            KubernetesEvents.Which.DENIED,
            clock,
            clock::millis,
            health,
            new EventCorrelator("n1", new EventNames(1), health, generous));
    for (int pod = 0; pod < 1_500; pod++) {
      events.publish(EventSamples.denied("web-" + pod));
    }
    work();
    assertThat(events.waiting()).isEqualTo(1_000);
    assertThat(events.results()).isEqualTo(results(0, 0, 500, 0));
    assertThat(generous.pods()).isLessThanOrEqualTo(EventBudget.MAX_PODS);
  }

  @Test
  void theNumberOfSeriesIsBoundedWhateverIsGoingOn() throws Exception {
    EventCorrelator correlator =
        new EventCorrelator(
            "n1", new EventNames(1), new ApiHealth(new Random(1)), new EventBudget(clock.millis()));
    events =
        new KubernetesEvents(
            api,
            KubernetesEvents.Which.DENIED,
            clock,
            clock::millis,
            new ApiHealth(new Random(1)),
            correlator);
    int most = 0;
    for (int i = 0; i < 3_000; i++) {
      events.publish(EventSamples.denied("web-" + i));
      // Every pod again within three minutes, so that no series ends
      for (int active = i % 90; active < i; active += 90) {
        events.publish(EventSamples.denied("web-" + active));
      }
      work();
      most = Math.max(most, correlator.series());
      clock.advance(Duration.ofMillis(EventBudget.NODE_REFILL_MILLIS));
    }
    assertThat(most).isEqualTo(EventCorrelator.MAX_SERIES);
  }

  private KubernetesEvents events(EventsApi to) {
    return new KubernetesEvents(
        to, KubernetesEvents.Which.DENIED, "n1", clock, clock::millis, new Random(1));
  }

  private String name(int index) {
    return api.creates.get(index).name();
  }

  /** Has it forbid the next requests, as often as is believed. */
  private void forbid(String message) {
    for (int i = 0; i < ApiHealth.BELIEVED_AFTER; i++) {
      api.next.add(new Forbidden(message));
    }
  }

  private void pass(Duration time) throws InterruptedException {
    EventSteps.pass(events, clock, time);
  }

  private Duration work() throws InterruptedException {
    return EventSteps.work(events);
  }
}
