package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.RuntimeNames;
import io.seccompwatch.pipeline.PendingViolations.WaitingLine;
import io.seccompwatch.pipeline.WorkloadResolver.ThreadAttributor;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.FakePods;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Violation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is published when, and with which names. */
class PendingViolationsTest {

  private static final int KILL = 0x80000000;

  /** The stamp of {@link Samples#record}. */
  private static final Instant RECORDED = Instant.parse("2026-11-22T10:20:23.836Z");

  private final TestClock clock = new TestClock(RECORDED.minusSeconds(60));
  private final Books books = new Books(clock, 100);
  private final SourceBook book = books.open("audit-log");
  private final FakePods pods = new FakePods();
  private final List<Violation> published = Collections.synchronizedList(new ArrayList<>());
  private final Set<Long> lagging = new HashSet<>();
  private final AtomicLong monotonic = new AtomicLong();
  private final List<RuntimeException> defects = new ArrayList<>();
  private final Map<String, RuntimeNames.RuntimeName> told = new HashMap<>();
  private final RuntimeNames runtime =
      new RuntimeNames() {
        @Override
        public RuntimeName of(String containerId) {
          return told.getOrDefault(containerId, new RuntimeName.Unknown());
        }

        @Override
        public long version() {
          return told.hashCode();
        }
      };
  private Attribution foundLater = Samples.unknown();
  private final ThreadAttributor attributor =
      new ThreadAttributor() {
        @Override
        public Attribution attribute(SeccompRecord record, Instant written) {
          return foundLater;
        }

        @Override
        public boolean mayImprove(SeccompRecord record) {
          return record.stamp() != null && lagging.contains(record.stamp().serial());
        }
      };
  private final PendingViolations delivery = delivery(100);

  @BeforeEach
  void aMinuteAfterTheStart() {
    clock.advance(Duration.ofMinutes(1));
  }

  @Test
  void whatIsKnownIsPublishedAtOnce() {
    pods.list("u", "containerd://c");
    deliver(1, inContainer("u", "c"));
    assertThat(names()).containsExactly("1 pod-u app null");
    assertThat(delivery.size()).isZero();
  }

  @Test
  void withoutKubernetesNothingWaits() {
    PendingViolations alone =
        new PendingViolations(
            books,
            List.of(published::add),
            new WorkloadResolver(null, RuntimeNames.NONE, attributor, clock),
            PendingViolations.Limits.DEFAULT,
            monotonic::get,
            defects::add);
    alone.deliver(book, violation(1, inContainer("u", "c")), false);
    alone.deliver(book, violation(2, Samples.unknown()), false);
    assertThat(published).hasSize(2);
  }

  @Test
  void withoutKubernetesAContainerHasItsRuntimesNames() {
    told.put("containerd://c", named("pod-u", "app", "u"));
    withoutKubernetes().deliver(book, violation(1, inContainer("u", "c")), false);
    assertThat(names()).containsExactly("1 pod-u app null");
    assertThat(published.getFirst().attribution().by()).isEqualTo(Evidence.PROCFS);
  }

  @Test
  void itWaitsWhileTheRuntimesFileIsReadButNotForLong() {
    PendingViolations alone = withoutKubernetes();
    told.put("containerd://c", new RuntimeNames.RuntimeName.Pending());
    told.put("containerd://d", new RuntimeNames.RuntimeName.Pending());
    alone.deliver(book, violation(1, inContainer("u", "c")), false);
    alone.deliver(book, violation(2, inContainer("v", "d")), false);
    assertThat(published).isEmpty();
    told.put("containerd://c", named("pod-u", "app", "u"));
    alone.round();
    assertThat(names()).containsExactly("1 pod-u app null");
    pass(Duration.ofSeconds(2));
    alone.round();
    assertThat(names()).containsExactly("1 pod-u app null", "2 null null null");
  }

  /** A user can name a cgroup of its own after another container's id. */
  @Test
  void anIdThatAUserChoseGetsNoNamesFromTheRuntime() {
    told.put("containerd://c", named("pod-u", "app", "u"));
    Attribution chosen =
        new Attribution(
            Outcome.CONTAINER,
            Evidence.PROCFS,
            AttributionReason.TENANT_CGROUP,
            null,
            "containerd://c",
            null);
    withoutKubernetes().deliver(book, violation(1, chosen), false);
    assertThat(names()).containsExactly("1 null null tenant_cgroup");
  }

  @Test
  void theRuntimesNamesOfAnotherPodsUidAreNotBelieved() {
    told.put("containerd://c", named("pod-v", "app", "v"));
    withoutKubernetes().deliver(book, violation(1, inContainer("u", "c")), false);
    assertThat(names()).containsExactly("1 null null null");
  }

  @Test
  void beforeTheApiAnswersTheRuntimesNamesStandIn() {
    pods.synced(false);
    told.put("containerd://c", named("pod-u", "app", "u"));
    deliver(1, inContainer("u", "c"));
    assertThat(published).as("the API may have more to tell").isEmpty();
    pass(Duration.ofSeconds(10));
    delivery.round();
    assertThat(names()).containsExactly("1 pod-u app null");
  }

  @Test
  void theWordOfTheApiWins() {
    pods.list("u", null);
    told.put("containerd://c", named("another", "app", "u"));
    deliver(1, inContainer("u", "c"));
    pass(Duration.ofSeconds(10));
    delivery.round();
    assertThat(names()).containsExactly("1 pod-u null container_not_in_status");
    pods.list("v", "containerd://d");
    told.put("containerd://d", named("another", "other", "v"));
    deliver(2, inContainer("v", "d"));
    assertThat(names()).endsWith("2 pod-v app null");
  }

  @Test
  void theRuntimeNamesTheContainerThatItsPodsStatusDoesNotNameInTime() {
    pods.list("u", null);
    told.put("containerd://c", named("pod-u", "sidecar", "u"));
    deliver(1, inContainer("u", "c"));
    pass(Duration.ofSeconds(10));
    delivery.round();
    assertThat(names()).containsExactly("1 pod-u sidecar container_not_in_status");
  }

  private static RuntimeNames.RuntimeName named(String pod, String container, String uid) {
    return new RuntimeNames.RuntimeName.Given("prod", pod, container, uid);
  }

  private PendingViolations withoutKubernetes() {
    return new PendingViolations(
        books,
        List.of(published::add),
        new WorkloadResolver(null, runtime, attributor, clock),
        PendingViolations.Limits.DEFAULT,
        monotonic::get,
        defects::add);
  }

  @Test
  void aContainerThatIsNotInItsStatusYetIsNamedWhenItComes() {
    pods.list("u", null);
    deliver(1, inContainer("u", "c"));
    assertThat(published).isEmpty();
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(1L, Books.Balance::pending)
        .returns(0L, Books.Balance::violations);
    pods.list("u", "containerd://c");
    delivery.round();
    assertThat(names()).containsExactly("1 pod-u app null");
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(0L, Books.Balance::pending)
        .returns(1L, Books.Balance::violations);
  }

  @Test
  void whenItDoesNotComeInTimeThePodIsNamedAlone() {
    pods.list("u", null);
    deliver(1, inContainer("u", "c"));
    pass(Duration.ofMillis(9_999));
    delivery.round();
    assertThat(published).isEmpty();
    pass(Duration.ofMillis(1));
    delivery.round();
    assertThat(names()).containsExactly("1 pod-u null container_not_in_status");
  }

  @Test
  void theOrderOfAContainerIsKeptAndOthersDoNotWaitForIt() {
    pods.list("u", null);
    pods.list("v", "containerd://d");
    deliver(1, inContainer("u", "c"));
    deliver(2, inContainer("v", "d"));
    pods.list("u", "containerd://c");
    deliver(3, inContainer("u", "c"));
    assertThat(serials()).containsExactly(2L);
    delivery.round();
    assertThat(serials()).containsExactly(2L, 1L, 3L);
    deliver(4, inContainer("u", "c"));
    assertThat(serials()).containsExactly(2L, 1L, 3L, 4L);
  }

  @Test
  void whoeverIsPushedOutIsPublishedWithWhatIsKnown() {
    PendingViolations small = delivery(2);
    for (int i = 1; i <= 5; i++) {
      small.deliver(book, violation(i, inContainer("u", "c")), false);
    }
    assertThat(serials()).containsExactly(1L, 2L, 3L);
    assertThat(small.size()).isEqualTo(2);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(2L, Books.Balance::pending);
    small.close();
    assertThat(serials()).containsExactly(1L, 2L, 3L, 4L, 5L);
    small.deliver(book, violation(6, inContainer("u", "c")), false);
    assertThat(serials()).endsWith(6L);
    assertThat(small.size()).isZero();
  }

  /** A label has up to 64 KiB in a line of syslog, and an executable's path has 4 in any. */
  @Test
  void thoseWithLongStringsAreBoundedByTheirLength() {
    int longest = 60_000;
    PendingViolations large = delivery(1_000);
    for (int i = 1; i <= 100; i++) {
      AuditStamp stamp = new AuditStamp(RECORDED.getEpochSecond(), 836, 3, i);
      SeccompRecord record =
          Samples.record(stamp, Samples.X86_64, 165, KILL, "kc", "x".repeat(longest));
      large.deliver(book, Samples.violation(record, inContainer("u" + i, "c" + i)), false);
    }
    int most = WaitingLine.MOST_TEXT / longest;
    assertThat(large.size()).isEqualTo(most);
    assertThat(serials()).hasSize(100 - most).isSorted();
    large.close();
    assertThat(serials()).hasSize(100).isSorted();
    large.deliver(book, violation(101, Samples.unknown()), false);
    assertThat(large.size()).isZero();
  }

  @Test
  void anOldRecordDoesNotWaitOnceThePodsAreListed() {
    clock.advance(Duration.ofHours(1));
    deliver(1, inContainer("u", "c"));
    assertThat(serials()).containsExactly(1L);
    pods.synced(false);
    pods.outOfTouchSince(clock.instant());
    deliver(2, inContainer("u", "c"));
    assertThat(serials()).containsExactly(1L);
    pods.list("u", "containerd://c");
    delivery.round();
    assertThat(names()).endsWith("2 pod-u app null");
  }

  @Test
  void whenTheServerHasLongBeenAwayNothingWaitsForIt() {
    pods.outOfTouchSince(clock.instant().minusSeconds(11));
    deliver(1, inContainer("u", "c"));
    assertThat(serials()).containsExactly(1L);
  }

  @Test
  void aProcessWhoseEventsAreOnTheirWayIsLookedForAgain() {
    pods.list("u", "containerd://c");
    lagging.add(1L);
    deliver(1, Samples.unknown());
    delivery.round();
    assertThat(published).isEmpty();
    lagging.clear();
    foundLater = inContainer("u", "c");
    delivery.round();
    assertThat(names()).containsExactly("1 pod-u app null");
  }

  @Test
  void itIsNotWaitedForLongerThanASecond() {
    lagging.add(1L);
    deliver(1, Attribution.unknown(AttributionReason.NO_TIMESTAMP));
    foundLater = Attribution.unknown(AttributionReason.NO_TIMESTAMP);
    pass(Duration.ofSeconds(1));
    delivery.round();
    assertThat(serials()).containsExactly(1L);
  }

  @Test
  void anUnknownKillIsConcludedFromTheOneContainerThatEndedSo() {
    deliver(1, Samples.unknown());
    assertThat(published).isEmpty();
    pods.end("u", "containerd://c", clock.instant().plusSeconds(1));
    delivery.round();
    assertThat(published).as("another may end yet").isEmpty();
    pass(Duration.ofSeconds(10));
    delivery.round();
    assertThat(names()).containsExactly("1 pod-u app null");
    assertThat(published.getFirst().attribution())
        .returns(Evidence.TERMINATION, Attribution::by)
        .returns(Outcome.CONTAINER, Attribution::outcome);
  }

  @Test
  void anUnknownDenialThatKillsNobodyDoesNotWait() {
    delivery.deliver(book, Samples.violation(record(1, Samples.ERRNO), Samples.unknown()), false);
    assertThat(serials()).containsExactly(1L);
  }

  @Test
  void whatWasMadeToMisleadIsNotConcludedFromTheOutside() {
    deliver(1, Attribution.unknown(AttributionReason.CGROUP_CONFLICT));
    assertThat(serials()).containsExactly(1L);
  }

  @Test
  void itsThreadPublishesWhatComes() throws Exception {
    delivery.start();
    deliver(1, inContainer("u", "c"));
    pass(Duration.ofSeconds(10));
    Await.until("published", () -> published.size() == 1);
    delivery.close();
  }

  @Test
  void oneContainerTakesItsShareOfThePlacesOnly() {
    for (int i = 1; i <= 5; i++) {
      deliver(i, inContainer("u", "c"));
    }
    deliver(6, inContainer("v", "d"));
    assertThat(serials()).containsExactly(1L, 2L);
    assertThat(delivery.size()).isEqualTo(4);
  }

  @Test
  void forWhomNothingCameInTimeNobodyWaitsAgainSoon() {
    pods.list("u", null);
    deliver(1, inContainer("u", "c"));
    pass(Duration.ofSeconds(10));
    delivery.round();
    deliver(2, inContainer("u", "c"));
    assertThat(serials()).containsExactly(1L, 2L);
    pods.list("u", "containerd://c");
    deliver(3, inContainer("u", "c"));
    assertThat(names()).endsWith("3 pod-u app null");
  }

  @Test
  void anUnknownKillOfBeforeTheStartDoesNotWait() {
    clock.advance(Duration.ofMinutes(1));
    PendingViolations fresh = delivery(100);
    fresh.deliver(book, violation(1, Samples.unknown()), false);
    assertThat(serials()).containsExactly(1L);
  }

  @Test
  void anOldUnknownKillWaitsAllTheSameForWhatTheNextRecordsTell() {
    clock.advance(Duration.ofHours(-1));
    PendingViolations fresh = delivery(100); // it began to read before these records were written
    clock.advance(Duration.ofHours(2));
    pods.end("b", "containerd://b", RECORDED);
    fresh.deliver(book, violation(1, Samples.unknown()), false);
    assertThat(published).isEmpty();
    fresh.deliver(book, violation(2, Samples.unknown()), false);
    assertThat(serials()).as("of two neither can be concluded any more").containsExactly(2L);
    pass(Duration.ofSeconds(10));
    fresh.round();
    assertThat(names()).containsExactly("2 null null process_gone", "1 null null process_gone");
  }

  @Test
  void whoeverIsPushedOutIsNotConcludedFromTheOutside() {
    clock.advance(Duration.ofMinutes(-1));
    PendingViolations small = delivery(2);
    clock.advance(Duration.ofMinutes(1));
    pods.end("b", "containerd://b", clock.instant());
    small.deliver(book, violation(1, Samples.unknown()), false);
    small.deliver(book, violation(2, Samples.unknown()), false);
    small.close();
    assertThat(names()).containsExactly("2 null null process_gone", "1 null null process_gone");
  }

  @Test
  void theOrderOfAProcessIsKeptWhileItIsLookedFor() {
    pods.list("u", "containerd://c");
    lagging.add(1L);
    deliver(1, Samples.unknown());
    deliver(2, inContainer("u", "c"));
    assertThat(published).isEmpty();
    foundLater = inContainer("u", "c");
    lagging.clear();
    delivery.round();
    delivery.round();
    assertThat(serials()).containsExactly(1L, 2L);
  }

  @Test
  void aWallClockThatIsSetBackProlongsNoWait() {
    pods.list("u", null);
    deliver(1, inContainer("u", "c"));
    clock.advance(Duration.ofHours(-1));
    monotonic.addAndGet(10_000);
    delivery.round();
    assertThat(serials()).containsExactly(1L);
  }

  @Test
  void aPublisherThatThrowsCostsNobodyElseAnything() {
    List<Violation> second = new ArrayList<>();
    PendingViolations defective =
        new PendingViolations(
            books,
            List.of(
                violation -> {
                  throw new IllegalStateException("defect");
                },
                second::add),
            new WorkloadResolver(pods, runtime, attributor, clock),
            PendingViolations.Limits.DEFAULT,
            monotonic::get,
            defects::add);
    pods.list("u", null);
    defective.deliver(book, violation(1, inContainer("u", "c")), false);
    pass(Duration.ofSeconds(10));
    defective.round();
    defective.deliver(book, violation(2, Samples.unknown()), false);
    defective.close();
    assertThat(second).hasSize(2);
    assertThat(defects).hasSize(2);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(0L, Books.Balance::pending);
  }

  private void pass(Duration time) {
    clock.advance(time);
    monotonic.addAndGet(time.toMillis());
  }

  private PendingViolations delivery(int most) {
    return new PendingViolations(
        books,
        List.of(published::add),
        new WorkloadResolver(pods, runtime, attributor, clock),
        new PendingViolations.Limits(most, 3, Duration.ofSeconds(1), Duration.ofSeconds(10)),
        monotonic::get,
        defects::add);
  }

  private void deliver(long serial, Attribution attribution) {
    delivery.deliver(book, violation(serial, attribution), lagging.contains(serial));
  }

  private static Violation violation(long serial, Attribution attribution) {
    return Samples.violation(record(serial, KILL), attribution);
  }

  private static SeccompRecord record(long serial, int code) {
    return Samples.record(serial, code, "kc");
  }

  private static Attribution inContainer(String uid, String id) {
    return new Attribution(
        Outcome.CONTAINER, Evidence.PROCFS, null, uid, "containerd://" + id, null);
  }

  private List<Long> serials() {
    return published.stream().map(PendingViolationsTest::serial).toList();
  }

  private static long serial(Violation violation) {
    return violation.record().stamp() == null ? 0 : violation.record().stamp().serial();
  }

  private List<String> names() {
    return published.stream().map(PendingViolationsTest::name).toList();
  }

  private static String name(Violation violation) {
    Attribution attribution = violation.attribution();
    @Nullable AttributionReason reason = attribution.reason();
    return serial(violation)
        + " "
        + (attribution.workload() == null ? null : attribution.workload().pod())
        + " "
        + (attribution.workload() == null ? null : attribution.workload().container())
        + " "
        + (reason == null ? null : reason.label());
  }
}
