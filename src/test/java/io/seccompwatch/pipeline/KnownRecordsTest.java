package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KnownRecordsTest {

  private static final int MANY = 3 * KnownRecords.GENERATION;

  @TempDir Path directory;

  private final TestClock clock = new TestClock();
  private Deduplicator next = new Deduplicator(false);

  @Test
  void theNextRunKnowsWhatThisOneHandledAndNothingElse() {
    handle(known(), 1, 3);
    assertThat(load()).isNull();
    assertThat(isKnown(1)).isTrue();
    assertThat(isKnown(3)).isTrue();
    assertThat(isKnown(4)).isFalse();
    assertThat(isLongKnown(1)).isFalse();
  }

  @Test
  void everyRunAddsToWhatThoseBeforeKept() {
    handle(known(), 1, 2);
    KnownRecords second = known();
    assertThat(second.load(next)).isNull();
    handle(second, 3, 4);
    load();
    assertThat(isKnown(1)).isTrue();
    assertThat(isKnown(4)).isTrue();
  }

  @Test
  void nothingIsWrittenWhenNothingCame() throws IOException {
    assertThat(known().save()).isNull();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void atLeastTheLastGenerationIsKeptAndOfTheRestTheLatestStamp() throws IOException {
    KnownRecords records = known();
    for (int i = 0; i < MANY; i += 10_000) {
      handle(records, i, Math.min(i + 9_999, MANY));
    }
    load();
    assertThat(isKnown(MANY)).isTrue();
    assertThat(isKnown(MANY - KnownRecords.GENERATION)).isTrue();
    assertThat(isKnown(1)).isFalse();
    assertThat(isLongKnown(1)).isTrue();
    assertThat(isLongKnown(MANY - KnownRecords.GENERATION)).isFalse();
    long bytes =
        Files.size(directory.resolve("records")) + Files.size(directory.resolve("records.old"));
    assertThat(bytes).isLessThan(1 << 20);
  }

  @Test
  void aTornEndCostsOneStampAndTheNextAreWrittenInItsPlace() throws IOException {
    handle(known(), 1, 3);
    Path file = directory.resolve("records");
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 5));
    KnownRecords second = known();
    assertThat(second.load(next)).isNull();
    handle(second, 7, 7);
    load();
    assertThat(isKnown(2)).isTrue();
    assertThat(isKnown(3)).isFalse();
    assertThat(isKnown(7)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "SWREC00", "something else that is no file of records"})
  void aDamagedFileIsToldAndReplaced(String text) throws IOException {
    Files.writeString(directory.resolve("records"), text);
    KnownRecords records = known();
    assertThat(records.load(next)).contains("damaged").contains("may count again");
    handle(records, 1, 1);
    assertThat(load()).isNull();
    assertThat(isKnown(1)).isTrue();
  }

  @Test
  void aFifoInItsPlaceMakesNobodyWait() throws Exception {
    Path fifo = directory.resolve("records");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    KnownRecords records = known();
    assertThat(records.load(next)).contains("is a FIFO");
    handle(records, 1, 1);
    assertThat(load()).isNull();
    assertThat(isKnown(1)).isTrue();
  }

  @Test
  void whatCannotBeWrittenIsToldAndWrittenWhenItCanBe() throws IOException {
    Path file = Files.createDirectory(directory.resolve("records"));
    Files.createFile(file.resolve("in the way"));
    KnownRecords records = known();
    records.handled(stamp(1));
    assertThat(records.save()).startsWith(file + ": ").contains("may count again");
    records.handled(stamp(2));
    Files.delete(file.resolve("in the way"));
    assertThat(records.save()).isNull();
    load();
    assertThat(isKnown(1)).isTrue();
    assertThat(isKnown(2)).isTrue();
  }

  @Test
  void aStampFromTheFutureMakesNoOtherRecordKnown() {
    KnownRecords records = known();
    records.handled(new AuditStamp(99_999_999_999L, 0, 3, 4_000_000_000L));
    handle(records, 1, MANY / 2);
    handle(records, MANY / 2 + 1, MANY);
    load();
    assertThat(isLongKnown(MANY + 1)).isFalse();
    assertThat(isLongKnown(1)).isTrue();
  }

  /** A machine without a clock of its own starts in 1970: its first records have small serials. */
  @Test
  void aLatestStampAheadOfTheClockMakesNoRecordKnown() {
    KnownRecords records = known();
    handle(records, 1, MANY / 2);
    handle(records, MANY / 2 + 1, MANY);
    clock.advance(Duration.between(TestClock.START, Instant.EPOCH));
    load();
    assertThat(isLongKnown(1)).isFalse();
    assertThat(isKnown(MANY)).isTrue();
  }

  @Test
  void aFileThatIsTooLongIsNotRead() throws IOException {
    handle(known(), 1, 3);
    Files.write(directory.resolve("records"), new byte[1 << 20], StandardOpenOption.APPEND);
    assertThat(load()).contains("larger than");
  }

  private KnownRecords known() {
    return new KnownRecords(directory, clock);
  }

  private @Nullable String load() {
    next = new Deduplicator(false);
    return known().load(next);
  }

  private void handle(KnownRecords records, int first, int last) {
    for (int i = first; i <= last; i++) {
      records.handled(stamp(i));
    }
    assertThat(records.save()).isNull();
  }

  private boolean isKnown(int number) {
    return next.isKnown(
        Samples.record(stamp(number), Samples.X86_64, 165, Samples.ERRNO, "kc", "/kc"), 0, null);
  }

  private boolean isLongKnown(int number) {
    return next.isLongKnown(
        Samples.record(stamp(number), Samples.X86_64, 165, Samples.ERRNO, "kc", "/kc"));
  }

  private static AuditStamp stamp(int number) {
    return new AuditStamp(1_700_000_000L + number / 1_000, number % 1_000, 3, number);
  }
}
