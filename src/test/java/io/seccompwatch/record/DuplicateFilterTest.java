package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DuplicateFilterTest {

  private static final long NOW = 1_795_000_000_000L;

  private final DuplicateFilter filter = new DuplicateFilter(true);

  @Test
  void theSameAuditIdIsADuplicateFromWhicheverSource() {
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isTrue();
    assertThat(filter.isDuplicate(record(stamp(5, 8), 1), NOW)).isFalse();
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
  void aPairMustComeWithinSeconds() {
    assertThat(filter.isDuplicate(record(stamp(5, 7), 1), NOW)).isFalse();
    long late = NOW + DuplicateFilter.PAIRING.toMillis() + 1;
    assertThat(filter.isDuplicate(record(null, 1), late)).isFalse();
  }

  @Test
  void everyStampOfTheLastGenerationIsKnownAgain() {
    int count = 3 * DuplicateFilter.GENERATION;
    for (int i = 0; i < count; i++) {
      assertThat(filter.isDuplicate(record(stamp(5, i), i), NOW)).isFalse();
    }
    for (int i = count - DuplicateFilter.GENERATION; i < count; i++) {
      assertThat(filter.isDuplicate(record(stamp(5, i), i), NOW)).isTrue();
    }
  }

  @Test
  void theStampSetAgreesWithAnOrdinarySet() {
    Random random = new Random(42);
    StampSet set = new StampSet(100_000);
    Set<String> model = new HashSet<>();
    for (int i = 0; i < 50_000; i++) {
      long time = random.nextInt(300);
      long serial = random.nextBoolean() ? random.nextInt(300) : 4_294_967_295L;
      assertThat(set.contains(time, serial)).isEqualTo(model.contains(time + ":" + serial));
      assertThat(set.add(time, serial)).isEqualTo(model.add(time + ":" + serial));
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
