package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.publish.ViolationLog.LogTarget;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ViolationLogTest {

  private final TestClock clock = new TestClock();
  private Path file = Path.of("");
  private volatile long unwritten = -1;

  @BeforeEach
  void inADirectoryOfItsOwn(@TempDir Path directory) {
    file = directory.resolve("violations.jsonl");
  }

  @Test
  void writesALineForEachViolationAndTheRestWhenItIsClosed() throws IOException {
    try (ViolationLog log = log()) {
      log.start();
      IntStream.range(0, 500).forEach(i -> log.publish(Samples.deniedIn("pod" + i)));
    }
    assertThat(Files.readAllLines(file))
        .hasSize(500)
        .allMatch(
            line -> line.startsWith("{\"schema\":\"seccomp-watch/v1\",") && line.endsWith("}"))
        .last()
        .asString()
        .contains("\"pod\":\"pod499\"");
  }

  @Test
  void whatIsBeyondTheBudgetIsCountedAndNotWritten() throws IOException {
    try (ViolationLog log = log()) {
      log.start();
      IntStream.range(0, 100).forEach(i -> log.publish(Samples.denied(i)));
      assertThat(log.results()).containsEntry("suppressed", 100L - LineBudget.BURST);
    }
    assertThat(Files.readAllLines(file))
        .hasSize(LineBudget.BURST + 1)
        .last()
        .asString()
        .startsWith("{\"schema\":\"seccomp-watch/suppressed/v1\",")
        .contains("\"suppressed\":80,\"denied\":80,\"logged\":0,");
  }

  /** One container, 9,000 kinds, and then nothing more. */
  @Test
  void whatIsSuppressedIsWrittenAsASumWhenNoLineOfItsKindReportsIt() throws Exception {
    ViolationReader reader = new ViolationReader();
    try (ViolationLog log = log()) {
      log.start();
      for (int i = 0; i < 9_000; i++) {
        log.publish(
            Samples.violation(
                Samples.record(i, ERRNO, "kc"), "call" + i, Samples.workload("hostile")));
      }
      clock.advance(Duration.ofMillis(LineBudget.UNREPORTED_MILLIS));
      log.reportSuppressed();
      log.reportSuppressed();
    }
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(LineBudget.CONTAINER_BURST + 1);
    byte[] last = lines.getLast().getBytes(StandardCharsets.US_ASCII);
    assertThat(reader.read(last, 0, last.length)).as("no violation").isNull();
    assertThat(reader.readSuppressed(last, 0, last.length))
        .isNotNull()
        .returns(9_000L - LineBudget.CONTAINER_BURST, Suppressed::count)
        .returns("n1", Suppressed::node)
        .extracting(Suppressed::attribution)
        .isNotNull()
        .returns(Samples.workload("hostile").containerId(), Attribution::containerId);
  }

  @Test
  void whatFindsTheQueueFullIsCountedAndNobodyWaits() {
    ViolationLog log = log(); // whose writer is not started, and takes nothing
    IntStream.range(0, ViolationLog.QUEUE + 7).forEach(i -> log.publish(Samples.deniedIn("p" + i)));
    assertThat(log.results())
        .isEqualTo(Map.of("written", 0L, "suppressed", 0L, "dropped", 7L, "failed", 0L));
  }

  @Test
  void aSuppressedCountIsNotLostWithTheLineThatShouldHaveToldIt() throws Exception {
    ViolationLog log = log();
    Violation storm = Samples.denied(1);
    IntStream.range(0, LineBudget.BURST + 5).forEach(i -> log.publish(storm));
    IntStream.range(LineBudget.BURST, ViolationLog.QUEUE)
        .forEach(i -> log.publish(Samples.deniedIn("p" + i)));
    clock.advance(Duration.ofMillis(LineBudget.REFILL_MILLIS));
    log.publish(storm);
    assertThat(log.results()).containsEntry("dropped", 1L);

    log.start();
    Await.until("the queue is written", () -> written(log) == ViolationLog.QUEUE);
    clock.advance(Duration.ofMillis(LineBudget.REFILL_MILLIS));
    log.publish(storm);
    assertThat(log.close(Duration.ofSeconds(5))).isZero();
    assertThat(Files.readAllLines(file)).last().asString().endsWith(",\"suppressed\":6}");
  }

  @Test
  void aTargetThatCannotBeWrittenIsCountedAndTold() throws Exception {
    Files.createDirectory(file);
    try (ViolationLog log = log()) {
      log.start();
      log.publish(Samples.denied(1));
      Await.until("the failure is counted", () -> count(log, "failed") == 1);
      Await.until("the problem is told", () -> log.problem() != null);
      assertThat(log.problem()).startsWith(file + ": ").hasLineCount(1);

      Files.delete(file);
      log.publish(Samples.denied(2));
      Await.until("it writes again", () -> written(log) == 1);
      Await.until("the problem is gone", () -> log.problem() == null);
    }
    assertThat(Files.readAllLines(file)).hasSize(1);
  }

  @Test
  void aFullDiskIsAFailureAndNoEnd() throws Exception {
    try (ViolationLog log = new ViolationLog(LogTarget.file(Path.of("/dev/full")), clock)) {
      log.start();
      log.publish(Samples.denied(1));
      log.publish(Samples.denied(2));
      Await.until("both are counted", () -> count(log, "failed") == 2);
      assertThat(log.results()).containsEntry("written", 0L);
    }
  }

  @Test
  void aViolationThatMakesNoJsonIsAFailureAndTheOthersAreWritten() throws Exception {
    AuditStamp impossible = new AuditStamp(1, 999, 1, 1); // three digits where there was one
    Violation broken =
        Samples.violation(
            Samples.record(impossible, Samples.X86_64, 165, ERRNO, "kc", "/kc"), Samples.unknown());
    try (ViolationLog log = log()) {
      log.publish(Samples.denied(1));
      log.publish(broken);
      log.publish(Samples.denied(2));
      log.start();
      Await.until("two are written", () -> written(log) == 2);
      assertThat(log.results()).containsEntry("failed", 1L);
    }
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(3).allMatch(line -> line.endsWith("}"));
    assertThat(lines.getLast())
        .as("the one without a line is in a sum")
        .startsWith("{\"schema\":\"seccomp-watch/suppressed/v1\"")
        .contains("\"suppressed\":1");
  }

  @Test
  void aLogThatNeverBeganIsClosedAndSaysWhatItHasNotWritten() {
    ViolationLog log = log();
    log.publish(Samples.denied(1));
    assertThat(log.close(Duration.ofSeconds(5))).isEqualTo(1);
  }

  /** The writer waits for a reader of its FIFO: the queue is surely full. */
  @Test
  void whileTheAgentStopsAViolationWaitsForRoom() throws Exception {
    makeFifo();
    ViolationLog log = log();
    log.start();
    log.stopping(Duration.ofMinutes(5));
    int all = ViolationLog.QUEUE + 100;
    Thread last =
        Thread.ofPlatform()
            .start(
                () -> IntStream.range(0, all).forEach(i -> log.publish(Samples.deniedIn("p" + i))));
    Await.until("the queue is full", () -> last.getState() == Thread.State.TIMED_WAITING);
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      Thread closing = Thread.ofPlatform().start(() -> closeAfter(last, log));
      assertThat(lines.lines()).hasSize(all);
      closing.join();
    }
    assertThat(unwritten).isZero();
    assertThat(log.results()).containsEntry("written", (long) all).containsEntry("dropped", 0L);
  }

  @Test
  void aTargetThatTakesNothingEndsTheWaitAndEveryLineIsTold() throws Exception {
    makeFifo();
    ViolationLog log = log();
    log.start();
    int all = ViolationLog.QUEUE + 100;
    IntStream.range(0, 50).forEach(i -> log.publish(Samples.deniedIn("p" + i)));
    log.stopping(Duration.ZERO);
    IntStream.range(50, all).forEach(i -> log.publish(Samples.deniedIn("p" + i)));
    assertThat(log.close(Duration.ofMillis(1))).isEqualTo(all);
  }

  private void closeAfter(Thread last, ViolationLog log) {
    try {
      last.join();
      unwritten = log.close(Duration.ofMinutes(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void makeFifo() throws Exception {
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
  }

  @Test
  void aFileThatWasMovedAwayIsOpenedAnew() throws Exception {
    Path rotated = file.resolveSibling("violations.jsonl.1");
    try (ViolationLog log = log()) {
      log.start();
      log.publish(Samples.denied(1));
      Await.until("the first is written", () -> written(log) == 1);
      Files.move(file, rotated);
      log.publish(Samples.denied(2));
      Await.until("the second is written", () -> written(log) == 2);
      Files.delete(file);
      log.publish(Samples.denied(3));
      Await.until("the third is written", () -> written(log) == 3);
    }
    assertThat(Files.readString(rotated)).contains(":1\"").hasLineCount(1);
    assertThat(Files.readString(file)).contains(":3\"").hasLineCount(1);
  }

  @Test
  void anExistingFileIsAppendedTo() throws IOException {
    Files.writeString(file, "before\n");
    try (ViolationLog log = log()) {
      log.start();
      log.publish(Samples.denied(1));
    }
    assertThat(Files.readAllLines(file)).hasSize(2).startsWith("before");
  }

  @Test
  void aLineThatWasTornByAFailureDoesNotSpoilTheNext() throws Exception {
    Files.writeString(file, "{\"schema\":\"seccomp-wa");
    try (ViolationLog log = log()) {
      log.start();
      log.publish(Samples.violation(Samples.record(1, ERRNO, "kc"), Samples.unknown()));
    }
    assertThat(Files.readAllLines(file)).hasSize(2).last().asString().startsWith("{\"schema\"");
  }

  private ViolationLog log() {
    return new ViolationLog(LogTarget.file(file), clock);
  }

  private static long written(ViolationLog log) {
    return count(log, "written");
  }

  private static long count(ViolationLog log, String result) {
    return log.results().getOrDefault(result, 0L);
  }
}
