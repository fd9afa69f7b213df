package io.seccompwatch.agent;

import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditRule;
import io.seccompwatch.posture.AuditView;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks the kernel for its audit rules, for as long as it may be asked: one that drops seccomp
 * records blinds the whole node. Where it may not be asked, a canary that came through shows that
 * none drops them all. For one thread.
 */
final class ExcludeRules {

  /** How to ask: {@code AuditControl.rules}. */
  @FunctionalInterface
  interface Question {
    List<AuditRule> ask() throws AuditUnavailableException;
  }

  private final Question question;
  private final BooleanSupplier proven;
  private @Nullable String refused;

  /**
   * Has not asked.
   *
   * @param proven whether a record has come through lately
   */
  ExcludeRules(Question question, BooleanSupplier proven) {
    this.question = question;
    this.proven = proven;
  }

  /** What the rules say now; not known where they may not be read. */
  AuditView look() {
    if (refused != null) {
      return AuditView.unread(refused, proven.getAsBoolean());
    }
    try {
      return AuditView.of(question.ask());
    } catch (AuditUnavailableException e) {
      String why = String.valueOf(e.getMessage());
      refused = e.reason() == AuditUnavailableException.Reason.FAILED ? null : why;
      return AuditView.unread(why, proven.getAsBoolean());
    }
  }
}
