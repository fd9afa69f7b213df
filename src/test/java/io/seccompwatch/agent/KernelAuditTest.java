package io.seccompwatch.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.AuditControl.AuditStatus;
import io.seccompwatch.pipeline.KernelLosses;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.KernelAuditStatus;
import io.seccompwatch.testing.TestClock;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class KernelAuditTest {

  private final TestClock clock = new TestClock();
  private final Books books = new Books(clock, 10);
  private final KernelLosses losses = new KernelLosses(books, false, clock::millis);
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final AgentLog log =
      new AgentLog(new PrintStream(err, true, StandardCharsets.UTF_8), clock);
  private final AtomicLong lost = new AtomicLong(1_000);
  private final AtomicLong told = new AtomicLong();
  private final KernelAudit audit =
      new KernelAudit(
          () -> new AuditStatus(1, 1, 600, 50, 64, lost.get(), 3, 0, 0, 0),
          losses,
          told::incrementAndGet,
          log);

  @Test
  void whatWasLostBeforeTheFirstAnswerIsNoLossAndWhatComesLaterIs() {
    assertThat(audit.status()).isEqualTo(KernelAuditStatus.notAsked());
    audit.ask();
    assertThat(audit.status())
        .isEqualTo(
            new KernelAuditStatus(new KernelAuditStatus.Values(1, 600, 50, 64, 3, 1_000), null));
    assertThat(books.balance().lost()).isEmpty();
    assertThat(told).hasValue(0);

    lost.set(1_007);
    audit.ask();
    audit.ask();
    assertThat(books.balance().lost()).isEqualTo(Map.of("kernel_rate_limit", 7L));
    assertThat(told).hasValue(1);
  }
}
