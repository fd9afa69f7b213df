package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.BootClock.Moment;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.ProcReader.ProcessView;
import io.seccompwatch.attribution.ProcessEventHistory.Finding;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Times are milliseconds since boot; the listening begins at 1,000. */
final class ProcessEventHistoryTest {

  static final InContainer A = container("a");
  static final InContainer B = container("b");
  private static final int RUNTIME = 10;
  private static final int PARENT = 20;
  private static final int CHILD = 30;

  private final Map<Integer, ProcessView> proc = new HashMap<>();

  /** Cgroups of processes that end before anything else of them can be read. */
  private final Map<Integer, CgroupOwner> glimpses = new HashMap<>();

  private long now = 1_000;

  /** Microseconds beyond {@link #now}. */
  private long micros;

  private boolean drained = true;
  private ProcessEventHistory ledger = ledger(ProcessEventHistory.Limits.DEFAULT);

  private ProcessEventHistory ledger(ProcessEventHistory.Limits limits) {
    return new ProcessEventHistory(
        pid -> proc.getOrDefault(pid, new ProcessView.Gone()),
        pid ->
            glimpses.containsKey(pid)
                ? glimpses.get(pid)
                : proc.get(pid) instanceof ProcessView.Present present ? present.owner() : null,
        () -> now * 1_000_000 + micros * 1_000,
        () -> drained ? now * 1_000_000 : -1,
        limits);
  }

  static InContainer container(String name) {
    return new InContainer("pod-" + name, name.repeat(64), ContainerRuntime.UNKNOWN, null);
  }

  static ProcessView present(long startMillis, CgroupOwner owner) {
    return new ProcessView.Present(startMillis / 10, false, "app", false, false, owner);
  }

  @BeforeEach
  void aNodeWithARuntimeAndAContainerA() {
    proc.put(RUNTIME, present(100, new CgroupOwner.Host(false)));
    proc.put(PARENT, present(200, A));
    ledger.activate(now * 1_000_000);
    ledger.walked(RUNTIME);
    ledger.walked(PARENT);
    now = 2_000;
  }

  @Test
  void aChildIsWhereItsParentIs() {
    fork(PARENT, CHILD, 2_000);
    now = 2_001;
    assertThat(find(CHILD, 2_000)).isEqualTo(new Finding.Known(A, Evidence.PARENT));
  }

  @Test
  void aChildThatIsGoneWithinItsRecordsMillisecondIsKnown() {
    fork(PARENT, CHILD, 2_000);
    exit(CHILD, 2_000);
    now = 2_500;
    assertThat(find(CHILD, 2_000)).isEqualTo(new Finding.Known(A, Evidence.PARENT));
  }

  @Test
  void aGrandchildTooAndWhoWasWalkedIsKnownAsSeen() {
    fork(PARENT, CHILD, 2_000);
    fork(CHILD, 31, 2_001);
    now = 2_002;
    assertThat(find(31, 2_001)).isEqualTo(new Finding.Known(A, Evidence.PARENT));
    assertThat(find(PARENT, 2_001)).isEqualTo(new Finding.Known(A, Evidence.HISTORY));
  }

  @Test
  void aChildOfTheHostIsNotConcludedToBeTheHosts() {
    fork(RUNTIME, CHILD, 2_000);
    now = 2_001;
    assertThat(find(CHILD, 2_000)).isEqualTo(new Finding.Nothing());
  }

  @Test
  void whatTheRuntimeMadeAndMovedIsKnownFromItsExec() {
    fork(RUNTIME, CHILD, 2_000);
    proc.put(CHILD, present(2_000, B));
    now = 2_050;
    exec(CHILD, 2_050);
    proc.remove(CHILD);
    exit(CHILD, 2_051);
    now = 2_060;
    assertThat(find(CHILD, 2_050)).isEqualTo(new Finding.Known(B, Evidence.HISTORY));
  }

  /** A command of {@code kubectl exec} may end before its exec is heard of. */
  @Test
  void whatTheRuntimeMadeAndMovedIsKnownBeforeItsExec() {
    fork(RUNTIME, CHILD, 2_000);
    proc.put(CHILD, present(2_000, new CgroupOwner.Host(false)));
    now = 2_000;
    micros = 100;
    assertThat(ledger.lookAtYoung()).isEqualTo(250);
    proc.put(CHILD, present(2_000, B));
    micros = 350;
    assertThat(ledger.lookAtYoung()).as("there is no more to be found").isZero();
    proc.remove(CHILD);
    now = 2_010;
    exec(CHILD, 2_009);
    exit(CHILD, 2_009);
    assertThat(find(CHILD, 2_009)).isEqualTo(new Finding.Known(B, Evidence.HISTORY));
  }

  /** Its start time could not be compared, but it had the PID until after its cgroup was read. */
  @ParameterizedTest
  @CsvSource({
    // exit, in microseconds after the read | the container
    "1, KNOWN B",
    "500, KNOWN B",
    "0, NOTHING", // too close to tell
    "-1, NOTHING", // what was read was the next process's of the PID
  })
  void aProcessThatEndsWhileItIsReadIsKnownByItsCgroupIfItsExitIsLater(
      long exitMicros, String expected) {
    for (boolean atItsExec : List.of(false, true)) {
      ledger = ledger(ProcessEventHistory.Limits.DEFAULT);
      aNodeWithARuntimeAndAContainerA();
      micros = 0;
      fork(RUNTIME, CHILD, 2_000);
      micros = 900;
      glimpses.put(CHILD, B);
      if (atItsExec) {
        ledger.execed(CHILD, 2_000_800_000L);
      } else {
        ledger.lookAtYoung();
      }
      ledger.exited(CHILD, true, 2_000_900_000L + exitMicros * 1_000);
      now = 2_100;
      assertThat(told(find(CHILD, 2_000))).as("at its exec: " + atItsExec).isEqualTo(expected);
    }
  }

  @Test
  void aHiddenProcessIsNotKnownByItsCgroupAlone() {
    fork(RUNTIME, CHILD, 2_000);
    proc.put(CHILD, new ProcessView.Hidden());
    glimpses.put(CHILD, B);
    ledger.lookAtYoung();
    exec(CHILD, 2_001);
    now = 2_100;
    assertThat(told(find(CHILD, 2_050))).isEqualTo("NOTHING");
  }

  @Test
  void whatWasReadMayBeTheNextProcessesOfThePid() {
    fork(RUNTIME, CHILD, 2_000);
    proc.put(CHILD, present(2_000, B)); // the next one's, in truth
    now = 2_008;
    ledger.lookAtYoung();
    exit(CHILD, 2_003);
    fork(PARENT, CHILD, 2_005);
    now = 2_100;
    assertThat(told(ledger.find(CHILD, new Moment(2_001_000, 2_002_000)))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_050))).isEqualTo("KNOWN A");
  }

  @Test
  void aChildOfTheHostIsLookedAtAFewTimesOnlyAndNotAfterItsExec() {
    fork(RUNTIME, CHILD, 2_000);
    proc.put(CHILD, present(2_000, new CgroupOwner.Host(false)));
    fork(RUNTIME, 31, 2_000);
    exec(31, 2_001);
    int looks = 0;
    for (long pause = ledger.lookAtYoung(); pause > 0; pause = ledger.lookAtYoung()) {
      looks++;
      micros += pause;
    }
    assertThat(looks).isLessThanOrEqualTo(15);
    assertThat(micros).isBetween(100_000L, 300_000L);
    proc.put(CHILD, present(2_000, B));
    ledger.lookAtYoung();
    assertThat(told(find(CHILD, 2_050))).isEqualTo("NOTHING");
  }

  @Test
  void aForkStormOfTheHostCostsAFewLooksAMillisecond() {
    for (int i = 0; i < 1_000; i++) {
      fork(RUNTIME, 1_000 + i, 2_000);
      proc.put(1_000 + i, present(2_000, B));
    }
    now = 2_001;
    assertThat(ledger.lookAtYoung()).isEqualTo(1_000);
    long known =
        proc.keySet().stream()
            .filter(pid -> pid >= 1_000 && told(find(pid, 1_990)).equals("KNOWN B"))
            .count();
    assertThat(known).isLessThanOrEqualTo(8);
  }

  @Test
  void whatRanAProgramOfTheHostsFirstIsAContainersOnlyFromTheExecThere() {
    fork(RUNTIME, CHILD, 2_000);
    proc.put(CHILD, present(2_000, new CgroupOwner.Host(false)));
    now = 2_020;
    exec(CHILD, 2_020);
    proc.put(CHILD, present(2_000, B));
    now = 5_100;
    exec(CHILD, 5_020);
    assertThat(told(find(CHILD, 3_000))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 5_050))).isEqualTo("KNOWN B");
  }

  @Test
  void whoWasNotKnownIsAContainersOnlyFromItsExec() {
    proc.put(CHILD, present(1_400, B));
    now = 2_200;
    exec(CHILD, 2_100);
    assertThat(told(find(CHILD, 1_800))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_095))).isIn("NOTHING", "SEVERAL");
    assertThat(told(find(CHILD, 2_150))).isEqualTo("KNOWN B");
  }

  @Test
  void whatWasSeenToBeTheHostsIsAContainersOnlyFromTheExecThere() {
    now = 1_500;
    proc.put(CHILD, present(1_400, new CgroupOwner.Host(false)));
    ledger.walked(CHILD);
    proc.put(CHILD, present(1_400, B));
    now = 2_200;
    exec(CHILD, 2_100);
    assertThat(told(find(CHILD, 1_800))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_150))).isEqualTo("KNOWN B");
  }

  @Test
  void whoExecsElsewhereIsElsewhereFromThenOn() {
    fork(PARENT, CHILD, 2_000);
    proc.put(CHILD, present(2_000, B));
    now = 2_200;
    exec(CHILD, 2_100);
    assertThat(find(CHILD, 2_050)).isEqualTo(new Finding.Known(A, Evidence.PARENT));
    assertThat(find(CHILD, 2_150)).isEqualTo(new Finding.Known(B, Evidence.HISTORY));
    assertThat(find(CHILD, 2_095)).isEqualTo(new Finding.Several());
    proc.put(CHILD, present(2_000, new CgroupOwner.Host(false)));
    now = 2_400;
    exec(CHILD, 2_300);
    assertThat(find(CHILD, 2_350)).isEqualTo(new Finding.Nothing());
  }

  /** The read at exec may hit the next process of the PID; its events tell, and they come later. */
  @Test
  void aReadThatMayHaveHitTheNextProcessCountsOnlyOnceItsEventsHaveCome() {
    fork(RUNTIME, CHILD, 2_000);
    proc.put(CHILD, present(2_000, B)); // the next one's, in truth
    now = 2_007;
    drained = false;
    exec(CHILD, 2_002);
    assertThat(ledger.find(CHILD, new Moment(2_001_000, 2_002_000)))
        .isEqualTo(new Finding.Behind());
    exit(CHILD, 2_003);
    fork(PARENT, CHILD, 2_005);
    drained = true;
    assertThat(ledger.find(CHILD, new Moment(2_001_000, 2_002_000)))
        .isEqualTo(new Finding.Nothing());
  }

  @ParameterizedTest
  @CsvSource({
    "2000, KNOWN A",
    "2085, KNOWN A", // the stamp's 11 ms end before the next one begins
    "2095, SEVERAL",
    "2105, KNOWN B", // the first one had ended at 2090
  })
  void aPidThatWasGivenAwayIsNobodysWhileItCannotBeTold(long stamp, String expected) {
    proc.put(40, present(300, B));
    ledger.walked(40);
    fork(PARENT, CHILD, 1_990);
    exit(CHILD, 2_096);
    fork(40, CHILD, 2_100);
    now = 2_200;
    Finding found = find(CHILD, stamp);
    assertThat(told(found)).isEqualTo(expected);
  }

  private static String told(Finding found) {
    return switch (found) {
      case Finding.Known known -> "KNOWN " + (known.owner().equals(A) ? "A" : "B");
      case Finding.Several _ -> "SEVERAL";
      case Finding.Nothing _ -> "NOTHING";
      case Finding.Behind _ -> "BEHIND";
    };
  }

  @Test
  void twoProcessesOfOneContainerAreNoDoubt() {
    fork(PARENT, CHILD, 2_000);
    exit(CHILD, 2_001);
    fork(PARENT, CHILD, 2_002);
    now = 2_100;
    assertThat(told(find(CHILD, 2_000))).isEqualTo("KNOWN A");
  }

  @Test
  void someUnknownOneBeforeIsADoubt() {
    exit(CHILD, 1_998);
    fork(PARENT, CHILD, 2_000);
    now = 2_100;
    assertThat(told(find(CHILD, 1_995))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_001))).isEqualTo("KNOWN A");
  }

  @Test
  void itsThreadsLiveOnAfterTheMainOne() {
    fork(PARENT, CHILD, 2_000);
    exit(CHILD, 2_010);
    now = 2_500;
    assertThat(told(find(CHILD, 2_400))).isEqualTo("KNOWN A");
    ledger.exited(CHILD, false, 2_410_000_000L);
    fork(RUNTIME, CHILD, 2_412);
    now = 2_600;
    assertThat(told(find(CHILD, 2_390))).isEqualTo("KNOWN A");
    assertThat(told(find(CHILD, 2_405))).isEqualTo("SEVERAL");
  }

  @Test
  void anotherThreadMayExecAndTakeTheMainOnesPlace() {
    fork(PARENT, CHILD, 2_000);
    exit(CHILD, 2_010);
    proc.put(CHILD, present(2_000, A));
    exec(CHILD, 2_011);
    fork(CHILD, 31, 2_020);
    now = 2_600;
    assertThat(told(find(CHILD, 2_400))).isEqualTo("KNOWN A");
    assertThat(told(find(31, 2_400))).isEqualTo("KNOWN A");
  }

  @Test
  void saysThatItIsBehindUntilEventsFromTheRecordsTimeHaveCome() {
    drained = false;
    now = 2_100;
    assertThat(told(find(CHILD, 2_050))).isEqualTo("BEHIND");
    fork(PARENT, CHILD, 2_040);
    assertThat(told(find(CHILD, 2_050))).isEqualTo("BEHIND");
    fork(PARENT, 31, 2_061);
    assertThat(told(find(CHILD, 2_050))).isEqualTo("KNOWN A");
    assertThat(ledger.caughtUpMicros()).isEqualTo(2_061_000);
  }

  @Test
  void afterALossOnlyTheTimeBeforeIsKnownUntilTheWalk() {
    fork(PARENT, CHILD, 2_000);
    now = 2_300;
    ledger.lost(5, 2_100_000_000L);
    assertThat(ledger.wantsWalk()).isTrue();
    assertThat(ledger.counts().lost()).isEqualTo(5);
    assertThat(told(find(CHILD, 2_080))).isEqualTo("KNOWN A");
    assertThat(told(find(CHILD, 2_095))).isEqualTo("NOTHING");
    assertThat(told(find(PARENT, 2_250))).isEqualTo("NOTHING");
    fork(PARENT, 31, 2_301); // from a parent who may be another by now
    proc.put(CHILD, present(2_200, B));
    ledger.walked(CHILD);
    ledger.walked(PARENT);
    now = 2_400;
    assertThat(told(find(31, 2_350))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_350))).isEqualTo("KNOWN B");
    assertThat(told(find(CHILD, 2_080))).isEqualTo("KNOWN A");
    assertThat(told(find(CHILD, 2_150))).isEqualTo("NOTHING");
    assertThat(told(find(PARENT, 2_350))).isEqualTo("KNOWN A");
  }

  /** Another CPU's gap shows only when that CPU tells something again. */
  @Test
  void aLossThatIsLearntLaterTakesBackMore() {
    fork(PARENT, CHILD, 2_000);
    now = 2_300;
    ledger.lost(0, 2_200_000_000L);
    assertThat(told(find(CHILD, 2_100))).isEqualTo("KNOWN A");
    ledger.lost(5, 2_050_000_000L);
    assertThat(told(find(CHILD, 2_100))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_020))).isEqualTo("KNOWN A");
  }

  @Test
  void aLossTakesBackWhoWasTakenToHaveThePidUntilTheNextOne() {
    fork(PARENT, CHILD, 2_000);
    fork(RUNTIME, CHILD, 2_500); // what lies between is missing
    now = 2_600;
    ledger.lost(5, 2_050_000_000L);
    assertThat(told(find(CHILD, 2_100))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_020))).isEqualTo("KNOWN A");
  }

  @Test
  void aLossTakesBackAnEndThatMayHaveBeenTheNextOnes() {
    fork(PARENT, CHILD, 2_000);
    exit(CHILD, 2_500);
    now = 2_600;
    ledger.lost(5, 2_050_000_000L);
    assertThat(told(find(CHILD, 2_100))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_020))).isEqualTo("KNOWN A");
  }

  @Test
  void aLossBetweenTwoOfOneContainerMayHideAThirdOfAnother() {
    fork(PARENT, CHILD, 2_000);
    exit(CHILD, 2_010);
    fork(PARENT, CHILD, 2_100);
    exit(CHILD, 2_200);
    now = 2_600;
    assertThat(told(ledger.find(CHILD, new Moment(2_005_000, 2_150_000)))).isEqualTo("KNOWN A");
    ledger.lost(5, 2_050_000_000L);
    assertThat(told(ledger.find(CHILD, new Moment(2_005_000, 2_150_000)))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_120))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_005))).isEqualTo("KNOWN A");
  }

  @Test
  void isCaughtUpWithNothingWhileEventsAreFromBeforeOrAfterAHole() {
    ledger.caughtUp(2_000_000_000L);
    now = 2_600;
    drained = false;
    ledger.overrun();
    fork(PARENT, CHILD, 2_500);
    exit(31, 2_550);
    assertThat(ledger.caughtUpMicros()).isEqualTo(2_000_000);
    assertThat(told(find(PARENT, 2_300))).isEqualTo("BEHIND");
    ledger.lost(3, 2_400_000_000L); // one CPU's numbers; the others' may have gaps too
    assertThat(told(find(PARENT, 2_300))).isEqualTo("BEHIND");
    ledger.lost(0, 2_000_000_000L);
    ledger.caughtUp(2_600_000_000L);
    assertThat(told(find(PARENT, 2_300))).isEqualTo("NOTHING");
    assertThat(told(find(PARENT, 1_900))).isEqualTo("KNOWN A");
    assertThat(ledger.caughtUpMicros()).isEqualTo(2_600_000);
  }

  @Test
  void aWalkLooksAtThoseOfWhomOnlyTheForkIsKnown() {
    now = 2_300;
    ledger.lost(5, 2_100_000_000L);
    fork(PARENT, CHILD, 2_301); // from a parent who may be another by now
    proc.put(CHILD, present(2_300, A));
    now = 20_000;
    ledger.walkBegins();
    ledger.walked(PARENT);
    ledger.walked(CHILD);
    now = 20_500;
    assertThat(told(find(CHILD, 20_400))).isEqualTo("KNOWN A");
    assertThat(told(find(CHILD, 19_900))).isEqualTo("NOTHING");
  }

  /** Of two processes within one tick the start times are the same; the events tell. */
  @Test
  void aWalkThatMayHaveHitTheNextOneOfThePidIsTakenBackWhenItsEventsCome() {
    fork(RUNTIME, CHILD, 2_301);
    proc.put(CHILD, present(2_300, B)); // the next one's, in truth
    now = 2_315;
    drained = false;
    ledger.walked(CHILD);
    assertThat(ledger.find(CHILD, new Moment(2_315_000, 2_315_000)))
        .isEqualTo(new Finding.Behind());
    exit(CHILD, 2_303);
    fork(PARENT, CHILD, 2_304);
    now = 2_400;
    drained = true;
    assertThat(ledger.find(CHILD, new Moment(2_315_000, 2_315_000)))
        .isEqualTo(new Finding.Known(A, Evidence.PARENT));
  }

  @Test
  void aPausesChildrenMayBeAnyContainersOrphans() {
    proc.put(50, new ProcessView.Present(30, false, "pause", false, false, B));
    ledger.walked(50);
    fork(50, CHILD, 2_000);
    now = 2_100;
    assertThat(told(find(50, 2_050))).isEqualTo("KNOWN B");
    assertThat(told(find(CHILD, 2_050))).isEqualTo("NOTHING");
  }

  @Test
  void onlyContainersOfPodsAreTakenOver() {
    proc.put(
        50, present(300, new InContainer(null, "c".repeat(64), ContainerRuntime.DOCKER, null)));
    ledger.walked(50);
    fork(50, CHILD, 2_000);
    now = 2_100;
    assertThat(told(find(50, 2_050))).isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_050))).isEqualTo("NOTHING");
  }

  @Test
  void isBoundedAndWhatFindsNoRoomIsCountedAndUnknown() {
    ledger = ledger(new ProcessEventHistory.Limits(3, 4, 60_000));
    ledger.activate(1_000_000_000L);
    ledger.walked(PARENT);
    for (int i = 0; i < 10; i++) {
      fork(PARENT, 100 + i, 2_000 + i);
    }
    now = 2_100;
    assertThat(ledger.counts().processes()).isEqualTo(3);
    assertThat(ledger.counts().untracked()).isEqualTo(8);
    assertThat(told(find(101, 2_050))).isEqualTo("KNOWN A");
    assertThat(told(find(102, 2_050))).isEqualTo("NOTHING");
    for (int i = 0; i < 2_000; i++) {
      exit(100, 2_200 + i);
      fork(PARENT, 100, 2_200 + i);
    }
    now = 4_300;
    assertThat(ledger.counts().tombstones()).isLessThanOrEqualTo(4);
    assertThat(told(find(100, 4_280))).isEqualTo("KNOWN A");
    assertThat(told(find(100, 2_300))).isEqualTo("NOTHING");
  }

  /**
   * First come would be first forgotten: 56,000 forks a second leave half a second of everything.
   */
  @Test
  void aForkStormPushesOutItsOwnPastAlone() {
    ledger = ledger(new ProcessEventHistory.Limits(100, 50, 60_000));
    now = 1_500;
    ledger.activate(1_000_000_000L);
    ledger.walked(PARENT);
    proc.put(40, present(300, B));
    ledger.walked(40);
    for (int i = 0; i < 10; i++) {
      fork(40, 500 + i, 2_000 + i);
      exit(500 + i, 2_000 + i);
    }
    for (int i = 0; i < 5_000; i++) {
      fork(PARENT, 1_000 + i, 2_020 + i);
      exit(1_000 + i, 2_020 + i);
    }
    now = 7_100;
    for (int i = 0; i < 10; i++) {
      assertThat(find(500 + i, 2_000 + i)).isEqualTo(new Finding.Known(B, Evidence.PARENT));
    }
    assertThat(told(find(5_999, 7_019))).isEqualTo("KNOWN A");
    assertThat(told(find(1_000, 2_020))).isEqualTo("NOTHING");
    assertThat(ledger.counts())
        .returns(50, ProcessEventHistory.Counts::tombstones)
        .returns(4_960L, ProcessEventHistory.Counts::forgotten)
        .returns(A, ProcessEventHistory.Counts::crowdedBy);
    now = 200_000;
    assertThat(ledger.counts().crowdedBy()).as("a minute and more after it").isNull();
  }

  @Test
  void whoHadAPidAfterOneThatIsStillKnownMayHaveBeenForgotten() {
    ledger = ledger(new ProcessEventHistory.Limits(100, 3, 60_000));
    now = 1_500;
    ledger.activate(1_000_000_000L);
    ledger.walked(PARENT);
    proc.put(40, present(300, B));
    ledger.walked(40);
    fork(40, CHILD, 2_000);
    exit(CHILD, 2_100);
    for (int pid : new int[] {CHILD, 100, 101, 102, 103}) {
      fork(PARENT, pid, 2_105);
      exit(pid, 2_106);
    }
    now = 2_200;
    assertThat(told(find(CHILD, 2_050))).isEqualTo("KNOWN B");
    assertThat(told(find(CHILD, 2_095))).as("A's was there at 2,105").isEqualTo("NOTHING");
    assertThat(told(find(CHILD, 2_150))).isEqualTo("NOTHING");
  }

  @Test
  void aContainerWithMoreLivingProcessesThanFitLeavesRoomToOthers() {
    ledger = ledger(new ProcessEventHistory.Limits(20, 10, 60_000));
    now = 1_500;
    ledger.activate(1_000_000_000L);
    ledger.walked(PARENT);
    proc.put(40, present(300, B));
    ledger.walked(40);
    for (int i = 0; i < 100; i++) {
      fork(PARENT, 1_000 + i, 2_000);
    }
    for (int i = 0; i < 5; i++) {
      fork(40, 500 + i, 2_001);
    }
    now = 2_100;
    for (int i = 0; i < 5; i++) {
      assertThat(told(find(500 + i, 2_050))).isEqualTo("KNOWN B");
    }
    assertThat(ledger.counts())
        .returns(20, ProcessEventHistory.Counts::processes)
        .returns(A, ProcessEventHistory.Counts::crowdedBy);
  }

  @Test
  void aTombstoneIsForgottenAfterAMinute() {
    fork(PARENT, CHILD, 2_000);
    exit(CHILD, 2_001);
    fork(PARENT, 31, 63_000);
    now = 63_100;
    assertThat(told(find(CHILD, 2_000))).isEqualTo("NOTHING");
    assertThat(ledger.counts().tombstones()).isZero();
  }

  @Test
  void answersNothingOnceItsEventsHaveEnded() {
    ledger.deactivate();
    assertThat(told(find(PARENT, 2_000))).isEqualTo("NOTHING");
  }

  private void fork(int parent, int child, long millis) {
    ledger.forked(parent, child, millis * 1_000_000);
  }

  private void exec(int pid, long millis) {
    ledger.execed(pid, millis * 1_000_000);
  }

  private void exit(int pid, long millis) {
    ledger.exited(pid, true, millis * 1_000_000);
  }

  private Finding find(int pid, long stampMillis) {
    return ledger.find(
        pid, new Moment(stampMillis * 1_000, stampMillis * 1_000 + Attributor.STAMP_MICROS));
  }
}
