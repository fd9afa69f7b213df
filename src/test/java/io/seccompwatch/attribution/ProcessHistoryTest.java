package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.PidTimeline.PidCursor;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ProcessHistoryTest {
  private static final long NOW = 1_000_000;

  @TempDir Path directory;
  private FakeProc proc;
  private BootClock clock;
  private ProcessHistory history;

  @BeforeEach
  void node() {
    proc = new FakeProc(directory);
    clock = proc.clock();
    history = proc.history(clock, ProcessHistory.Limits.DEFAULT);
  }

  /** The process has the PID at the walk; the cursor then goes on from one number to another. */
  @ParameterizedTest
  @CsvSource({
    "5000, 1000, 1000, 30, true",
    "5000, 1000, 5000, 30, true",
    "5000, 1000, 5001, 30, false",
    "5000, 5001, 32767, 30, true",
    "5000, 5001, 300, 30, true",
    "5000, 5001, 5000, 30, true",
    "5000, 6000, 5001, 30, false",
    "5000, 4999, 4998, 30, false",
    "200, 6000, 6100, 30, true",
    "200, 250, 260, 30, false",
    "5000, 1000, 1001, 100, false",
  })
  void aPidKeepsItsOwnerUntilTheCursorComesBy(
      int pid, int cursorThen, int cursorNow, long millis, boolean known) {
    proc.cursor.next = cursorThen;
    proc.start(pid, NOW - 9_000, FakeProc.CGROUP);
    history.walk();
    proc.end(pid);
    proc.cursor.next = cursorNow;
    proc.pass(millis);
    assertThat(podAt(pid, NOW + millis)).isEqualTo(known ? FakeProc.POD : null);
  }

  @Test
  void theOldestProcessOfAContainerIsToldUntilItIsKnownToBeGone() {
    proc.cursor.next = PidCursor.UNKNOWN;
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    proc.start(4_000, NOW - 8_000, FakeProc.CGROUP);
    proc.start(6_000, NOW - 9_500, "0::/system.slice/sshd.service\n");
    history.walk();
    ContainerProcess first =
        new ContainerProcess(FakeProc.POD, FakeProc.CONTAINER, 5_000, (NOW - 9_000) / 10);
    ContainerProcess second =
        new ContainerProcess(FakeProc.POD, FakeProc.CONTAINER, 4_000, (NOW - 8_000) / 10);
    assertThat(history.oldestOfContainers(RunningContainers.NONE)).containsExactly(first);
    assertThat(history.oldestOfContainers(Set.of(first))).containsExactly(second);
    proc.end(5_000);
    history.walk();
    assertThat(history.oldestOfContainers(RunningContainers.NONE)).containsExactly(second);
    proc.end(4_000);
    history.walk();
    assertThat(history.oldestOfContainers(RunningContainers.NONE)).isEmpty();
  }

  @Test
  void withoutACursorNothingIsKnownAfterTheLastSight() {
    proc.cursor.next = PidCursor.UNKNOWN;
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    history.walk();
    proc.end(5_000);
    proc.pass(30);
    assertThat(podAt(5_000, NOW + 30)).isNull();
    assertThat(podAt(5_000, NOW - 1_000)).isEqualTo(FakeProc.POD);
  }

  @Test
  void aWalkLooksAtThePidsGivenAwaySince() {
    history.walk();
    proc.start(1_003, NOW + 10, FakeProc.CGROUP);
    proc.cursor.next = 1_010;
    proc.pass(30);
    history.walk();
    proc.end(1_003);
    proc.pass(30);
    assertThat(podAt(1_003, NOW + 60)).isEqualTo(FakeProc.POD);
  }

  @Test
  void aPidThatChangedHandsKeepsBothOwners() {
    proc.start(1_003, NOW - 9_000, FakeProc.CGROUP);
    history.walk();
    proc.end(1_003);
    proc.start(1_003, NOW + 40, FakeProc.OTHER);
    proc.cursor.next = 1_010;
    proc.pass(60);
    history.walk();
    proc.pass(60);
    assertThat(podAt(1_003, NOW - 1_000)).isEqualTo(FakeProc.POD);
    assertThat(podAt(1_003, NOW + 25)).as("between the walk and the change").isNull();
    assertThat(podAt(1_003, NOW + 100)).isNotNull().isNotEqualTo(FakeProc.POD);
  }

  @Test
  void anOldProcessIsKnownOverManyLaps() {
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    for (int step = 0; step < 30; step++) {
      proc.cursor.next = 300 + (proc.cursor.next - 300 + 4_001) % (32_768 - 300);
      proc.pass(30);
      history.walk();
    }
    assertThat(podAt(5_000, NOW + 30 * 30)).isEqualTo(FakeProc.POD);
  }

  @Test
  void aProcessThatIsStillWithItsRuntimeIsWaitedFor() {
    history.walk();
    proc.start(1_003, NOW + 10, "0::/system.slice/containerd.service\n");
    proc.cursor.next = 1_010;
    proc.pass(30);
    history.walk();
    proc.start(1_003, NOW + 10, FakeProc.CGROUP);
    proc.pass(30);
    history.walk();
    assertThat(podAt(1_003, NOW + 60)).isEqualTo(FakeProc.POD);
  }

  @Test
  void theHostsProcessesAreNotKept() {
    proc.start(5_000, NOW - 900_000, "0::/system.slice/sshd.service\n");
    history.walk();
    assertThat(history.size()).isZero();
  }

  @Test
  void theGoneAreForgottenAfterAMinute() {
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    history.walk();
    proc.end(5_000);
    proc.pass(31_000);
    history.walk();
    assertThat(history.size()).isOne();
    proc.pass(61_000);
    history.walk();
    assertThat(history.size()).isZero();
  }

  @Test
  void theNumberOfEntriesIsBoundedAndTheGoneGoFirst() {
    ProcessHistory small =
        proc.history(clock, new ProcessHistory.Limits(3, 60_000, 10, 4_096, 10_000));
    for (int pid = 5_000; pid < 5_010; pid++) {
      proc.start(pid, NOW - 9_000, FakeProc.CGROUP);
    }
    small.walk();
    assertThat(small.size()).isEqualTo(3);
    for (int pid = 5_000; pid < 5_010; pid++) {
      proc.end(pid);
    }
    proc.start(6_000, NOW - 9_000, FakeProc.CGROUP);
    proc.pass(1_000);
    small.walk();
    proc.start(6_001, NOW, FakeProc.OTHER);
    proc.pass(1_000);
    small.walk();
    assertThat(small.size()).isLessThanOrEqualTo(3);
    assertThat(small.ownerOf(6_001, NOW / 10)).isNotNull();
  }

  private @Nullable String podAt(int pid, long millis) {
    long micros = (FakeProc.BOOT + millis) * 1_000;
    BootClock.Moment event = clock.bootTime().moment(micros, micros + Attributor.STAMP_MICROS);
    InContainer owner = history.find(pid, event, "app").owner();
    return owner == null ? null : owner.podUid();
  }
}
