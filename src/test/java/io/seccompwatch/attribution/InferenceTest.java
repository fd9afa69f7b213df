package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.testing.FakePods;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With exactly one candidate, and with nothing that speaks against it. */
class InferenceTest {

  private static final int KILL = 0x80000000;
  private static final Instant TIME = Instant.parse("2026-11-22T10:20:23.836Z");
  private static final Instant SECOND = Instant.parse("2026-11-22T10:20:23Z");
  private static final String LABEL = "system_u:system_r:container_t:s0:c12,c345";

  private final FakePods pods = new FakePods();
  private final TestClock clock = new TestClock(TIME.minusSeconds(60));
  private final Inference inference = new Inference(pods, clock);
  private final SeccompRecord killed = Samples.record(1, KILL, "kc");

  @BeforeEach
  void aMinuteAfterTheStart() {
    clock.advance(Duration.ofSeconds(70));
  }

  @ParameterizedTest
  @CsvSource({"-1, false", "0, true", "1, true", "2, true", "3, false"})
  void aContainerMayEndUpToTwoSecondsAfterTheKill(int secondsLater, boolean concluded) {
    pods.end("u", "containerd://c", SECOND.plusSeconds(secondsLater));
    unknownKill(TIME);
    assertThat(inference.byTermination(killed, TIME) != null).isEqualTo(concluded);
  }

  @Test
  void theConclusionNamesTheContainerAndIsMarked() {
    pods.end("u", "containerd://c", SECOND);
    unknownKill(TIME);
    assertThat(inference.byTermination(killed, TIME))
        .isEqualTo(
            new Attribution(
                Outcome.CONTAINER, Evidence.TERMINATION, null, "u", "containerd://c", null));
  }

  @Test
  void aKillMayBeConcludedUntilAnotherMayTellOfTheSameEnds() {
    unknownKill(TIME);
    assertThat(inference.mayConclude(killed, TIME)).isTrue();
    unknownKill(TIME.minusMillis(10));
    assertThat(inference.mayConclude(killed, TIME)).isFalse();
  }

  @Test
  void aKillMayBeConcludedWhileOneOfTheEndsThatItMayTellOfIsItsAlone() {
    unknownKill(TIME);
    unknownKill(TIME.minusSeconds(1)); // cannot tell of an end two seconds after this one
    assertThat(inference.mayConclude(killed, TIME)).isTrue();
  }

  @Test
  void nothingWillBeConcludedOfBeforeTheStartOrALossOrOfWhatKillsNobody() {
    assertThat(inference.mayConclude(killed, TIME.minusSeconds(61))).isFalse();
    assertThat(inference.mayConclude(Samples.record(1, Samples.ERRNO, "kc"), TIME)).isFalse();
    inference.lost();
    assertThat(inference.mayConclude(killed, TIME)).isFalse();
  }

  @Test
  void ofTwoContainersNeitherIsBlamed() {
    pods.end("u", "containerd://c", SECOND);
    pods.end("v", "containerd://d", SECOND.plusSeconds(2));
    unknownKill(TIME);
    assertThat(inference.byTermination(killed, TIME)).isNull();
  }

  @Test
  void ofTwoUnknownKillsNeitherIsGivenTheContainer() {
    pods.end("u", "containerd://c", SECOND);
    unknownKill(TIME);
    unknownKill(TIME.plusMillis(100));
    assertThat(inference.byTermination(killed, TIME)).isNull();
  }

  /** A record that was cut before its action may tell of a kill, or of none. */
  @Test
  void aRecordOfUnknownActionSpeaksAgainstAConclusionAndGetsNone() {
    SeccompRecord unknown = Samples.record(2, 0x12340000, "kc");
    pods.end("u", "containerd://c", SECOND);
    unknownKill(TIME);
    inference.observe(unknown, TIME, Samples.unknown());
    assertThat(inference.byTermination(killed, TIME)).isNull();
    assertThat(inference.byTermination(unknown, TIME)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"containerd://c", "c"})
  void anEndThatAnotherRecordExplainsIsNoCandidate(String knownAs) {
    pods.end("u", "containerd://c", SECOND);
    pods.end("v", "containerd://d", SECOND);
    inference.observe(killed, TIME, container("u", knownAs));
    unknownKill(TIME);
    assertThat(inference.byTermination(killed, TIME))
        .returns("containerd://d", Attribution::containerId);
  }

  @Test
  void theEndOfTheOnlyExplainedContainerIsNobodyElses() {
    pods.end("u", "containerd://c", SECOND);
    inference.observe(killed, TIME, container("u", "containerd://c"));
    unknownKill(TIME);
    assertThat(inference.byTermination(killed, TIME)).isNull();
  }

  @Test
  void whenNotAllKillsAreRememberedNothingIsConcluded() {
    pods.end("u", "containerd://c", SECOND);
    IntStream.range(0, 1_025)
        .forEach(i -> inference.observe(killed, TIME, container("w", "containerd://e")));
    unknownKill(TIME);
    assertThat(inference.byTermination(killed, TIME)).isNull();
    clock.advance(Duration.ofSeconds(60));
    Instant later = TIME.plusSeconds(60);
    pods.end("v", "containerd://d", SECOND.plusSeconds(60));
    unknownKill(later);
    assertThat(inference.byTermination(killed, later)).isNotNull();
  }

  @Test
  void anEndBeforeTheAgentBeganToReadMayBeTheAnswerToARecordThatItNeverSaw() {
    Inference fresh = new Inference(pods, clock);
    pods.end("u", "containerd://c", SECOND);
    fresh.observe(killed, TIME, Samples.unknown());
    assertThat(fresh.byTermination(killed, TIME)).isNull();
  }

  @Test
  void afterALossNothingIsConcludedOfWhatWasBefore() {
    pods.end("u", "containerd://c", SECOND);
    unknownKill(TIME);
    inference.lost();
    assertThat(inference.byTermination(killed, TIME)).isNull();
  }

  @Test
  void anIncompleteListOfPodsConcludesNothing() {
    pods.end("u", "containerd://c", SECOND);
    pods.ask("c12,c345", "u");
    unknownKill(TIME);
    pods.synced(false);
    assertThat(inference.byTermination(killed, TIME)).isNull();
    assertThat(inference.byLabel(labelled(LABEL), TIME)).isNull();
  }

  @Test
  void whoeverIsNotKilledEndsNoContainer() {
    SeccompRecord denied = Samples.record(1, Samples.ERRNO, "kc");
    pods.end("u", "containerd://c", SECOND);
    inference.observe(denied, TIME, Samples.unknown());
    assertThat(inference.byTermination(denied, TIME)).isNull();
  }

  @Test
  void theOnePodThatAsksForTheLabelIsNamed() {
    pods.list("u", null);
    pods.ask("c12,c345", "u");
    assertThat(inference.byLabel(labelled(LABEL), TIME))
        .isEqualTo(
            new Attribution(
                Outcome.POD, Evidence.LABEL, AttributionReason.CONTAINER_UNKNOWN, "u", null, null));
  }

  @Test
  void aLabelOfAWholeNamespaceNamesNobody() {
    pods.list("u", null);
    pods.list("v", null);
    pods.ask("c12,c345", "u");
    pods.ask("c12,c345", "v");
    assertThat(inference.byLabel(labelled(LABEL), TIME)).isNull();
  }

  @Test
  void aLabelIsLearntFromRecordsOfProcessesThatWereSeen() {
    pods.list("u", null);
    assertThat(inference.byLabel(labelled(LABEL), TIME)).isNull();
    inference.observe(labelled(LABEL), TIME, container("u", "containerd://c"));
    assertThat(inference.byLabel(labelled(LABEL), TIME)).returns("u", Attribution::podUid);
    assertThat(inference.byLabel(labelled(LABEL), TIME.plus(Duration.ofMinutes(11)))).isNull();
    pods.ask("c12,c345", "v");
    assertThat(inference.byLabel(labelled(LABEL), TIME)).as("another asks for it").isNull();
  }

  @Test
  void aLabelSeenWithTwoPodsNamesNeither() {
    pods.list("u", null);
    pods.list("v", null);
    inference.observe(labelled(LABEL), TIME, container("u", "containerd://c"));
    inference.observe(labelled(LABEL), TIME, container("v", "containerd://d"));
    inference.observe(labelled(LABEL), TIME, container("v", "containerd://d"));
    assertThat(inference.byLabel(labelled(LABEL), TIME)).isNull();
  }

  @Test
  void theLabelOfADeletedPodMayBeAnothersByNow() {
    pods.list("u", null);
    inference.observe(labelled(LABEL), TIME, container("u", "containerd://c"));
    pods.delete("u");
    assertThat(inference.byLabel(labelled(LABEL), TIME)).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "system_u:system_r:container_t:s0:c12,c345 | c12,c345",
        "system_u:system_r:container_init_t:s0:c0,c1023 | c0,c1023",
        "system_u:system_r:container_t:s0 | ",
        "system_u:system_r:spc_t:s0 | ",
        "system_u:system_r:svirt_t:s0:c12,c345 | ",
        "system_u:system_r:container_t:s0:c12 | ",
        "system_u:system_r:container_t:s0:c12,c345,c400 | ",
        "system_u:system_r:container_t:s0:c12.c345 | ",
        "system_u:system_r:container_t:s0-s0:c0.c1023 | ",
        "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023 | ",
        "cri-containerd.apparmor.d | ",
        "unconfined | ",
        "'' | ",
        "::::: | ",
        "system_u:system_r:container_t:s0:c12,cx | ",
      })
  void onlyAContainersPairOfCategoriesTells(String label, @Nullable String categories) {
    assertThat(Inference.categories(label)).isEqualTo(categories);
  }

  private void unknownKill(Instant time) {
    inference.observe(killed, time, Samples.unknown());
  }

  private static Attribution container(String uid, String id) {
    return new Attribution(Outcome.CONTAINER, Evidence.PROCFS, null, uid, id, null);
  }

  private static SeccompRecord labelled(String label) {
    SeccompRecord r = Samples.record(1, Samples.ERRNO, "kc");
    return new SeccompRecord(
        r.stamp(),
        r.auid(),
        r.uid(),
        r.gid(),
        r.session(),
        label,
        r.pid(),
        r.comm(),
        r.exe(),
        r.signal(),
        r.archToken(),
        r.hasArch(),
        r.syscall(),
        r.compat(),
        r.ip(),
        r.code());
  }
}
