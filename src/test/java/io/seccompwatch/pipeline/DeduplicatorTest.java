package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.pipeline.Deduplicator.StampSet;
import io.seccompwatch.pipeline.Deduplicator.StamplessMatches;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.LineOrigin;
import io.seccompwatch.record.SeccompRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeduplicatorTest {

  private static final long NOW = 1_795_000_000_000L;

  private final Deduplicator filter = new Deduplicator(true);

  @Test
  void theSameAuditIdIsADuplicateFromWhicheverSource() {
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isTrue();
    assertThat(filter.isDuplicate(record(stamp(5, 8), 1), NOW)).isFalse();
  }

  @Test
  void whatAnEarlierRunHandledIsADuplicateAndWhatItDidNotHaveIsNone() {
    List<AuditStamp> fresh = new ArrayList<>();
    Deduplicator next = new Deduplicator(true, fresh::add);
    next.recall(stamp(5, 7).epochMillis(), 7);
    assertThat(next.isKnown(record(stamp(5, 7), 1), NOW, null)).isTrue();
    assertThat(next.isDuplicate(record(stamp(5, 7), 1), NOW)).isTrue();
    assertThat(next.isDuplicate(record(stamp(5, 8), 2), NOW)).isFalse();
    assertThat(next.isDuplicate(record(stamp(5, 8), 2), NOW)).isTrue();
    assertThat(next.isDuplicate(record(null, 1), NOW)).as("its other form").isTrue();
    assertThat(fresh).containsExactly(stamp(5, 8));
  }

  @ParameterizedTest
  @CsvSource({"5, 7, true", "5, 8, false", "4, 6, true", "6, 1, false", "4, 900, false"})
  void aRecordBeforeTheLatestForgottenOneIsLongKnownUnlessItsSerialIsLater(
      long seconds, int serial, boolean known) {
    assertThat(filter.isLongKnown(record(stamp(seconds, serial), 1))).isFalse();
    filter.recallUpTo(stamp(5, 7).epochMillis(), 7);
    assertThat(filter.isLongKnown(record(stamp(seconds, serial), 1))).isEqualTo(known);
    assertThat(filter.isLongKnown(record(null, 1))).isFalse();
  }

  @Test
  void aSerialThatBeginsAnewAfterARebootIsNoDuplicate() {
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(900, 7), 1), NOW)).isFalse();
  }

  @Test
  void journaldsFormIsPairedWithTheStampedOneInEitherOrder() {
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(null, 1), NOW + 10)).isTrue();
    assertThat(filter.isDuplicate(record(null, 2), NOW + 20)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 8), 2), NOW + 30)).isTrue();
  }

  @Test
  void repeatedCallsArePairedOneForOne() {
    for (int i = 0; i < 3; i++) {
      assertThat(filter.isDuplicate(record(stamp(5, i), 1), NOW)).isFalse();
    }
    for (int i = 0; i < 3; i++) {
      assertThat(filter.isDuplicate(record(null, 1), NOW)).isTrue();
    }
    assertThat(filter.isDuplicate(record(null, 1), NOW)).isFalse();
  }

  @Test
  void aLineWithoutATimeMustBeReadWithinSecondsOfItsPartner() {
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    long late = NOW + StamplessMatches.READ_APART.toMillis() + 1;
    assertThat(filter.isDuplicate(record(null, 1), late)).isFalse();
  }

  /** After downtime a syslog file is read whose partners were read long ago, or will be. */
  @ParameterizedTest
  @CsvSource({
    // the line's time after the stamp in ms, read after the partner in s, one event
    "0, 0, true",
    "0, 3600, true",
    "0, -3600, true",
    "9000, 3600, true",
    "-900, 0, true", // the stamp is of the last tick, and clocks are read twice
    "-2000, 0, false",
    "12000, 0, false",
    "3600000, 0, false",
  })
  void aLineWithATimeIsPairedByThatAndNotByWhenItIsRead(
      long writtenAfter, long readAfter, boolean isOne) {
    AuditStamp stamp = stamp(1_795_000_000L, 7);
    Instant written = stamp.time().plusMillis(writtenAfter);
    assertThat(filter.isDuplicate(record(stamp, 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(null, 1), NOW + readAfter * 1_000, written))
        .isEqualTo(isOne);

    Deduplicator turned = new Deduplicator(true);
    assertThat(turned.isDuplicate(record(null, 1), NOW, written)).isFalse();
    assertThat(turned.isDuplicate(record(stamp, 1), NOW + readAfter * 1_000)).isEqualTo(isOne);
  }

  @Test
  void aFloodOfOneContentDoesNotSwallowWhatComesLater() {
    for (int i = 0; i < 100_000; i++) {
      assertThat(filter.isDuplicate(record(null, 1), NOW)).isFalse();
    }
    long later = NOW + StamplessMatches.READ_APART.toMillis() + 1;
    assertThat(filter.isDuplicate(record(stamp(5, 1), 1), later)).isFalse();
    assertThat(filter.isDuplicate(record(null, 1), later)).isTrue();
  }

  @Test
  void aSteadyStreamInOneFormOnlyDoesNotSwallowWhatComesLater() {
    for (int second = 0; second < 3_600; second++) {
      AuditStamp stamp = stamp(1_795_000_000L + second, second);
      assertThat(filter.isDuplicate(record(stamp, 1), NOW + second * 1_000L)).isFalse();
    }
    long now = NOW + 3_600_000L + StamplessMatches.READ_APART.toMillis();
    assertThat(filter.isDuplicate(record(null, 1), now)).isFalse();
  }

  @Test
  void theThirdCopyOfAnEventTakesNobodyElsesPartner() {
    assertThat(filter.isDuplicate(record(null, 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(null, 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isTrue();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isTrue();
    assertThat(filter.isDuplicate(record(stamp(5, 8), 1), NOW)).isTrue();
    assertThat(filter.isDuplicate(record(stamp(5, 9), 1), NOW)).isFalse();
  }

  @Test
  void askingAloneLeavesNoTraceUnlessThereWasAPartner() {
    assertThat(filter.isKnown(record(stamp(5, 7), 1), NOW, null)).isFalse();
    assertThat(filter.isKnown(record(null, 2), NOW, null)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(null, 2), NOW)).isFalse();

    assertThat(filter.isKnown(record(stamp(5, 7), 1), NOW, null)).isTrue();
    assertThat(filter.isKnown(record(null, 1), NOW, null)).isTrue();
    assertThat(filter.isKnown(record(null, 1), NOW, null)).isFalse();
  }

  @Test
  void theHoldQueuesReplayIsKnownMinutesLater() {
    for (int i = 0; i < 10_000; i++) {
      filter.isDuplicate(record(stamp(5, i), i), NOW);
    }
    for (int i = 0; i < 10_000; i++) {
      assertThat(filter.isDuplicate(record(stamp(5, i), i), NOW + 600_000L)).isTrue();
    }
  }

  @Test
  void everyStampOfTheLastGenerationIsKnownAgain() {
    int count = 3 * Deduplicator.GENERATION;
    for (int i = 0; i < count; i++) {
      assertThat(filter.isDuplicate(record(stamp(5, i), i), NOW)).isFalse();
    }
    for (int i = count - Deduplicator.GENERATION; i < count; i++) {
      assertThat(filter.isDuplicate(record(stamp(5, i), i), NOW)).isTrue();
    }
  }

  @Test
  void theSameStampOfTwoNodesIsTwoRecords() {
    LineOrigin other = new LineOrigin("other", null);
    LineOrigin third = new LineOrigin(null, "third");
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW, null, other)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW, null, third)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isTrue();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW, null, other)).isTrue();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW, null, new LineOrigin(null, "OTHER")))
        .isTrue();
  }

  @Test
  void aRecordWithoutAStampIsPairedWithOneOfItsNodeOnly() {
    LineOrigin other = new LineOrigin(null, "other");
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(null, 1), NOW, null, other)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(6, 7), 1), NOW, null, other)).isTrue();
    assertThat(filter.isDuplicate(record(null, 1), NOW)).isTrue();
  }

  @Test
  void inLogsOfManyNodesALineWithoutANameMayBeAnyNodes() {
    Deduplicator many = Deduplicator.ofManyNodes();
    LineOrigin full = new LineOrigin(null, "node-1.example");
    LineOrigin brief = new LineOrigin("node-1", null);
    LineOrigin other = new LineOrigin("node-2", null);
    assertThat(many.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(many.isDuplicate(record(stamp(5, 7), 1), NOW)).isTrue();
    assertThat(many.isDuplicate(record(stamp(5, 7), 1), NOW, null, full)).isTrue();
    assertThat(many.isDuplicate(record(stamp(5, 7), 2), NOW, null, other)).isFalse();

    assertThat(many.isDuplicate(record(stamp(5, 8), 1), NOW, null, full)).isFalse();
    assertThat(many.isDuplicate(record(stamp(5, 8), 1), NOW, null, brief)).isTrue();
    assertThat(many.isDuplicate(record(stamp(5, 8), 1), NOW, null, other)).isFalse();
    assertThat(many.isDuplicate(record(stamp(5, 8), 1), NOW)).isTrue();

    assertThat(many.isDuplicate(record(null, 9), NOW, null, full)).isFalse();
    assertThat(many.isDuplicate(record(stamp(5, 9), 9), NOW, null, other)).isFalse();
    assertThat(many.isDuplicate(record(stamp(5, 9), 9), NOW)).isTrue();
  }

  @Test
  void theStampSetAgreesWithAnOrdinarySet() {
    Random random = new Random(42);
    StampSet set = new StampSet(100_000);
    Set<String> model = new HashSet<>();
    for (int i = 0; i < 50_000; i++) {
      long time = (random.nextBoolean() ? 0 : 1_795_000_000_000L) + random.nextInt(300);
      long serial = random.nextBoolean() ? random.nextInt(300) : 4_294_967_295L;
      long pair = StampSet.pair(time, serial);
      assertThat(set.contains(pair)).isEqualTo(model.contains(time + ":" + serial));
      assertThat(set.add(pair)).isEqualTo(model.add(time + ":" + serial));
    }
  }

  private static AuditStamp stamp(long seconds, long serial) {
    return new AuditStamp(seconds, 1, 3, serial);
  }

  private static SeccompRecord record(@Nullable AuditStamp stamp, int pid) {
    return new SeccompRecord(
        stamp, 0, 0, 0, 0, null, pid, "c", "/c", 0, 0xc000003e, true, 165, 0, 1, 0x50000);
  }
}
