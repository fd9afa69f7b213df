package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SerialGapsTest {

  private static final long SETTLE = 1_000;
  private static final long WRAP = 1L << 32;

  private final SerialGaps gaps = new SerialGaps(SETTLE);
  private long now = 5_000;

  @ParameterizedTest
  @CsvSource({
    "1 2 3 4, 0",
    "7, 0",
    "1 1 1 2 2 3, 0", // the records of an event share its number
    "1 3, 1",
    "1 5, 3",
    "1 3 2 4, 0", // out of order
    "1 4 3 2, 0",
    "1 4 2 6, 2",
    "5 3 4 6, 0", // what was before the first is not known
    "4294967294 4294967295 0 1, 0",
    "4294967294 1, 2",
    "0 4294967295 1, 0",
    "1 1000000, 999998",
    "1000 70000 70001 3 4, 68999", // anew after a boot
    "70000 3 70001 70002, 0", // a stray one is none
    "70000 3 90000 4 90001, 19999",
    "3000000000 3000000001 1 2 4, 1", // a boot after so many that its first number seems ahead
    "1000 2000000000 1001 1003, 1", // a damaged one
    "1000 2000000000 2000000001 2000000003, 1",
  })
  void whatIsMissingCountsOnceItIsCertain(String serials, long missing) {
    see(serials);
    assertThat(settled()).isEqualTo(missing);
    assertThat(settled()).as("again").isZero();
    assertThat(gaps.takeOverrun()).isZero();
  }

  @Test
  void aHoleCountsAfterTheSettlingTimeAndNotBefore() {
    see("1 3");
    now += SETTLE - 1;
    gaps.settle(now);
    assertThat(gaps.takeMissing()).isZero();
    assertThat(gaps.isWaiting()).isTrue();
    now++;
    gaps.settle(now);
    assertThat(gaps.takeMissing()).isEqualTo(1);
    assertThat(gaps.isWaiting()).isFalse();
  }

  @Test
  void aHoleThatOpensLaterWaitsForItsOwnTime() {
    see("1 3");
    now += SETTLE - 1;
    see("5 2"); // the first hole closes, another has opened
    now++;
    gaps.settle(now);
    assertThat(gaps.takeMissing()).isZero();
    now += 2 * SETTLE;
    gaps.settle(now);
    assertThat(gaps.takeMissing()).isEqualTo(1);
  }

  @Test
  void aHoleCountsWhenTheWindowHasPassedIt() {
    gaps.saw(1, now);
    for (long serial = 3; serial < 2 + SerialGaps.WINDOW; serial++) {
      gaps.saw(serial, now);
    }
    assertThat(gaps.takeMissing()).isZero();
    gaps.saw(2 + SerialGaps.WINDOW, now);
    assertThat(gaps.takeMissing()).isEqualTo(1);
    assertThat(gaps.isWaiting()).isFalse();
  }

  @Test
  void whatComesAfterItWasCountedChangesNothing() {
    see("1 3");
    assertThat(settled()).isEqualTo(1);
    see("2 4");
    assertThat(settled()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 2, 1_000})
  void anOverrunCountsAtOnceAndItsHoleApartFromOthers(long dropped) {
    see("1 2 4"); // 3 is missing, and not because of the overrun
    gaps.overrun();
    assertThat(gaps.takeOverrun()).as("at once").isEqualTo(1);
    see("5 6"); // what waited before it
    gaps.overrunEnds();
    gaps.saw(7 + dropped, now);
    gaps.saw(9 + dropped, now); // again a hole of another kind
    assertThat(settled()).isEqualTo(2);
    assertThat(gaps.takeOverrun()).isEqualTo(Math.max(dropped - 1, 0));
  }

  @Test
  void anOverrunWithoutAHoleTakesNothingFromALaterOne() {
    see("1");
    gaps.overrun();
    gaps.overrunEnds();
    see("2 3");
    gaps.overrun();
    gaps.overrunEnds();
    see("7");
    assertThat(settled()).isZero();
    assertThat(gaps.takeOverrun()).isEqualTo(1 + 3);
  }

  @Test
  void overrunsThatFollowEachOtherAreOne() {
    see("1");
    gaps.overrun();
    see("2 3");
    gaps.overrun();
    gaps.overrunEnds();
    see("10");
    gaps.overrun();
    gaps.overrunEnds();
    see("20");
    assertThat(settled()).isZero();
    assertThat(gaps.takeOverrun()).isEqualTo(6 + 9);
  }

  @Test
  void anOverrunBeforeAllCountsOnce() {
    gaps.overrun();
    gaps.overrunEnds();
    see("10 11 13");
    assertThat(settled()).isEqualTo(1);
    assertThat(gaps.takeOverrun()).isEqualTo(1);
  }

  @Test
  void anotherBootIsNoHole() {
    see("1 2 4");
    gaps.beginAnew();
    see("2 3");
    assertThat(settled()).isEqualTo(1);
  }

  /** Streams with holes, repeats and disorder of every measure, beside a plain count. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void agreesWithAPlainCount(long seed) {
    Random random = new Random(seed);
    long first = random.nextBoolean() ? WRAP - random.nextInt(20_000) : random.nextInt(100);
    int events = 5_000 + random.nextInt(60_000);
    // Within the window and the settling time: what is later than that counts as missing
    int disorder = seed % 2 == 0 ? 1 : 1 + random.nextInt(4_000);
    int largest = disorder == 1 ? 40_000 : 3;
    List<long[]> stream = new ArrayList<>(); // place, serial
    long expected = 0;
    for (int i = 0; i < events; i++) {
      boolean edge = i == 0 || i == events - 1;
      if (!edge && random.nextInt(50) == 0) {
        int hole = 1 + random.nextInt(random.nextInt(20) == 0 ? largest : 3);
        first += hole;
        expected += hole;
      }
      long serial = (first + i) % WRAP;
      for (int record = random.nextInt(10) == 0 ? 3 : 1; record > 0; record--) {
        stream.add(new long[] {i + random.nextInt(disorder), serial});
      }
    }
    List<long[]> inOrder = sorted(stream, events, disorder);
    long counted = 0;
    long began = now;
    for (int i = 0; i < inOrder.size(); i++) {
      now = began + i / 16;
      gaps.saw(inOrder.get(i)[1], now);
      if (random.nextInt(100) == 0) {
        gaps.settle(now);
      }
      counted += gaps.takeMissing();
    }
    assertThat(counted + settled()).isEqualTo(expected);
    assertThat(gaps.takeOverrun()).isZero();
  }

  /** The first stays the first, which nothing before it is known of. */
  private static List<long[]> sorted(List<long[]> stream, int events, int disorder) {
    stream.getFirst()[0] = -1;
    stream.getLast()[0] = (long) events + disorder;
    return stream.stream().sorted((a, b) -> Long.compare(a[0], b[0])).toList();
  }

  private void see(String serials) {
    for (String serial : serials.split(" ", -1)) {
      gaps.saw(Long.parseLong(serial), now);
    }
  }

  private long settled() {
    now += SETTLE;
    gaps.settle(now);
    now += SETTLE;
    gaps.settle(now);
    return gaps.takeMissing();
  }
}
