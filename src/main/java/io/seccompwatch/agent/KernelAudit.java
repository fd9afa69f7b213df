package io.seccompwatch.agent;

import io.seccompwatch.linux.AuditControl.AuditStatus;
import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.pipeline.KernelLosses;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.KernelAuditStatus;
import java.time.Duration;

/**
 * Asks the kernel's audit system now and then how it is and what it lost, for as long as it may be
 * asked. {@link #ask} is for one thread at a time; {@link #status} is for any.
 */
final class KernelAudit {

  /** A system call or five each time. */
  static final Duration PACE = Duration.ofSeconds(15);

  /** How to ask: {@code AuditControl.status}. */
  @FunctionalInterface
  interface Question {
    AuditStatus ask() throws AuditUnavailableException;
  }

  private final Question question;
  private final KernelLosses losses;
  private final Runnable onLoss;
  private final AgentLog log;
  private boolean refused;
  private volatile KernelAuditStatus status = KernelAuditStatus.notAsked();

  /**
   * Has not asked.
   *
   * @param losses takes the kernel's total
   * @param onLoss is told when something was lost that nobody told before
   */
  KernelAudit(Question question, KernelLosses losses, Runnable onLoss, AgentLog log) {
    this.question = question;
    this.losses = losses;
    this.onLoss = onLoss;
    this.log = log;
  }

  /** Asks, unless an earlier answer was that we may not. */
  void ask() {
    if (refused) {
      return;
    }
    try {
      AuditStatus answer = question.ask();
      status =
          new KernelAuditStatus(
              new KernelAuditStatus.Values(
                  answer.enabled(),
                  answer.pid(),
                  answer.rateLimit(),
                  answer.backlogLimit(),
                  answer.backlog(),
                  answer.lost()),
              null);
      if (losses.asked(answer.lost(), answer.rateLimit())) {
        onLoss.run();
      }
    } catch (AuditUnavailableException e) {
      refused = e.reason() != AuditUnavailableException.Reason.FAILED;
      if (refused) {
        log.info("the kernel's audit counters are not read", "why", String.valueOf(e.getMessage()));
      }
      status = new KernelAuditStatus(null, String.valueOf(e.getMessage()));
    }
  }

  /** What it said last. */
  KernelAuditStatus status() {
    return status;
  }
}
