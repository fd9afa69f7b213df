package io.seccompwatch.agent;

import io.seccompwatch.linux.AuditRule;
import io.seccompwatch.linux.AuditUnavailableException;
import io.seccompwatch.posture.AuditView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Asks the kernel for its audit rules, for as long as it may be asked: one that drops seccomp
 * records blinds the whole node. For one thread.
 */
final class ExcludeRules {

  /** How to ask: {@code AuditControl.rules}. */
  @FunctionalInterface
  interface Question {
    List<AuditRule> ask() throws AuditUnavailableException;
  }

  private final Question question;
  private @Nullable AuditView refused;

  ExcludeRules(Question question) {
    this.question = question;
  }

  /** What the rules say now; not known where they may not be read. */
  AuditView look() {
    AuditView known = refused;
    if (known != null) {
      return known;
    }
    try {
      return view(question.ask());
    } catch (AuditUnavailableException e) {
      AuditView view = new AuditView("audit rules are not known: " + e.getMessage(), null);
      refused = e.reason() == AuditUnavailableException.Reason.FAILED ? null : view;
      return view;
    }
  }

  private static AuditView view(List<AuditRule> rules) {
    String some = "";
    for (AuditRule rule : rules) {
      if (rule.excludesSeccomp()) {
        String text = "an audit rule drops every seccomp record: " + rule.text();
        return new AuditView(text, text);
      }
      if (rule.excludesSomeSeccomp() && some.isEmpty()) {
        some = "an audit rule drops some seccomp records: " + rule.text();
      }
    }
    return new AuditView(some.isEmpty() ? "no audit rule drops seccomp records" : some, null);
  }
}
