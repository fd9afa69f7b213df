package io.seccompwatch.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditRule;
import io.seccompwatch.linux.AuditRule.Field;
import io.seccompwatch.posture.AuditView;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the node's audit rules mean for what can be seen. */
class ExcludeRulesTest {

  private static final int ALWAYS = 2;
  private static final Field SECCOMP = new Field(12, 0x4000_0000, 1326, null);
  private static final Field USER = new Field(1, 0x4000_0000, 1000, null);

  private final List<AuditRule> rules = new ArrayList<>();
  private boolean proven;
  private final ExcludeRules look = new ExcludeRules(() -> List.copyOf(rules), () -> proven);

  private static AuditRule excluding(Field... fields) {
    return new AuditRule(AuditRule.EXCLUDE, ALWAYS, List.of(fields));
  }

  @Test
  void withoutSuchARuleNothingIsInTheWay() {
    rules.add(excluding(new Field(12, 0x4000_0000, 1300, null)));
    assertThat(look.look())
        .isEqualTo(new AuditView("no audit rule drops seccomp records", null, null));
  }

  @Test
  void aRuleThatDropsThemAllBlindsForAsLongAsItIsThere() {
    rules.add(excluding(USER, SECCOMP));
    rules.add(excluding(SECCOMP));
    String text = "an audit rule drops every seccomp record: -a always,exclude -F msgtype=1326";
    assertThat(look.look()).isEqualTo(new AuditView(text, text, null));
    rules.removeLast();
    assertThat(look.look().blind()).isNull();
  }

  @Test
  void aRuleThatDropsSomeBlindsNobodyAndLeavesNothingCertain() {
    rules.add(excluding(SECCOMP, USER));
    String text =
        "an audit rule drops some seccomp records:"
            + " -a always,exclude -F msgtype=1326 -F uid=1000";
    assertThat(look.look()).isEqualTo(new AuditView(text, null, text));
  }

  @Test
  void whereTheRulesMayNotBeReadACanaryThatCameThroughMustDo() {
    List<Integer> asked = new ArrayList<>();
    ExcludeRules refused =
        new ExcludeRules(
            () -> {
              asked.add(1);
              throw new AuditUnavailableException(
                  AuditUnavailableException.Reason.NOT_PERMITTED, "not permitted");
            },
            () -> proven);
    assertThat(refused.look())
        .isEqualTo(
            new AuditView(
                "audit rules are not known: not permitted",
                null,
                "whether audit rules drop them is not known, and no canary came through"));
    proven = true;
    assertThat(refused.look())
        .isEqualTo(
            new AuditView(
                "a canary came through; audit rules are not known: not permitted", null, null));
    proven = false;
    assertThat(refused.look().doubt()).isNotNull();
    assertThat(asked).hasSize(1);
  }
}
