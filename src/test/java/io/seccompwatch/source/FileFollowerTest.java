package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.FileFollower.FollowerLimits;
import io.seccompwatch.source.RecordSource.StartAt;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One sentence a test; the histories in between are left to {@link FileFollowerModelTest}. */
class FileFollowerTest {

  /** A clock far back: every poll looks at the directory, however fast the test is. */
  private static final Clock EPOCH = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

  @TempDir Path temp;

  private final RecordingSink sink = new RecordingSink();
  private final TestAccess access = new TestAccess();
  private Path log;
  private Path file;
  private long nanos;
  private FileFollower follower;

  @BeforeEach
  void startOnAnEmptyFile() throws IOException {
    log = Files.createDirectory(temp.resolve("log"));
    file = Files.createFile(log.resolve("audit.log"));
    follower = start(StartAt.CHECKPOINT);
    drain();
  }

  @AfterEach
  void closeHandles() throws IOException {
    access.crash();
  }

  @Test
  void aFirstStartReadsNothingOfThePast() throws IOException {
    write(file, line(1) + line(2));
    restartWithout();
    write(file, line(3));
    drain();
    assertDelivered(3);
  }

  @Test
  void aLineHalfWrittenAtAFirstStartIsReadWhole() throws IOException {
    String half = line(2);
    write(file, line(1) + half.substring(0, 40));
    restartWithout();
    write(file, half.substring(40));
    drain();
    assertDelivered(2);
  }

  @Test
  void fromTheBeginningReadsThePresentFileAndNotItsSiblings() throws IOException {
    write(log.resolve("audit.log.1"), line(1));
    write(file, line(2));
    follower.close();
    follower = start(StartAt.BEGINNING);
    drain();
    assertDelivered(2);
  }

  @Test
  void aPartialLastLineWaitsForItsEnd() throws IOException {
    write(file, line(1) + line(2).substring(0, 50));
    drain();
    assertDelivered(1);
    assertThat(follower.state().offset()).isEqualTo(line(1).length());
    write(file, line(2).substring(50));
    drain();
    assertDelivered(1, 2);
  }

  @Test
  void aRenamedFileIsReadToItsEndBeforeTheNewOne() throws IOException {
    write(file, line(1));
    drain();
    write(file, line(2));
    rename("audit.log", "audit.log.1");
    write(file, line(3));
    drain();
    assertDelivered(1, 2, 3);
    assertThat(sink.rotations).isOne();
    assertThat(follower.state().rotations()).isOne();
  }

  @Test
  void aWriterThatHasNotReopenedIsStillHeard() throws IOException {
    rename("audit.log", "audit.log.1");
    write(file, line(1));
    drain();
    write(log.resolve("audit.log.1"), line(2));
    drain();
    assertDelivered(1, 2);
  }

  @Test
  void aFileRotatedAwayIsClosedWhenItIsQuietAndItsSuccessorHoldsData() throws IOException {
    write(file, line(1) + "unterminated");
    drain();
    rename("audit.log", "audit.log.1");
    pass(60);
    assertThat(follower.state().openFiles()).isOne();
    assertThat(follower.state().up()).isFalse();
    write(file, line(2));
    drain();
    pass(60);
    assertThat(follower.state().openFiles()).isOne();
    assertThat(sink.lines).containsExactly(text(1), text(2), "unterminated");
  }

  @Test
  void severalRotationsBetweenTwoPollsAreReadOldestFirst() throws IOException {
    write(file, line(1));
    rename("audit.log", "audit.log.3");
    write(log.resolve("audit.log.2"), line(2));
    write(log.resolve("audit.log.1"), line(3));
    write(file, line(4));
    drain();
    assertDelivered(1, 2, 3, 4);
    assertThat(sink.lost).isZero();
  }

  @Test
  void datedSiblingsAreReadOldestFirst() throws IOException {
    write(file, line(1));
    rename("audit.log", "audit.log-20261120");
    write(log.resolve("audit.log-20261122"), line(3));
    write(log.resolve("audit.log-20261121"), line(2));
    write(file, line(4));
    drain();
    assertDelivered(1, 2, 3, 4);
  }

  @Test
  void otherFilesBesideTheLogAreNotRead() throws IOException {
    for (String name :
        new String[] {"audit.log.bak", "audit.log.1.xz", "audit.log~", "audit.log2"}) {
      write(log.resolve(name), line(9));
    }
    write(file, line(1));
    drain();
    assertDelivered(1);
  }

  @Test
  void aTruncatedFileIsReadFromItsBeginning() throws IOException {
    write(file, line(1) + line(2));
    drain();
    truncate();
    write(file, line(3));
    drain();
    assertDelivered(1, 2, 3);
    assertThat(sink.rotations).isOne();
  }

  @Test
  void aTruncationIsNoticedWhenTheFileHasRegrownWithLinesOfTheSameLength() throws IOException {
    write(file, line(1) + line(2));
    drain();
    truncate();
    write(file, line(3) + line(4) + line(5));
    drain();
    assertDelivered(1, 2, 3, 4, 5);
  }

  @Test
  void theUnreadTailIsReadFromTheCopyOfACopyAndTruncate() throws IOException {
    write(file, line(1));
    drain();
    write(file, line(2));
    Files.copy(file, log.resolve("audit.log.1"));
    truncate();
    write(file, line(3) + line(4) + line(5));
    drain();
    assertDelivered(1, 2, 3, 4, 5);
    assertThat(sink.lost).isZero();
  }

  @Test
  void aCopyAndTruncateOfAFileNeverReadIsReadFromTheCopy() throws IOException {
    write(file, line(1));
    Files.copy(file, log.resolve("audit.log.1"));
    truncate();
    drain();
    assertDelivered(1);
  }

  @Test
  void theHoleOfAWriterThatDoesNotAppendIsDropped() throws IOException {
    write(file, line(1) + line(2));
    drain();
    truncate();
    try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
      writer.seek(2L * line(1).length());
      writer.write(line(3).getBytes(StandardCharsets.ISO_8859_1));
    }
    drain();
    assertDelivered(1, 2, 3);
    assertThat(sink.tooLong).isEmpty();
  }

  @Test
  void aDeletedFileIsReadToItsEndAndTheNextOneFromItsBeginning() throws IOException {
    write(file, line(1));
    drain();
    write(file, line(2));
    Files.delete(file);
    drain();
    assertThat(follower.state().up()).isFalse();
    assertThat(follower.state().reason()).contains("no such file");
    write(file, line(3));
    drain();
    assertDelivered(1, 2, 3);
    assertThat(follower.state().up()).isTrue();
  }

  @Test
  void aLinkTurnedElsewhereIsANewFile() throws IOException {
    Path link = temp.resolve("link.log");
    Files.createSymbolicLink(link, file);
    follower.close();
    follower = start(link, StartAt.END);
    drain();
    write(file, line(1));
    Path other = log.resolve("other.log");
    write(other, line(2));
    Files.createSymbolicLink(temp.resolve("next"), other);
    Files.move(temp.resolve("next"), link, StandardCopyOption.ATOMIC_MOVE);
    drain();
    assertDelivered(1, 2);
  }

  @Test
  void lostPermissionIsToldAndNothingIsMissedWhenItReturns() throws IOException {
    access.deny(true);
    write(file, line(1));
    rename("audit.log", "audit.log.1");
    write(file, line(2));
    drain();
    assertDelivered(1);
    assertThat(follower.state().up()).isFalse();
    assertThat(follower.state().reason())
        .isEqualTo("permission denied: run as root or join group adm");
    access.deny(false);
    pass(2);
    assertDelivered(1, 2);
    assertThat(follower.state().up()).isTrue();
  }

  @Test
  void aCopyThatCannotBeReadAtFirstIsReadLaterAlthoughNoByteOfItsOriginalHadBeen()
      throws IOException {
    write(file, line(1) + line(2));
    sink.failures = 1;
    assertThatThrownBy(follower::poll).isInstanceOf(IllegalStateException.class);
    follower.close();
    Files.copy(file, log.resolve("audit.log.2"));
    truncate();
    rename("audit.log", "audit.log.1");
    access.deny(true);
    follower = start(StartAt.CHECKPOINT);
    drain();
    drain();
    assertThat(sink.lost).as("it may be in a file that could not be read").isZero();
    access.deny(false);
    pass(2);
    assertDelivered(1, 2);
    assertThat(sink.lost).isZero();
  }

  @Test
  void aDirectoryThatIsMissingForAWhileLosesNothing() throws IOException {
    write(file, line(1));
    Path away = temp.resolve("away");
    Files.move(log, away);
    drain();
    assertThat(follower.state().up()).isFalse();
    write(away.resolve("audit.log"), line(2));
    Files.move(away, log);
    pass(2);
    assertDelivered(1, 2);
    assertThat(sink.lost).isZero();
  }

  @Test
  void aRestartGoesOnThroughEveryFileRotatedMeanwhile() throws IOException {
    write(file, line(1));
    drain();
    follower.close();
    write(file, line(2));
    rename("audit.log", "audit.log.2");
    write(log.resolve("audit.log.1"), line(3));
    write(file, line(4));
    follower = start(StartAt.CHECKPOINT);
    drain();
    assertDelivered(1, 2, 3, 4);
    assertThat(sink.lost).isZero();
  }

  @Test
  void aWriterThatHasNotReopenedWhenTheAgentRestartsIsStillHeard() throws IOException {
    write(file, line(1));
    drain();
    follower.close();
    rename("audit.log", "audit.log.1");
    write(file, line(2));
    follower = start(StartAt.CHECKPOINT);
    drain();
    write(log.resolve("audit.log.1"), line(3));
    Files.delete(log.resolve("audit.log.1"));
    drain();
    assertDelivered(1, 2, 3);
    pass(60);
    assertThat(follower.state().openFiles()).isOne();
  }

  @Test
  void aRestartFindsItsPlaceInACompressedSibling() throws IOException {
    write(file, line(1));
    drain();
    follower.close();
    write(file, line(2));
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(log.resolve("audit.log.1.gz")))) {
      Files.copy(file, out);
    }
    Files.delete(file);
    write(file, line(3));
    follower = start(StartAt.CHECKPOINT);
    drain();
    assertDelivered(1, 2, 3);
    assertThat(sink.lost).isZero();
  }

  @Test
  void aFileThatVanishedWhileTheAgentWasDownIsCountedAsLost() throws IOException {
    write(file, line(1));
    drain();
    follower.close();
    Files.delete(file);
    write(file, line(2));
    follower = start(StartAt.CHECKPOINT);
    drain();
    assertDelivered(1, 2);
    assertThat(sink.lost).isOne();
    assertThat(sink.reasons).containsExactly(LossReason.ROTATION);
  }

  @Test
  void aCrashRepeatsNoMoreThanWhatCameAfterTheLastCheckpoint() throws IOException {
    write(file, line(1));
    follower.poll();
    follower.checkpointNow();
    write(file, line(2));
    follower.poll();
    access.crash();
    follower = start(StartAt.CHECKPOINT);
    drain();
    assertDelivered(1, 2, 2);
  }

  @Test
  void aLineThatTheSinkDidNotTakeIsDeliveredAgain() throws IOException {
    write(file, line(1) + line(2));
    sink.failures = 1;
    org.assertj.core.api.Assertions.assertThatIllegalStateException().isThrownBy(follower::poll);
    drain();
    assertDelivered(1, 2);
  }

  @Test
  void aStateDirectoryThatCannotBeWrittenDoesNotStopTheReading() throws IOException {
    Files.writeString(temp.resolve("blocked"), "a file in its place");
    follower =
        new FileFollower(
            file,
            StartAt.CHECKPOINT,
            new CheckpointStore(temp.resolve("blocked"), null),
            "audit-log",
            sink,
            Clock.fixed(Instant.EPOCH, ZoneOffset.UTC),
            () -> nanos,
            FollowerLimits.defaults(),
            Runnable::run,
            access);
    drain();
    write(file, line(1));
    drain();
    assertDelivered(1);
    assertThat(follower.state().warning()).contains("checkpoint");
  }

  @ParameterizedTest
  @ValueSource(strings = {"fifo", "directory", "link to a device", "link to a kernel file"})
  void whatIsNoRegularFileIsToldAndTheRealFileIsReadWhenItIsBack(String what) throws Exception {
    write(file, line(1));
    drain();
    Files.delete(file);
    switch (what) {
      case "fifo" -> mkfifo(file);
      case "directory" -> Files.createDirectory(file);
      case "link to a device" -> Files.createSymbolicLink(file, Path.of("/dev/zero"));
      default -> Files.createSymbolicLink(file, Path.of("/proc/version"));
    }
    drain();
    assertThat(follower.state().up()).isFalse();
    assertThat(follower.state().reason()).endsWith(", not a regular file");
    Files.delete(file);
    write(file, line(2));
    pass(2);
    assertDelivered(1, 2);
    assertThat(follower.state().up()).isTrue();
    assertThat(follower.state().reason()).isNull();
  }

  @Test
  void siblingsThatAreNoRegularFilesAreLeftOutAndTold() throws Exception {
    mkfifo(log.resolve("audit.log.1"));
    Files.createDirectory(log.resolve("audit.log.2"));
    write(file, line(1));
    drain();
    assertDelivered(1);
    assertThat(follower.state().up()).isTrue();
    assertThat(follower.state().warning()).endsWith("is a FIFO and is not read");
  }

  @Test
  void aHoleWithoutEndIsReadInPiecesAndItsLagIsShown() throws IOException {
    try (RandomAccessFile endless = new RandomAccessFile(file.toFile(), "rw")) {
      endless.setLength(1L << 40);
    }
    long read = 0;
    for (int i = 0; i < 5; i++) {
      nanos += 1_000_000;
      assertThat(follower.poll()).isTrue();
      long now = (1L << 40) - follower.state().lagBytes();
      assertThat(now - read).isBetween(1L, 1L << 20);
      read = now;
    }
    assertThat(sink.lines).isEmpty();
  }

  @Test
  void filesRotatedWhileOthersAreReadAreOpenedFirstAndLoseNothing() throws IOException {
    follower.close();
    follower = start(file, StartAt.CHECKPOINT, EPOCH, slow());
    nanos += 1_000_000;
    follower.poll();
    int[] all = IntStream.range(0, 400).toArray();
    for (int i = 0; i < all.length; i += 100) {
      for (int each = i; each < i + 100; each++) {
        write(file, line(each));
      }
      nanos += 1_000_000;
      assertThat(follower.poll()).as("there is more than one poll reads").isTrue();
      Files.deleteIfExists(log.resolve("audit.log.1"));
      rename("audit.log", "audit.log.1"); // over the one before, of which most is unread
    }
    drain();
    assertDelivered(all);
    assertThat(sink.lost).isZero();
  }

  @Test
  void filesThatAreReadAreClosedAlthoughOthersAreNotYet() throws IOException {
    follower.close();
    follower = start(file, StartAt.CHECKPOINT, EPOCH, slow());
    drain();
    write(file, line(1));
    drain();
    rename("audit.log", "audit.log.1");
    for (int i = 2; i < 200; i++) {
      write(file, line(i));
    }
    assertThat(follower.poll()).isTrue();
    assertThat(follower.state().openFiles()).isEqualTo(2);
    nanos += Duration.ofSeconds(60).toNanos();
    assertThat(follower.poll()).isTrue();
    assertThat(follower.state().openFiles()).isOne();
  }

  @Test
  void filesThatCameAndWentUnseenAreCounted() throws IOException {
    write(file, line(1));
    drain();
    write(file, line(2));
    Files.delete(file);
    write(log.resolve("audit.log.1"), line(4)); // line 3 was rotated out
    write(file, line(5));
    drain();
    assertDelivered(1, 2, 4, 5);
    assertThat(sink.reasons).containsExactly(LossReason.ROTATION);
    drain();
    assertThat(sink.lost).isOne();
  }

  @Test
  void aFileReplacedWhileNobodyLookedMayHaveHadOthersInBetween() throws IOException {
    write(file, line(1));
    drain();
    Files.delete(file);
    write(file, line(2));
    nanos += Duration.ofSeconds(30).toNanos();
    drain();
    assertDelivered(1, 2);
    assertThat(sink.lost).isOne();
  }

  @Test
  void moreRotatedFilesThanMayBeOpenAreReadOneAfterTheOther() throws IOException {
    write(file, line(0));
    drain();
    rename("audit.log", "audit.log.60");
    for (int i = 1; i < 60; i++) {
      write(log.resolve("audit.log." + (60 - i)), line(i));
    }
    write(file, line(60));
    drain();
    assertThat(follower.state().openFiles()).isLessThanOrEqualTo(RotationMatcher.MAX_OPEN + 1);
    for (int i = 0; i < 10; i++) {
      pass(20);
    }
    assertThat(sink.lines)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.rangeClosed(0, 60).mapToObj(FileFollowerTest::text).toList());
    assertThat(sink.lost).isZero();
  }

  @Test
  void aDamagedCheckpointLosesNothingAndRepeatsWhatTheOneBeforeItDoesNotKnow() throws IOException {
    write(file, line(1));
    drain();
    follower.checkpointNow();
    write(file, line(2));
    drain();
    follower.close();
    Files.writeString(temp.resolve("state/audit-log.checkpoint"), "damaged");
    write(file, line(3));
    follower = start(StartAt.CHECKPOINT);
    assertThat(follower.state().warning())
        .contains("not a checkpoint: going on from the one before it");
    drain();
    assertThat(sink.lines).contains(text(3)).startsWith(text(1), text(2));
    pass(120);
    assertThat(follower.state().warning()).as("there is a new one by now").isNull();
  }

  @Test
  void withoutAnyCheckpointAUsedDirectoryMeansFromTheOldestFileOn() throws IOException {
    follower.close();
    deleteCheckpoints();
    sink.lines.clear();
    Path old = log.resolve("audit.log.3");
    write(old, line(0));
    Instant since = Instant.parse("2026-11-22T10:00:00Z");
    Files.setLastModifiedTime(old, FileTime.from(since.minusSeconds(1)));
    write(log.resolve("audit.log.2"), line(1));
    write(log.resolve("audit.log.1"), line(2));
    write(file, line(3));
    follower =
        new FileFollower(
            file,
            StartAt.CHECKPOINT,
            new CheckpointStore(temp.resolve("state"), since),
            "audit-log",
            sink,
            EPOCH,
            () -> nanos,
            FollowerLimits.defaults(),
            Runnable::run,
            access);
    drain();
    assertDelivered(1, 2, 3);
    assertThat(sink.lost).isZero();
    assertThat(follower.state().rotations()).isZero();
    assertThat(follower.state().warning()).contains("reading from the oldest rotated file on");
  }

  @Test
  void anOpenFileCostsNoSurveyWhileItsDirectoryDoesNotChange() throws IOException {
    int looks = access.lists();
    Clock later = Clock.offset(Clock.systemUTC(), Duration.ofHours(1));
    follower.close();
    follower = start(file, StartAt.END, later);
    drain();
    int first = access.lists();
    assertThat(first).isGreaterThan(looks);
    for (int i = 0; i < 10; i++) {
      write(file, line(i));
      drain();
    }
    assertThat(access.lists()).isEqualTo(first);
    rename("audit.log", "audit.log.1");
    drain();
    assertThat(access.lists()).isGreaterThan(first);
  }

  private FileFollower start(StartAt startAt) {
    return start(file, startAt);
  }

  private FileFollower start(Path path, StartAt startAt) {
    return start(path, startAt, EPOCH);
  }

  private FileFollower start(Path path, StartAt startAt, Clock clock) {
    return start(path, startAt, clock, FollowerLimits.defaults());
  }

  private FileFollower start(Path path, StartAt startAt, Clock clock, FollowerLimits limits) {
    return new FileFollower(
        path,
        startAt,
        new CheckpointStore(temp.resolve("state"), null),
        "audit-log",
        sink,
        clock,
        () -> nanos,
        limits,
        Runnable::run,
        access);
  }

  /** Reads a few lines a poll. */
  private static FollowerLimits slow() {
    return new FollowerLimits(
        64 << 10,
        4096,
        4096,
        Duration.ofSeconds(3),
        Duration.ofSeconds(10),
        Duration.ofSeconds(1),
        16);
  }

  private static void mkfifo(Path path) throws Exception {
    assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
  }

  private void deleteCheckpoints() throws IOException {
    Files.deleteIfExists(temp.resolve("state/audit-log.checkpoint"));
    Files.deleteIfExists(temp.resolve("state/audit-log.checkpoint.old"));
  }

  private void restartWithout() throws IOException {
    follower.close();
    deleteCheckpoints();
    sink.lines.clear();
    follower = start(StartAt.CHECKPOINT);
    drain();
  }

  private void drain() {
    nanos += 1_000_000;
    int polls = 0;
    while (follower.poll()) {
      assertThat(++polls).isLessThan(1000);
    }
  }

  private void pass(int seconds) {
    nanos += Duration.ofSeconds(seconds).toNanos();
    drain();
    drain();
  }

  private void assertDelivered(int... numbers) {
    assertThat(sink.lines)
        .containsExactlyElementsOf(
            java.util.Arrays.stream(numbers).mapToObj(FileFollowerTest::text).toList());
  }

  private void rename(String from, String to) throws IOException {
    Files.move(log.resolve(from), log.resolve(to));
  }

  private void truncate() throws IOException {
    Files.newOutputStream(file, StandardOpenOption.TRUNCATE_EXISTING).close();
  }

  /** All lines have one length and differ in their stamp, far from their end. */
  private static String text(int number) {
    return "type=SECCOMP msg=audit(1795342823.836:%06d): %s code=0x50000"
        .formatted(number, "x".repeat(100));
  }

  private static String line(int number) {
    return text(number) + "\n";
  }

  private static void write(Path path, String text) throws IOException {
    Files.write(
        path,
        text.getBytes(StandardCharsets.ISO_8859_1),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
