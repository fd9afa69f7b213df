package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.util.ArrayDeque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Times are microseconds; the clock goes on by what is listed after each reading. */
final class SuspendedTimeTest {

  private final ArrayDeque<Long> heldUp = new ArrayDeque<>();
  private long boot = 1_000_000_000;
  private long suspended = 5_000_000;
  private final SuspendedTime time =
      new SuspendedTime(
          clock -> {
            long told = clock == BootTime.CLOCK_BOOTTIME ? boot : boot - suspended;
            Long passing = heldUp.poll();
            boot += passing == null ? 1 : passing;
            return told * 1_000;
          });

  @Test
  void isTheDistanceOfTheClocksAndStepsWithASuspend() throws ErrnoException {
    assertThat(time.read()).isZero();
    assertThat(time.nanos()).isEqualTo(5_000_000_000L);
    suspended += 60_000_000;
    assertThat(time.read()).isEqualTo(60_000_000_000L);
    assertThat(time.nanos()).isEqualTo(65_000_000_000L);
    assertThat(time.read()).isZero();
  }

  @Test
  void aReadingThatWasHeldUpIsRepeated() throws ErrnoException {
    heldUp.addAll(List.of(400_000L, 1L, 1L, 1L, 300_000L, 1L));
    assertThat(time.read()).isZero();
    assertThat(time.nanos()).isEqualTo(5_000_000_000L);
  }

  /** Held up between the first two readings it is told 100 ms too small, then corrected upwards. */
  @Test
  void whatWasHeldUpEveryTimeIsCorrectedLaterWhicheverWayItWasOff() throws ErrnoException {
    for (int i = 0; i < 8; i++) {
      heldUp.addAll(List.of(200_000L, 1L, 1L));
    }
    assertThat(time.read()).isZero();
    assertThat(time.nanos()).isEqualTo(4_900_000_500L);
    assertThat(time.read()).isEqualTo(99_999_500L);
    assertThat(time.nanos()).isEqualTo(5_000_000_000L);
  }

  @Test
  void whatWasToldTooLargeIsCorrectedDownwards() throws ErrnoException {
    for (int i = 0; i < 8; i++) {
      heldUp.addAll(List.of(1L, 200_000L, 1L));
    }
    time.read();
    assertThat(time.nanos()).isGreaterThan(5_090_000_000L);
    assertThat(time.read()).isLessThan(-90_000_000L);
    assertThat(time.nanos()).isEqualTo(5_000_000_000L);
  }
}
