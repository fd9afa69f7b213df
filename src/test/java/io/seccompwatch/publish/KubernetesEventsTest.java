package io.seccompwatch.publish;

import static io.seccompwatch.publish.EventSteps.results;
import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.LOG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.publish.EventsApi.NewEvent;
import io.seccompwatch.publish.EventsApi.Pod;
import io.seccompwatch.publish.EventsApi.Series;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Violation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of violations while the API server does as it is asked. */
class KubernetesEventsTest {

  private final TestClock clock = new TestClock();
  private final FakeEventsApi api = new FakeEventsApi();
  private KubernetesEvents events = events(KubernetesEvents.Which.DENIED);

  @AfterEach
  void theBooksBalance() {
    long settled = events.results().values().stream().mapToLong(Long::longValue).sum();
    assertThat(settled + events.waiting()).isEqualTo(events.accepted());
  }

  @Test
  void theFirstViolationIsAnEventAboutItsContainer() throws Exception {
    events.publish(EventSamples.denied("web-1"));
    assertThat(events.waiting()).isEqualTo(1);
    work();
    NewEvent event = api.creates.getFirst();
    assertThat(event)
        .isEqualTo(
            new NewEvent(
                event.name(),
                Instant.parse("2026-11-22T10:20:23.836Z"),
                "n1",
                "Syscall",
                "SeccompDenied",
                new Pod("prod", "web-1", "uid-of-web-1", "spec.containers{app}"),
                "keyctl (250, x86_64) denied with errno in container app (process myapp)",
                null));
    assertThat(event.name()).matches("web-1\\.[0-9a-f]{16}");
    assertThat(events.results()).isEqualTo(results(1, 0, 0, 0));
    assertThat(events.waiting()).isZero();
  }

  static Stream<Arguments> others() {
    Attribution app = EventSamples.in("prod", "web-1", "app", ContainerType.CONTAINER);
    Attribution sidecar = EventSamples.in("prod", "web-1", "sidecar", ContainerType.INIT);
    Attribution pod = EventSamples.in("prod", "web-2", "app", ContainerType.CONTAINER);
    int i386 = 0x40000003;
    return Stream.of(
        Arguments.of("another pod", EventSamples.denied(pod)),
        Arguments.of("another container", EventSamples.denied(sidecar)),
        Arguments.of("another call", EventSamples.violation(app, 165, "mount", ERRNO, "myapp")),
        Arguments.of(
            "another action", EventSamples.violation(app, 250, "keyctl", 0x80000000, "myapp")),
        Arguments.of("only logged", EventSamples.violation(app, 250, "keyctl", LOG, "myapp")),
        Arguments.of(
            "another ABI",
            Samples.violation(Samples.record(null, i386, 250, ERRNO, "myapp", null), app)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("others")
  void whatIsOfAnotherKindIsAnotherEvent(String what, Violation other) throws Exception {
    events = events(KubernetesEvents.Which.ALL);
    events.publish(EventSamples.denied("web-1"));
    events.publish(other);
    work();
    assertThat(api.creates).as(what).hasSize(2).extracting(NewEvent::name).doesNotHaveDuplicates();
    assertThat(events.results()).isEqualTo(results(2, 0, 0, 0));
  }

  static Stream<Arguments> alike() {
    Attribution app = EventSamples.in("prod", "web-1", "app", ContainerType.CONTAINER);
    return Stream.of(
        Arguments.of("another process", EventSamples.violation(app, 250, "keyctl", ERRNO, "x")),
        Arguments.of(
            "another errno", EventSamples.violation(app, 250, "keyctl", ERRNO + 13, "myapp")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("alike")
  void whatIsOfTheSameKindIsTheSameEvent(String what, Violation alike) throws Exception {
    events.publish(EventSamples.denied("web-1"));
    work();
    events.publish(alike);
    work();
    assertThat(api.creates).as(what).hasSize(1);
    assertThat(events.results()).isEqualTo(results(1, 1, 0, 0));
  }

  static Stream<Arguments> notOurs() {
    Attribution noNames =
        new Attribution(
            Attribution.Outcome.CONTAINER,
            Attribution.Evidence.PROCFS,
            null,
            "uid",
            "containerd://id",
            null);
    Attribution named = EventSamples.in("prod", "web-1", "app", ContainerType.CONTAINER);
    return Stream.of(
        Arguments.of("nobody's", EventSamples.denied(Samples.unknown())),
        Arguments.of(
            "the node's", EventSamples.denied(Attribution.host(Attribution.Evidence.PROCFS))),
        Arguments.of("of a pod without names", EventSamples.denied(noNames)),
        Arguments.of("only logged", EventSamples.violation(named, 250, "keyctl", LOG, "myapp")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("notOurs")
  void whatIsNoPodsOrNotWantedIsNotCountedAtAll(String what, Violation violation) throws Exception {
    events.publish(violation);
    work();
    assertThat(api.requests()).as(what).isZero();
    assertThat(events.accepted()).isZero();
    assertThat(events.results()).isEqualTo(results(0, 0, 0, 0));
  }

  @Test
  void loggedCallsAreEventsOfTheirOwnReasonWhenAllAreWanted() throws Exception {
    events = events(KubernetesEvents.Which.ALL);
    Attribution app = EventSamples.in("prod", "web-1", "app", ContainerType.CONTAINER);
    events.publish(EventSamples.violation(app, 250, "keyctl", LOG, "myapp"));
    work();
    assertThat(api.creates)
        .extracting(NewEvent::reason, NewEvent::note)
        .containsExactly(
            tuple("SeccompLogged", "keyctl (250, x86_64) logged in container app (process myapp)"));
  }

  @Test
  void aTimeThatCannotBeIsNow() throws Exception {
    Attribution app = EventSamples.in("prod", "web-1", "app", ContainerType.CONTAINER);
    AuditStamp year30000 = new AuditStamp(884_541_600_000L, 0, 3, 1);
    for (AuditStamp stamp : new AuditStamp[] {year30000, null}) {
      events = events(KubernetesEvents.Which.DENIED);
      events.publish(
          Samples.violation(Samples.record(stamp, Samples.X86_64, 1, ERRNO, "x", null), app));
      work();
      assertThat(api.creates.getLast().eventTime()).isEqualTo(TestClock.START);
    }
  }

  @Test
  void repeatsThatComeBeforeTheEventGoWithIt() throws Exception {
    for (int i = 0; i < 5; i++) {
      events.publish(EventSamples.denied("web-1"));
    }
    assertThat(events.waiting()).isEqualTo(5);
    assertThat(events.results()).isEqualTo(results(0, 0, 0, 0));
    work();
    assertThat(api.creates)
        .extracting(NewEvent::series)
        .containsExactly(new Series(5, Instant.parse("2026-11-22T10:20:23.836Z")));
    assertThat(api.patches).isEmpty();
    assertThat(events.results()).isEqualTo(results(1, 4, 0, 0));
  }

  @Test
  void theLatestOfTheRepeatsIsTold() throws Exception {
    Attribution app = EventSamples.in("prod", "web-1", "app", ContainerType.CONTAINER);
    for (long second : new long[] {3, 9, 5}) {
      AuditStamp stamp = new AuditStamp(1_795_342_810L + second, 0, 3, second);
      events.publish(
          Samples.violation(Samples.record(stamp, Samples.X86_64, 1, ERRNO, "x", null), app));
    }
    work();
    Instant base = Instant.ofEpochSecond(1_795_342_810L);
    NewEvent event = api.creates.getFirst();
    assertThat(event.eventTime()).isEqualTo(base.plusSeconds(3));
    assertThat(event.series()).isEqualTo(new Series(3, base.plusSeconds(9)));
  }

  @Test
  void repeatsAreToldAtGrowingIntervals() throws Exception {
    List<Duration> told = new ArrayList<>();
    Instant end = clock.instant().plus(Duration.ofHours(3));
    while (clock.instant().isBefore(end)) {
      events.publish(EventSamples.denied("web-1"));
      int before = api.patches.size();
      work();
      if (api.patches.size() > before) {
        told.add(Duration.between(TestClock.START, clock.instant()));
      }
      clock.advance(Duration.ofSeconds(1));
    }
    assertThat(told.stream().map(Duration::toSeconds))
        .containsExactly(
            5L, 15L, 35L, 75L, 155L, 315L, 635L, 1275L, 2555L, 4355L, 6155L, 7955L, 9755L);
    assertThat(api.patches).extracting(patch -> patch.series().count()).startsWith(6, 16, 36);
    assertThat(events.results()).isEqualTo(results(1, 3 * 3_600 - 1, 0, 0));
  }

  @Test
  void oneRepeatIsToldToo() throws Exception {
    events.publish(EventSamples.denied("web-1"));
    work();
    clock.advance(Duration.ofSeconds(60));
    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(api.patches)
        .containsExactly(
            new FakeEventsApi.Patch(
                "prod",
                api.creates.getFirst().name(),
                new Series(2, Instant.parse("2026-11-22T10:20:23.836Z"))));
  }

  @Test
  void aSeriesThatIsQuietIsToldToItsEndAndWhatComesThenIsAnotherEvent() throws Exception {
    Duration storm = Duration.ofMinutes(30);
    for (long i = 0; i < storm.toSeconds(); i++) {
      events.publish(EventSamples.denied("web-1"));
      work();
      clock.advance(Duration.ofSeconds(1));
    }
    assertThat(api.patches.getLast().series().count()).isLessThan(1_800);

    pass(Duration.ofMinutes(7));
    assertThat(api.patches.getLast().series().count()).isEqualTo(1_800);
    events.publish(EventSamples.denied("web-1"));
    work();
    assertThat(api.creates).hasSize(2).extracting(NewEvent::name).doesNotHaveDuplicates();
    assertThat(api.creates.getLast().series()).isNull();
  }

  @Test
  void aQuietAgentSleepsForMinutes() throws Exception {
    assertThat(work()).isGreaterThanOrEqualTo(Duration.ofMinutes(5));
    events.publish(EventSamples.denied("web-1"));
    assertThat(work()).isGreaterThanOrEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void aPodHasABurstOf25AndThenOneInFiveMinutes() throws Exception {
    for (long call = 0; call < 40; call++) {
      events.publish(EventSamples.denied(call));
    }
    work();
    assertThat(events.results()).isEqualTo(results(25, 0, 15, 0));
    clock.advance(Duration.ofMinutes(5));
    events.publish(EventSamples.denied(100L));
    events.publish(EventSamples.denied(101L));
    work();
    assertThat(events.results()).isEqualTo(results(26, 0, 16, 0));
  }

  @Test
  void callsThatWereOnlyLoggedTakeNothingFromDenials() throws Exception {
    events = events(KubernetesEvents.Which.ALL);
    for (int pod = 0; pod < 10; pod++) {
      Attribution app = EventSamples.in("prod", "web-" + pod, "app", ContainerType.CONTAINER);
      for (int call = 0; call < 30; call++) {
        events.publish(EventSamples.violation(app, call, null, LOG, "myapp"));
      }
    }
    work();
    assertThat(events.results()).isEqualTo(results(50, 0, 250, 0));
    for (long call = 0; call < 25; call++) {
      events.publish(EventSamples.denied(call));
    }
    work();
    assertThat(events.results()).isEqualTo(results(75, 0, 250, 0));
  }

  @Test
  void aPodThatWasQuietForDaysHasNoMoreThanItsBurst() throws Exception {
    events.publish(EventSamples.denied(0L));
    work();
    clock.advance(Duration.ofDays(3));
    for (long call = 1; call < 40; call++) {
      events.publish(EventSamples.denied(call));
    }
    work();
    assertThat(events.results()).isEqualTo(results(26, 0, 14, 0));
  }

  @Test
  void whatIsSuppressedIsAskedForAgain() throws Exception {
    for (long call = 0; call < 26; call++) {
      events.publish(EventSamples.denied(call));
    }
    work();
    clock.advance(Duration.ofMinutes(5));
    events.publish(EventSamples.denied(25L));
    work();
    assertThat(events.results()).isEqualTo(results(26, 0, 1, 0));
  }

  @Test
  void theNodeHasABurstOf100AndThenOneInTwoSeconds() throws Exception {
    for (int pod = 0; pod < 110; pod++) {
      events.publish(EventSamples.denied("web-" + pod));
    }
    work();
    assertThat(events.results()).isEqualTo(results(100, 0, 10, 0));
    clock.advance(Duration.ofSeconds(20));
    for (int pod = 200; pod < 220; pod++) {
      events.publish(EventSamples.denied("web-" + pod));
    }
    work();
    assertThat(events.results()).isEqualTo(results(110, 0, 20, 0));
  }

  @Test
  void aPodBeyondItsBudgetTakesNothingFromItsNeighbours() throws Exception {
    for (long call = 0; call < 10_000; call++) {
      events.publish(EventSamples.denied(call));
    }
    for (int pod = 0; pod < 75; pod++) {
      events.publish(EventSamples.denied("neighbour-" + pod));
    }
    work();
    assertThat(events.results()).isEqualTo(results(100, 0, 9_975, 0));
  }

  @Test
  void repeatsTakeNothingFromTheBudgetsOfNewEventsBelowHalf() throws Exception {
    for (int pod = 0; pod < 100; pod++) {
      events.publish(EventSamples.denied("web-" + pod));
    }
    work();
    for (int pod = 0; pod < 100; pod++) {
      events.publish(EventSamples.denied("web-" + pod));
    }
    pass(Duration.ofSeconds(100));
    assertThat(api.patches).isEmpty();
    pass(Duration.ofSeconds(100));
    assertThat(api.patches).hasSizeBetween(45, 55);
    assertThat(events.results()).isEqualTo(results(100, 100, 0, 0));
  }

  @Test
  void anEventThatSomebodyDeletedIsMadeAgainWithItsCount() throws Exception {
    events.publish(EventSamples.denied("web-1"));
    work();
    events.publish(EventSamples.denied("web-1"));
    events.publish(EventSamples.denied("web-1"));
    api.next.add(new EventsApi.NotFound());
    pass(Duration.ofSeconds(5));
    assertThat(api.creates).hasSize(2).extracting(NewEvent::name).doesNotHaveDuplicates();
    assertThat(api.creates.getLast().series()).extracting("count").isEqualTo(3);
    assertThat(events.results()).isEqualTo(results(1, 2, 0, 0));
  }

  private KubernetesEvents events(KubernetesEvents.Which which) {
    // The clock that only runs forward may be anywhere, below zero too
    return new KubernetesEvents(
        api, which, "n1", clock, () -> clock.millis() - 1_800_000_000_000L, new Random(1));
  }

  private void pass(Duration time) throws InterruptedException {
    EventSteps.pass(events, clock, time);
  }

  private Duration work() throws InterruptedException {
    return EventSteps.work(events);
  }
}
