package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.record.SeccompRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AttributorTest {
  private static final int ERRNO = 0x50000;
  private static final int KILL = 0x80000000;
  private static final long NOW = 1_000_000;

  @TempDir Path directory;
  private FakeProc proc;
  private ProcessHistory history;
  private Attributor attributor;

  @BeforeEach
  void node() {
    proc = new FakeProc(directory);
    BootClock clock = proc.clock();
    history = proc.history(clock, ProcessHistory.Limits.DEFAULT);
    attributor = new Attributor(proc.reader(CgroupAnchor.NONE), clock, history, null);
  }

  @Test
  void aLivingProcessIsRead() {
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    Attribution found = at(5_000, NOW, ERRNO);
    assertThat(found.outcome()).isEqualTo(Outcome.CONTAINER);
    assertThat(found.by()).isEqualTo(Evidence.PROCFS);
    assertThat(found.reason()).isNull();
    assertThat(found.podUid()).isEqualTo(FakeProc.POD);
    assertThat(found.containerId()).isEqualTo(FakeProc.CONTAINER);
  }

  @ParameterizedTest
  @CsvSource({
    "0::/kubepods/podx, POD, CONTAINER_UNKNOWN",
    "0::/system.slice/sshd.service, HOST, ",
    "0::/, HOST, ",
    "0::/kubepods/podx/crio-conmon-1, HOST, ",
    "nonsense, UNKNOWN, CGROUP_MALFORMED",
  })
  void theCgroupDecidesTheOutcome(String cgroup, Outcome outcome, AttributionReason reason) {
    proc.start(5_000, NOW - 9_000, cgroup + "\n");
    assertThat(at(5_000, NOW, ERRNO).outcome()).isEqualTo(outcome);
    assertThat(at(5_000, NOW, ERRNO).reason()).isEqualTo(reason);
  }

  /** Uptime and start are known to 10 ms, the stamp is up to 11 ms early. */
  @ParameterizedTest
  @CsvSource({
    "-60, app, ERRNO, S, CONTAINER",
    "-60, other, ERRNO, S, CONTAINER",
    "-60, app, KILL, S, CONTAINER",
    "0, app, ERRNO, S, CONTAINER",
    "0, other, ERRNO, S, UNKNOWN",
    "0, app, KILL, Z, CONTAINER",
    "0, app, KILL, S, UNKNOWN",
    "0, app, CUT, S, UNKNOWN",
    "0, app, CUT, Z, CONTAINER",
    "10, app, ERRNO, S, CONTAINER",
    "30, app, ERRNO, S, UNKNOWN",
    "5000, app, ERRNO, S, UNKNOWN",
  })
  void aProcessThatStartedAfterTheRecordIsNotItsOwn(
      long startedAfterStamp, String comm, String action, char state, Outcome outcome) {
    proc.process(5_000, NOW + startedAfterStamp, state, "app", FakeProc.CGROUP);
    int code =
        switch (action) {
          case "KILL" -> KILL;
          case "CUT" -> 0x12340000; // of unknown action, as a record that was cut is
          default -> ERRNO;
        };
    SeccompRecord record = FakeProc.record(5_000, comm, NOW, code);
    assertThat(attributor.attribute(record).outcome()).isEqualTo(outcome);
  }

  @Test
  void aReusedPidIsSaidAsSuch() {
    proc.start(5_000, NOW + 100, FakeProc.CGROUP);
    assertThat(at(5_000, NOW, ERRNO)).isEqualTo(Attribution.unknown(AttributionReason.PID_REUSED));
  }

  @Test
  void recordsOfTheLastBootAreNobodys() {
    proc.start(5_000, 0, FakeProc.CGROUP);
    assertThat(at(5_000, -100_000, ERRNO))
        .isEqualTo(Attribution.unknown(AttributionReason.PID_REUSED));
  }

  @Test
  void aProcessThatIsGoneIsFoundInTheHistory() {
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    history.walk();
    proc.end(5_000);
    proc.pass(20);
    Attribution found = at(5_000, NOW + 20, KILL);
    assertThat(found.by()).isEqualTo(Evidence.HISTORY);
    assertThat(found.podUid()).isEqualTo(FakeProc.POD);
  }

  @Test
  void withoutHistoryItIsUnknown() {
    assertThat(at(5_000, NOW, KILL)).isEqualTo(Attribution.unknown(AttributionReason.PROCESS_GONE));
  }

  @Test
  void aZombieOfVersionOneIsFoundByItsStartTime() {
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    history.walk();
    proc.process(5_000, NOW - 9_000, 'Z', "app", "2:cpu:/\n0::/system.slice/containerd.service\n");
    assertThat(at(5_000, NOW, KILL).by()).isEqualTo(Evidence.HISTORY);
    assertThat(at(5_000, NOW, KILL).podUid()).isEqualTo(FakeProc.POD);
  }

  @Test
  void anUnknownZombieOfVersionOneIsNotTheHost() {
    proc.process(5_000, NOW - 9_000, 'Z', "app", "2:cpu:/\n0::/system.slice/containerd.service\n");
    assertThat(at(5_000, NOW, KILL)).isEqualTo(Attribution.unknown(AttributionReason.PROCESS_GONE));
  }

  @Test
  void aProcessThatProcfsHidesIsSaidAsSuch() {
    proc.end(1);
    assertThat(at(5_000, NOW, ERRNO))
        .isEqualTo(Attribution.unknown(AttributionReason.NO_PERMISSION));
  }

  @Test
  void withoutTimeOrPidNobodyIsNamed() {
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    SeccompRecord r = FakeProc.record(5_000, "app", NOW, ERRNO);
    SeccompRecord unstamped =
        new SeccompRecord(null, 0, 0, 0, 0, null, 5_000, "app", null, 0, 0, false, 1, 0, 1, ERRNO);
    assertThat(attributor.attribute(unstamped).reason()).isEqualTo(AttributionReason.NO_TIMESTAMP);
    long micros = (FakeProc.BOOT + NOW) * 1_000;
    assertThat(attributor.attribute(unstamped, micros, micros + 1_000_000).outcome())
        .isEqualTo(Outcome.CONTAINER);
    assertThat(at(0, NOW, ERRNO).reason()).isEqualTo(AttributionReason.INVALID_PID);
    assertThat(r.pid()).isEqualTo(5_000);
  }

  @Test
  void whatWasReadServesTheEarlierRecordsOfABacklog() {
    proc.start(5_000, NOW - 9_000, FakeProc.CGROUP);
    assertThat(at(5_000, NOW - 500, ERRNO).by()).isEqualTo(Evidence.PROCFS);
    proc.end(5_000);
    proc.start(5_000, NOW + 1_000, FakeProc.OTHER);
    assertThat(at(5_000, NOW - 400, ERRNO).podUid()).isEqualTo(FakeProc.POD);
  }

  /** What {@code acceptance/cgroups.py} does: a still uptime, processes of 5 s before. */
  @Test
  void theCorpusHoldsThroughAFakeProcWithAStillUptime() throws IOException {
    proc.end(1);
    proc.write("self/cgroup", "0::/\n");
    List<CgroupCorpus.Row> rows = CgroupCorpus.rows();
    for (CgroupCorpus.Row row : rows) {
      proc.process(100_000 + row.line(), NOW - 5_000, 'S', "t", row.text());
    }
    // The wall clock goes on for 4 s while the file stays.
    long[] passed = {0};
    BootClock clock =
        new ProcfsBootClock(
            proc.proc,
            java.time.Clock.offset(proc.wall(), java.time.Duration.ofMillis(4_050)),
            () -> passed[0] += 1_000_000);
    Attributor agent =
        new Attributor(proc.reader(CgroupAnchor.of("0::/\n", null)), clock, history, null);
    for (CgroupCorpus.Row row : rows) {
      if (row.ownCgroup() != null) {
        continue;
      }
      Attribution found =
          agent.attribute(FakeProc.record(100_000 + row.line(), "t", NOW + 4_000, ERRNO));
      CgroupOwner.InContainer expected = row.expected();
      String id = expected == null ? null : expected.containerId();
      assertThat(found.podUid())
          .as(row.toString())
          .isEqualTo(expected == null ? null : expected.podUid());
      if (id == null) {
        assertThat(found.containerId()).as(row.toString()).isNull();
      } else {
        assertThat(Objects.requireNonNull(found.containerId())).as(row.toString()).endsWith(id);
      }
    }
  }

  private Attribution at(int pid, long millis, int code) {
    return attributor.attribute(FakeProc.record(pid, "app", millis, code));
  }
}
