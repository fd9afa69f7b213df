package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.CgroupOwner;
import io.seccompwatch.attribution.ProcessEventHistory;
import io.seccompwatch.attribution.ProcessEvents;
import io.seccompwatch.source.CheckpointStore;
import io.seccompwatch.source.FileSource;
import io.seccompwatch.source.RecordSource.StartAt;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Thousands of processes that live for less than a millisecond, and the records of their ends. */
@Tag("node")
@ExtendWith(KernelTurn.class)
class KillStormNodeTest {

  private static final Path PID_MAX = Path.of("/proc/sys/kernel/pid_max");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void everyOneOf8000KilledProcessesIsFoundByItsEventsAndNoneIsWrong(@TempDir Path directory)
      throws Exception {
    storm(directory, 8_000, 0, 8_000);
  }

  /** Numbers come round every half second or so, and what had them belongs to others then. */
  @Test
  void noneIsWrongWhileNumbersAreGivenToOthersAgainAndAgain(@TempDir Path directory)
      throws Exception {
    // cat: the JDK reads a byte first, and a sysctl gives all to the first read
    String before = Command.run(directory, List.of("cat", PID_MAX.toString()));
    try {
      Files.writeString(PID_MAX, "8192");
      storm(directory, 2_400, 30, 1_200);
    } finally {
      Files.writeString(PID_MAX, before);
    }
  }

  /**
   * The records come after 60,000 other processes of one container have ended: more than are
   * remembered. That container has lost its past, the others have not.
   */
  @Test
  void aForkStormOfOneContainerDoesNotHideWhoseTheOthersKillsAre(@TempDir Path directory)
      throws Exception {
    int kills = 40;
    AtomicReference<String> ended = new AtomicReference<>();
    try (KillStorm storm = KillStorm.prepare(directory);
        ProcessEvents events =
            ProcessEvents.open(
                Path.of("/proc"), Judge.reader(), ProcessEventHistory.Limits.DEFAULT, ended::set);
        Judge judge = new Judge(events.ledger());
        FileSource source =
            new FileSource(
                storm.log(),
                StartAt.BEGINNING,
                new CheckpointStore(directory, null),
                "storm",
                judge,
                Clock.systemUTC())) {
      events.start();
      storm.gather(kills, 1_500, 0);
      long began = System.nanoTime();
      storm.go();
      double seconds = (System.nanoTime() - began) / 1e9;
      Thread.ofPlatform().daemon().start(source);
      int all = kills * KillStorm.containers();
      Await.until(
          "all records", PATIENCE, () -> judge.done() >= all, () -> judge.withEvents.toString());
      ProcessEventHistory.Counts counts = events.ledger().counts();
      System.out.printf(
          "%.0f forks a second for %.1f s, then the records: %s; %s%n",
          kills * 1_500 / seconds, seconds, judge.withEvents, counts);
      assertThat(ended.get()).as("why the events ended before").isNull();
      assertThat(counts.lost()).as("events that were lost").isZero();
      assertThat(judge.withEvents.wrong).as(judge.withEvents.firstWrong).isZero();
      assertThat(judge.withEvents.right)
          .as(judge.withEvents.toString())
          .isGreaterThanOrEqualTo(kills * (KillStorm.containers() - 1));
      assertThat(counts.forgotten()).isPositive();
      assertThat(counts.crowdedBy())
          .extracting(CgroupOwner.InContainer::containerId)
          .isEqualTo("1".repeat(64));
    }
  }

  private static void storm(Path directory, int kills, int forks, int atLeastRight)
      throws Exception {
    AtomicReference<String> ended = new AtomicReference<>();
    try (KillStorm storm = KillStorm.prepare(directory);
        ProcessEvents events =
            ProcessEvents.open(
                Path.of("/proc"), Judge.reader(), ProcessEventHistory.Limits.DEFAULT, ended::set);
        Judge judge = new Judge(events.ledger());
        FileSource source =
            new FileSource(
                storm.log(),
                StartAt.END,
                new CheckpointStore(directory, null),
                "storm",
                judge,
                Clock.systemUTC())) {
      events.start();
      Thread.ofPlatform().daemon().start(source);
      Await.until("the log is followed", () -> source.state().up());
      storm.gather(kills / KillStorm.containers(), forks);
      long began = System.nanoTime();
      storm.go();
      long tookMillis = (System.nanoTime() - began) / 1_000_000;
      Await.until(
          "all records", PATIENCE, () -> judge.done() >= kills, () -> judge.withEvents.toString());
      ProcessEventHistory.Counts counts = events.ledger().counts();
      System.out.printf(
          "%d kills in %d ms, tried again %d times; with events: %s; without: %s (%.1f %%); %s%n",
          kills,
          tookMillis,
          judge.retries,
          judge.withEvents,
          judge.withoutEvents,
          100.0 * judge.withoutEvents.right / kills,
          counts);
      assertThat(ended.get()).as("why the events ended before").isNull();
      assertThat(storm.lost()).as("records that the kernel lost").isZero();
      assertThat(counts.lost()).as("events that were lost").isZero();
      assertThat(judge.withoutEvents.wrong).as(judge.withoutEvents.firstWrong).isZero();
      assertThat(judge.withEvents.wrong).as(judge.withEvents.firstWrong).isZero();
      assertThat(judge.withEvents.right)
          .as(judge.withEvents.toString())
          .isGreaterThanOrEqualTo(atLeastRight);
    }
  }
}
