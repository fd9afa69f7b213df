package io.seccompwatch.agent;

import io.seccompwatch.linux.AuditRule;
import io.seccompwatch.linux.AuditUnavailableException;
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
      return unknown(refused);
    }
    try {
      return view(question.ask());
    } catch (AuditUnavailableException e) {
      String why = String.valueOf(e.getMessage());
      refused = e.reason() == AuditUnavailableException.Reason.FAILED ? null : why;
      return unknown(why);
    }
  }

  private AuditView unknown(String why) {
    String rules = "audit rules are not known: " + why;
    return proven.getAsBoolean()
        ? new AuditView("a canary came through; " + rules, null, null)
        : new AuditView(
            rules, null, "whether audit rules drop them is not known, and no canary came through");
  }

  private static AuditView view(List<AuditRule> rules) {
    String some = "";
    for (AuditRule rule : rules) {
      if (rule.excludesSeccomp()) {
        String text = "an audit rule drops every seccomp record: " + rule.text();
        return new AuditView(text, text, null);
      }
      if (rule.excludesSomeSeccomp() && some.isEmpty()) {
        some = "an audit rule drops some seccomp records: " + rule.text();
      }
    }
    return some.isEmpty()
        ? new AuditView("no audit rule drops seccomp records", null, null)
        : new AuditView(some, null, some);
  }
}
