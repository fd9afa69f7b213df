package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.Books;
import io.seccompwatch.record.LossNotice.KernelReason;
import io.seccompwatch.record.LossNotice.KernelTotal;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.testing.TestClock;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One total of the kernel's, told by several; each loss in the books once. */
class KernelLossesTest {

  private static final KernelReason RATE = new KernelReason(LossReason.KERNEL_RATE_LIMIT, true);
  private static final KernelReason BACKLOG = new KernelReason(LossReason.KERNEL_BACKLOG, false);
  private static final KernelReason MEMORY = new KernelReason(LossReason.OUT_OF_MEMORY, false);
  private static final Duration LONG = Duration.ofMinutes(10);

  private final TestClock clock = new TestClock();
  private final Books books = new Books(clock, 10);
  private final KernelLosses losses = new KernelLosses(books, false, clock::millis);

  @Test
  void ofATotalOnlyWhatIsNewCountsAndAtLeastOneOfTheFirst() {
    told("kmsg", 100, BACKLOG);
    assertLost(Map.of("kernel_backlog", 1L));
    told("kmsg", 104, BACKLOG);
    told("kmsg", 104, BACKLOG);
    told("kmsg", 110, BACKLOG);
    assertLost(Map.of("kernel_backlog", 11L));
  }

  @Test
  void theLineThatFollowsSaysWhy() {
    asked(0);
    told("kmsg", 5, BACKLOG);
    told("kmsg", 8, MEMORY);
    told("kmsg", 10, RATE);
    assertLost(Map.of("kernel_backlog", 5L, "out_of_memory", 3L, "kernel_rate_limit", 2L));
  }

  @Test
  void aTotalWithoutAReasonIsCountedByItsRateLimitAfterAWhile() {
    asked(0);
    losses.total("kmsg", new KernelTotal(5, true), false);
    losses.settle();
    assertLost(Map.of());
    clock.advance(KernelLosses.EXPLANATION);
    losses.settle();
    losses.settle();
    assertLost(Map.of("kernel_rate_limit", 5L));
    losses.total("kmsg", new KernelTotal(7, false), false);
    told("kmsg", 8, MEMORY);
    assertLost(Map.of("kernel_rate_limit", 5L, "kernel_backlog", 2L, "out_of_memory", 1L));
  }

  @Test
  void aReasonAloneCountsNothing() {
    losses.reason("kmsg", BACKLOG, false);
    assertLost(Map.of());
  }

  @Test
  void twoSourcesThatTellTheSameTotalsCountThemOnceUnderTheFirst() {
    asked(0);
    told("kmsg", 5, BACKLOG);
    told("console", 3, BACKLOG);
    told("console", 5, BACKLOG);
    told("console", 9, BACKLOG);
    told("kmsg", 9, BACKLOG);
    assertLost(Map.of("kernel_backlog", 9L));
  }

  @Test
  void whatTheKernelSaysAtTheStartIsNoLossAndWhatItSaysLaterIsBeyondTheMessages() {
    asked(1_000);
    assertLost(Map.of());
    told("kmsg", 1_004, BACKLOG);
    asked(1_010);
    assertLost(Map.of("kernel_backlog", 10L));
    assertThat(losses.asked(1_010, 0)).isFalse();
    assertThat(losses.asked(1_011, 0)).isTrue();
  }

  @Test
  void theKernelsAnswerHasTheReasonThatWasReadLastIfThatIsNotLongAgo() {
    asked(0);
    losses.reason("kmsg", MEMORY, false);
    asked(3);
    assertLost(Map.of("out_of_memory", 3L));
    clock.advance(LONG);
    losses.asked(5, 50);
    assertLost(Map.of("out_of_memory", 3L, "kernel_rate_limit", 2L));
  }

  @Test
  void aTotalThatFallsBeginsAnewAndWhoLagsBehindIsNotCountedAgain() {
    asked(0);
    told("kmsg", 10, BACKLOG);
    told("console", 10, BACKLOG);
    told("kmsg", 3, BACKLOG); // auditctl --reset-lost, and three more
    assertLost(Map.of("kernel_backlog", 13L));
    told("console", 12, BACKLOG); // not come to the reset yet: too old to be known
    told("console", 3, BACKLOG);
    assertLost(Map.of("kernel_backlog", 13L));
    told("console", 4, BACKLOG);
    assertLost(Map.of("kernel_backlog", 14L));
  }

  @Test
  void aTotalThatWasResetIsSeenByAskingToo() {
    asked(1_000);
    asked(2);
    assertLost(Map.of("kernel_backlog", 2L));
  }

  /** More was lost between two questions than before the reset, so that the total did not fall. */
  @Test
  void aResetThatOnlyASourceHasSeenDoesNotSilenceTheKernelsAnswers() {
    asked(10);
    told("kmsg", 12, BACKLOG);
    told("kmsg", 1, BACKLOG);
    assertLost(Map.of("kernel_backlog", 3L));
    asked(15);
    assertLost(Map.of("kernel_backlog", 17L));
    asked(20);
    asked(2); // and once more
    assertLost(Map.of("kernel_backlog", 24L));
  }

  /** The rate limit refuses what has its serial already: one loss, told in two ways. */
  @Test
  void aGapAndTheRateLimitThatMadeItAreOneLossWhicheverIsToldFirst() {
    asked(0);
    losses.gap("audit-log", 30);
    told("kmsg", 50, RATE);
    assertLost(Map.of("serial_gap", 30L, "kernel_rate_limit", 20L));
    losses.gap("audit-log", 20);
    assertLost(Map.of("serial_gap", 30L, "kernel_rate_limit", 20L));
    losses.gap("audit-log", 5); // more than the kernel knows of: auditd itself lost some
    assertLost(Map.of("serial_gap", 35L, "kernel_rate_limit", 20L));
  }

  @Test
  void aGapAndAFullBacklogAreTwoLosses() {
    asked(0);
    losses.gap("audit-log", 30);
    told("kmsg", 50, BACKLOG);
    assertLost(Map.of("serial_gap", 30L, "kernel_backlog", 50L));
  }

  @Test
  void twoSourcesThatLackTheSameSerialsLackThemOnce() {
    losses.gap("audit-log", 30);
    losses.gap("audit-netlink", 40);
    assertLost(Map.of("serial_gap", 40L));
  }

  @Test
  void lossesOfAnotherTimeAreOthers() {
    asked(0);
    losses.gap("audit-log", 30);
    clock.advance(LONG);
    told("kmsg", 30, RATE);
    assertLost(Map.of("serial_gap", 30L, "kernel_rate_limit", 30L));
  }

  /** Users can write into a syslog file what they like. */
  @Test
  void whatAFileSaysOfTheTotalIsNotNeededWhereTheKernelSaysItItself() {
    assertThat(losses.total("syslog", new KernelTotal(5, false), true)).isTrue();
    asked(5);
    assertThat(losses.total("syslog", new KernelTotal(4_000_000_000L, false), true)).isFalse();
    asked(6);
    losses.settle();
    KernelLosses ring = new KernelLosses(books, true, clock::millis);
    assertThat(ring.total("syslog", new KernelTotal(5, false), true)).isFalse();
    assertThat(ring.total("kmsg", new KernelTotal(5, false), false)).isTrue();
  }

  @Test
  void norWhyItWas() {
    asked(0);
    assertThat(losses.reason("syslog", MEMORY, true)).isFalse();
    asked(3);
    assertLost(Map.of("kernel_backlog", 3L));
    KernelLosses hearsay = new KernelLosses(books, false, clock::millis);
    assertThat(hearsay.reason("syslog", MEMORY, true)).isTrue();
  }

  /** The kernel's ring and the file that syslog makes of it have the same messages. */
  @Test
  void whatPrintkSuppressedCountsOnceThoughTwoTellIt() {
    losses.suppressed("kmsg", 51);
    losses.suppressed("syslog", 51);
    losses.suppressed("syslog", 7);
    losses.suppressed("kmsg", 7);
    assertLost(Map.of("printk_suppressed", 58L));
    clock.advance(LONG);
    losses.suppressed("syslog", 51);
    assertLost(Map.of("printk_suppressed", 109L));
  }

  private void asked(long lost) {
    losses.asked(lost, 0);
  }

  private void told(String source, long total, KernelReason why) {
    losses.total(source, new KernelTotal(total, why.equals(RATE)), false);
    losses.reason(source, why, false);
  }

  private void assertLost(Map<String, Long> expected) {
    assertThat(books.balance().lost()).isEqualTo(expected);
  }
}
