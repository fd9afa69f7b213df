package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.PodDirectory.Naming;
import io.seccompwatch.attribution.PodFacts.Container;
import io.seccompwatch.attribution.PodFacts.Termination;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import io.seccompwatch.testing.TestClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodIndexTest {

  private static final String UID = "0f5a3f0e-1111-4222-8333-444455556666";
  private static final String OTHER_UID = "ffffffff-1111-4222-8333-444455556666";
  private static final String HASH = "0123456789abcdef0123456789abcdef";
  private static final String ID = "a".repeat(64);
  private static final String OLD_ID = "b".repeat(64);

  private static final SeccompProfile PROFILE = new SeccompProfile("RuntimeDefault", null);

  private final TestClock clock = new TestClock();
  private final PodIndex index = new PodIndex(clock, PodIndex.Limits.DEFAULT);

  private static Container container(String name, String... ids) {
    return new Container(
        name, ContainerType.CONTAINER, name + ":1", PROFILE, false, false, List.of(ids), List.of());
  }

  private static PodFacts pod(String uid, String name, Container... containers) {
    return pod(uid, null, name, List.of(), containers);
  }

  private static PodFacts pod(
      String uid,
      @Nullable String hash,
      String name,
      List<String> categories,
      Container... containers) {
    return new PodFacts(
        uid, hash, "prod", name, "Deployment", "api", null, categories, List.of(containers));
  }

  private static Attribution found(@Nullable String uid, @Nullable String containerId) {
    AttributionReason reason =
        containerId == null
            ? AttributionReason.CONTAINER_UNKNOWN
            : uid == null ? AttributionReason.POD_UNKNOWN : null;
    return new Attribution(
        containerId == null ? Outcome.POD : Outcome.CONTAINER,
        Evidence.PROCFS,
        reason,
        uid,
        containerId,
        null);
  }

  private void listed(PodFacts... pods) {
    index.replaceAll(List.of(pods));
  }

  private static void assertNames(
      Naming naming, String pod, @Nullable String container, @Nullable AttributionReason reason) {
    assertThat(naming.attribution().workload())
        .isNotNull()
        .extracting(Workload::pod, Workload::container)
        .containsExactly(pod, container);
    assertThat(naming.attribution().reason()).isEqualTo(reason);
  }

  private static void assertNobody(Naming naming, AttributionReason reason) {
    assertThat(naming.attribution().workload()).isNull();
    assertThat(naming.attribution().reason()).isEqualTo(reason);
    assertThat(naming.mayImprove()).isTrue();
  }

  @Test
  void aContainerOfItsPodGetsAllItsNames() {
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)));
    assertThat(index.name(found(UID, "containerd://" + ID)))
        .isEqualTo(
            new Naming(
                new Attribution(
                    Outcome.CONTAINER,
                    Evidence.PROCFS,
                    null,
                    UID,
                    "containerd://" + ID,
                    new Workload(
                        "prod",
                        "api-1",
                        "app",
                        ContainerType.CONTAINER,
                        "app:1",
                        "Deployment",
                        "api",
                        PROFILE)),
                false));
  }

  @Test
  void aRuntimeThatTheCgroupDoesNotTellIsTakenFromTheApi() {
    listed(pod(UID, "api-1", container("app", "odd-runtime://" + ID)));
    assertThat(index.name(found(UID, ID)).attribution().containerId())
        .isEqualTo("odd-runtime://" + ID);
  }

  @Test
  void aUidIsTheSameWhereverSystemdHasEscapedIt() {
    listed(pod("free_form-uid", "api-1", container("app", "containerd://" + ID)));
    assertNames(index.name(found("free-form-uid", ID)), "api-1", "app", null);
  }

  @Test
  void aContainerWhosePodTheCgroupHidesGetsItsPodToo() {
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)));
    Naming naming = index.name(found(null, ID));
    assertNames(naming, "api-1", "app", null);
    assertThat(naming.attribution().podUid()).isEqualTo(UID);
  }

  @Test
  void aContainerOutsideKubernetesKeepsItsReason() {
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)));
    assertNobody(index.name(found(null, "docker://" + OLD_ID)), AttributionReason.POD_UNKNOWN);
  }

  @Test
  void aContainerThatAnotherPodClaimsIsNotNamedAfterIt() {
    listed(pod(OTHER_UID, "evil", container("app", "containerd://" + ID)));
    assertNobody(index.name(found(UID, ID)), AttributionReason.POD_NOT_FOUND);
    listed(pod(OTHER_UID, "evil", container("app", "containerd://" + ID)), pod(UID, "api-1"));
    assertNames(
        index.name(found(UID, ID)), "api-1", null, AttributionReason.CONTAINER_NOT_IN_STATUS);
  }

  @Test
  void aContainerThatTwoPodsClaimIsNamedByNeither() {
    listed(
        pod(UID, "api-1", container("app", "containerd://" + ID)),
        pod(OTHER_UID, "evil", container("bad", "cri-o://" + ID)));
    assertNames(
        index.name(found(UID, ID)), "api-1", null, AttributionReason.CONTAINER_NOT_IN_STATUS);
    assertThat(index.name(found(UID, ID)).mayImprove()).as("worth to be waited for").isFalse();
    assertNobody(index.name(found(null, ID)), AttributionReason.POD_UNKNOWN);
  }

  @Test
  void aContainerIdThatTwoContainersOfAPodHaveNamesThePodOnly() {
    listed(
        pod(UID, "api-1", container("app", "containerd://" + ID), container("log", "x://" + ID)));
    assertNames(
        index.name(found(UID, ID)), "api-1", null, AttributionReason.CONTAINER_NOT_IN_STATUS);
  }

  @Test
  void aContainerThatIsNotInTheStatusYetMayGetThere() {
    listed(pod(UID, "api-1", container("app")));
    Naming before = index.name(found(UID, ID));
    assertNames(before, "api-1", null, AttributionReason.CONTAINER_NOT_IN_STATUS);
    assertThat(before.mayImprove()).isTrue();
    long version = index.version();

    index.put(pod(UID, "api-1", container("app", "containerd://" + ID)));
    assertThat(index.version()).isGreaterThan(version);
    assertNames(index.name(before.attribution()), "api-1", "app", null);
  }

  @Test
  void aContainerOfADeletedPodThatNoStatusNamedNeverWill() {
    listed(pod(UID, "api-1", container("app")));
    index.delete(UID);
    Naming naming = index.name(found(UID, ID));
    assertNames(naming, "api-1", null, AttributionReason.CONTAINER_NOT_IN_STATUS);
    assertThat(naming.mayImprove()).isFalse();
  }

  @Test
  void theSandboxOfAPodHasThePodsNames() {
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)));
    Naming naming = index.name(found(UID, null));
    assertNames(naming, "api-1", null, AttributionReason.CONTAINER_UNKNOWN);
    assertThat(naming.mayImprove()).isFalse();
  }

  @Test
  void whatIsMissingIsTheListOrThePod() {
    assertNobody(index.name(found(UID, ID)), AttributionReason.KUBERNETES_UNAVAILABLE);
    listed();
    assertNobody(index.name(found(UID, ID)), AttributionReason.POD_NOT_FOUND);
    index.outOfTouch(clock.instant());
    assertNobody(index.name(found(UID, ID)), AttributionReason.KUBERNETES_UNAVAILABLE);
    index.inTouch();
    assertNobody(index.name(found(UID, ID)), AttributionReason.POD_NOT_FOUND);
  }

  @Test
  void aNameFoundAfterAllReplacesTheReasonForItsAbsence() {
    Attribution unnamed = index.name(found(UID, ID)).attribution();
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)));
    assertNames(index.name(unnamed), "api-1", "app", null);
  }

  @Test
  void hostAndUnknownStayWhatTheyAre() {
    Attribution host = Attribution.host(Evidence.PROCFS);
    Attribution unknown = Attribution.unknown(AttributionReason.PID_REUSED);
    assertThat(index.name(host)).isEqualTo(new Naming(host, false));
    assertThat(index.name(unknown)).isEqualTo(new Naming(unknown, false));
  }

  @Test
  void aStaticPodIsKnownByItsHashNotByTheUidOfItsMirror() {
    listed(pod(UID, HASH, "etcd-n1", List.of(), container("etcd", "containerd://" + ID)));
    assertNames(index.name(found(HASH, ID)), "etcd-n1", "etcd", null);
    assertThat(index.name(found(null, ID)).attribution().podUid()).isEqualTo(HASH);
    assertNobody(index.name(found(UID, OLD_ID)), AttributionReason.POD_NOT_FOUND);
  }

  @Test
  void aMirrorMadeAnewIsTheSamePod() {
    listed(pod(UID, HASH, "etcd-n1", List.of(), container("etcd", "containerd://" + ID)));
    index.put(pod(OTHER_UID, HASH, "etcd-n1", List.of(), container("etcd", "containerd://" + ID)));
    index.delete(UID);
    assertNames(index.name(found(HASH, ID)), "etcd-n1", "etcd", null);
  }

  @Test
  void aHashThatIsAnotherPodsUidNamesTheOtherPod() {
    listed(
        pod(OTHER_UID, UID, "evil", List.of(), container("bad", "containerd://" + OLD_ID)),
        pod(UID, "api-1"));
    assertNames(
        index.name(found(UID, OLD_ID)), "api-1", null, AttributionReason.CONTAINER_NOT_IN_STATUS);
  }

  @Test
  void aHashThatTwoPodsHaveNamesNeither() {
    listed(
        pod(UID, HASH, "etcd-n1", List.of(), container("etcd", "containerd://" + ID)),
        pod(OTHER_UID, HASH, "evil", List.of(), container("bad", "containerd://" + OLD_ID)));
    assertNobody(index.name(found(HASH, ID)), AttributionReason.POD_NOT_FOUND);
    assertNobody(index.name(found(HASH, null)), AttributionReason.POD_NOT_FOUND);
  }

  @Test
  void theRunsBeforeTheLastAreRemembered() {
    listed(pod(UID, "api-1", container("app", "containerd://0")));
    for (int run = 1; run < 20; run++) {
      index.put(
          pod(UID, "api-1", container("app", "containerd://" + run, "containerd://" + (run - 1))));
    }
    assertThat(
            IntStream.range(0, 20)
                .filter(run -> index.name(found(UID, "" + run)).attribution().reason() == null))
        .containsExactly(12, 13, 14, 15, 16, 17, 18, 19);
  }

  @Test
  void aPodMadeAnewUnderItsNameIsAnotherPod() {
    listed(pod(UID, "db-0", container("db", "containerd://" + OLD_ID)));
    index.delete(UID);
    index.put(pod(OTHER_UID, "db-0", container("db", "containerd://" + ID)));
    assertThat(index.name(found(UID, OLD_ID)).attribution().podUid()).isEqualTo(UID);
    assertThat(index.name(found(null, ID)).attribution().podUid()).isEqualTo(OTHER_UID);
    assertThat(index.isGoneSince("prod", "db-0", clock.instant().plusSeconds(60))).isFalse();
  }

  @Test
  void deletedPodsAreKnownForTheirTimeAndThenForgotten() {
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)), pod(OTHER_UID, "api-2"));
    listed(pod(OTHER_UID, "api-2"));
    clock.advance(Duration.ofMinutes(20));
    index.delete(OTHER_UID);
    assertNames(index.name(found(UID, ID)), "api-1", "app", null);
    clock.advance(Duration.ofSeconds(1));
    assertThat(index.size()).isEqualTo(new PodIndex.Size(0, 1, 0, 0));
    assertNobody(index.name(found(UID, ID)), AttributionReason.POD_NOT_FOUND);
  }

  @Test
  void tooManyDeletedPodsPushOutTheFirst() {
    PodIndex small = new PodIndex(clock, new PodIndex.Limits(10, 2, Duration.ofMinutes(5)));
    small.replaceAll(IntStream.range(0, 4).mapToObj(i -> pod("u" + i, "p" + i)).toList());
    IntStream.range(0, 4).forEach(i -> small.delete("u" + i));
    assertThat(small.size()).isEqualTo(new PodIndex.Size(0, 2, 0, 2));
    assertThat(small.name(found("u1", null)).attribution().workload()).isNull();
    assertThat(small.name(found("u2", null)).attribution().workload()).isNotNull();
  }

  @Test
  void tooManyLivePodsAreRefusedAndNobodyIsSaidToBeGone() {
    PodIndex small = new PodIndex(clock, new PodIndex.Limits(2, 2, Duration.ofMinutes(5)));
    small.replaceAll(List.of(pod("u0", "p0"), pod("u1", "p1"), pod("u2", "p2")));
    assertThat(small.size()).isEqualTo(new PodIndex.Size(2, 0, 1, 0));
    assertThat(small.isGoneSince("prod", "p2", clock.instant())).isFalse();
    small.replaceAll(List.of(pod("u0", "p0")));
    assertThat(small.isGoneSince("prod", "p2", clock.instant())).isTrue();
  }

  @Test
  void anIndexThatRefusedAPodIsNotCompleteUntilAListFits() {
    PodIndex small = new PodIndex(clock, new PodIndex.Limits(1, 2, Duration.ofMinutes(5)));
    assertThat(small.complete()).isFalse();
    small.replaceAll(List.of(pod(UID, "api-1"), pod(OTHER_UID, "api-2")));
    assertThat(small.synced()).isTrue();
    assertThat(small.complete()).isFalse();
    assertNobody(small.name(found(OTHER_UID, null)), AttributionReason.KUBERNETES_UNAVAILABLE);
    small.replaceAll(List.of(pod(UID, "api-1")));
    assertThat(small.complete()).isTrue();
    assertNobody(small.name(found(OTHER_UID, null)), AttributionReason.POD_NOT_FOUND);
  }

  @Test
  void aPodThatWasSeenToGoIsGoneAlsoWhileOthersAreRefused() {
    PodIndex small = new PodIndex(clock, new PodIndex.Limits(2, 4, Duration.ofMinutes(5)));
    small.replaceAll(List.of(pod("u0", "db-0"), pod("u1", "api-1")));
    small.delete("u0");
    small.delete("u1");
    clock.advance(Duration.ofSeconds(1));
    small.put(pod("u2", "a"));
    small.put(pod("u3", "b"));
    small.put(pod("u4", "db-0"));
    assertThat(small.isGoneSince("prod", "api-1", clock.instant())).isTrue();
    assertThat(small.isGoneSince("prod", "db-0", clock.instant())).as("made anew").isFalse();
    assertThat(small.isGoneSince("prod", "never", clock.instant())).isFalse();
  }

  @Test
  void aPodIsGoneOnlyWhenThatIsCertain() {
    assertThat(index.isGoneSince("prod", "api-1", clock.instant())).isFalse();
    listed(pod(UID, "api-1"));
    assertThat(index.isGoneSince("prod", "api-1", clock.instant())).isFalse();
    assertThat(index.isGoneSince("prod", "never", clock.instant())).isTrue();
    index.delete(UID);
    Instant deleted = clock.instant();
    assertThat(index.isGoneSince("prod", "api-1", deleted)).isFalse();
    assertThat(index.isGoneSince("prod", "api-1", deleted.plusMillis(1))).isTrue();
    index.outOfTouch(clock.instant());
    assertThat(index.isGoneSince("prod", "api-1", deleted.plusMillis(1))).isFalse();
  }

  @Test
  void outOfTouchIsSinceTheFirstTime() {
    assertThat(index.outOfTouchSince()).isEqualTo(TestClock.START);
    index.inTouch();
    assertThat(index.synced()).as("nothing was listed yet").isFalse();
    listed();
    assertThat(index.outOfTouchSince()).isNull();
    clock.advance(Duration.ofSeconds(5));
    index.outOfTouch(clock.instant());
    index.outOfTouch(clock.instant().plusSeconds(9));
    assertThat(index.outOfTouchSince()).isEqualTo(TestClock.START.plusSeconds(5));
  }

  @Test
  void whatChangesNothingIsNoNewVersion() {
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)));
    long version = index.version();
    listed(pod(UID, "api-1", container("app", "containerd://" + ID)));
    index.delete("nobody");
    assertThat(index.version()).isEqualTo(version);
  }

  @Test
  void whatAContainerAsksForIsFoundByItsIdAndItsPod() {
    Container privileged =
        new Container(
            "app",
            ContainerType.CONTAINER,
            null,
            PROFILE,
            true,
            true,
            List.of("containerd://" + ID),
            List.of());
    listed(pod(UID, "api-1", privileged));
    PodDirectory.Specified asked =
        new PodDirectory.Specified("prod", "api-1", "app", PROFILE, true, true, "containerd");
    assertThat(index.specified(UID, ID)).isEqualTo(asked);
    assertThat(index.specified(null, ID)).isEqualTo(asked);
    assertThat(index.specified(UID, OLD_ID))
        .isEqualTo(new PodDirectory.Specified("prod", "api-1", null, null, false, false, null));
    assertThat(index.specified("other", ID)).isNull();
    assertThat(index.specified(null, OLD_ID)).isNull();
  }

  @Test
  void terminationsBySigsysAreFoundByTimeAlsoOfDeletedPods() {
    Instant end = Instant.parse("2026-11-22T10:20:30Z");
    Termination termination = new Termination("containerd://" + ID, end);
    Container ended =
        new Container(
            "etcd",
            ContainerType.CONTAINER,
            null,
            null,
            false,
            false,
            List.of("containerd://" + ID),
            List.of(termination));
    listed(pod(UID, HASH, "etcd-n1", List.of(), ended));
    index.delete(UID);
    PodDirectory.SigsysTermination expected =
        new PodDirectory.SigsysTermination(HASH, "containerd://" + ID, end);
    assertThat(index.endedBySigsys(end, end)).containsExactly(expected);
    assertThat(index.endedBySigsys(end.plusSeconds(1), end.plusSeconds(9))).isEmpty();
    assertThat(index.endedBySigsys(end.minusSeconds(9), end.minusSeconds(1))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"c12,c345", "c345,c12"})
  void podsAreFoundByTheCategoriesTheyAskFor(String asked) {
    listed(
        pod(UID, null, "api-1", List.of("c12,c345")),
        pod(OTHER_UID, HASH, "etcd-n1", List.of("c1,c2", "c12,c345")),
        pod("u", null, "api-3", List.of("c12,c346")));
    assertThat(index.podsAskingForCategories(asked)).containsExactlyInAnyOrder(UID, HASH);
    assertThat(index.podsAskingForCategories("nonsense")).isEmpty();
  }
}
