package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code struct audit_rule_data} as include/uapi/linux/audit.h lays it out. */
class AuditRuleTest {

  private static final int AT = 16;
  private static final int STRUCTURE_BYTES = 1040;
  private static final Pattern RULE = Pattern.compile("-a (\\w+),(\\w+)((?: -F \\S+)*)");
  private static final Pattern FIELD =
      Pattern.compile(" -F ([a-z]+)(<=|>=|!=|&=|<|>|=|&)([0-9]+|\\S+)");
  private static final List<String> LISTS =
      List.of("user", "task", "entry", "watch", "exit", "exclude", "filesystem", "io_uring");
  private static final List<String> ACTIONS = List.of("never", "possible", "always");
  private static final Map<String, Integer> TYPES =
      Map.of("uid", 1, "auid", 9, "arch", 11, "msgtype", 12, "exe", 112, "key", 210);
  private static final Map<String, Integer> OPERATORS =
      Map.of(
          "&", 0x08000000,
          "<", 0x10000000,
          ">", 0x20000000,
          "!=", 0x30000000,
          "=", 0x40000000,
          "&=", 0x48000000,
          "<=", 0x50000000,
          ">=", 0x60000000);

  @ParameterizedTest
  @CsvSource({
    "-a always;exclude -F msgtype=1326, all",
    "-a never;exclude -F msgtype=1326, all", // the kernel looks at no action there
    "-a always;exclude -F msgtype<1400, all", // Bottlerocket
    "-a always;exclude -F msgtype>0, all", // Flatcar
    "-a always;exclude -F msgtype>=1326, all",
    "-a always;exclude -F msgtype<=1326, all",
    "-a always;exclude -F msgtype!=1300, all",
    "-a always;exclude -F msgtype&2, all",
    "-a always;exclude -F msgtype&=1326, all",
    "-a always;exclude -F msgtype>=1300 -F msgtype<=1399, all",
    "-a always;exclude -F msgtype=1325, none",
    "-a always;exclude -F msgtype!=1326, none",
    "-a always;exclude -F msgtype>1326, none",
    "-a always;exclude -F msgtype<1326, none",
    "-a always;exclude -F msgtype&1, none",
    "-a always;exclude -F msgtype>=1300 -F msgtype<1326, none",
    "-a always;exclude, none", // no condition: it never holds
    "-a always;exclude -F msgtype=1326 -F uid=1000, some",
    "-a always;exclude -F uid=0, some",
    "-a always;exclude -F exe=/usr/bin/x, some",
    "-a always;exclude -F uid=0 -F msgtype=1400, none",
    "-a never;user -F msgtype=1326, none",
    "-a never;exit -F arch=3221225534, none",
    "-a never;task, none",
  })
  void saysWhetherSeccompRecordsAreExcluded(String rule, String excluded) {
    AuditRule read = read(rule.replace(';', ','));
    assertThat(read.excludesSeccomp()).isEqualTo(excluded.equals("all"));
    assertThat(read.excludesSomeSeccomp()).isEqualTo(excluded.equals("some"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-a always,exclude -F msgtype<1400",
        "-a always,exclude -F uid!=0 -F msgtype=1326",
        "-a never,task",
        "-a always,exit -F arch=3221225534 -F exe=/usr/bin/x -F key=mount"
      })
  void readsAsAuditctlWouldTakeIt(String rule) {
    assertThat(read(rule).text()).isEqualTo(rule);
  }

  @Test
  void aStringThatWasCutOffIsLeftOut() {
    ByteBuffer bytes = bytes("-a always,exclude -F msgtype=1326 -F exe=/usr/bin/x");
    AuditRule rule = present(AuditRule.read(bytes, AT, STRUCTURE_BYTES + 3));
    assertThat(rule.text()).isEqualTo("-a always,exclude -F msgtype=1326 -F exe=10");
    assertThat(rule.excludesSomeSeccomp()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 65, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void aCountThatNoKernelSendsIsBounded(int count) {
    ByteBuffer bytes = bytes("-a always,exclude -F msgtype=1326");
    bytes.putInt(AT + 8, count);
    AuditRule rule = present(AuditRule.read(bytes, AT, STRUCTURE_BYTES));
    assertThat(rule.fields()).hasSize(count < 0 ? 0 : 64);
  }

  @Test
  void aShortAnswerIsNone() {
    assertThat(AuditRule.read(bytes("-a never,task"), AT, STRUCTURE_BYTES - 1)).isNull();
  }

  @Test
  void whereItIsPutSaysNothingAboutTheFilter() {
    ByteBuffer bytes = bytes("-a always,exclude -F msgtype=1326");
    bytes.putInt(AT, 0x10 | AuditRule.EXCLUDE); // AUDIT_FILTER_PREPEND
    AuditRule rule = present(AuditRule.read(bytes, AT, STRUCTURE_BYTES));
    assertThat(rule.excludesSeccomp()).isTrue();
  }

  private static AuditRule read(String rule) {
    ByteBuffer bytes = bytes(rule);
    return present(AuditRule.read(bytes, AT, bytes.capacity() - AT));
  }

  private static ByteBuffer bytes(String text) {
    Matcher rule = RULE.matcher(text);
    assertThat(rule.matches()).isTrue();
    List<Matcher> fields = new ArrayList<>();
    Matcher field = FIELD.matcher(rule.group(3));
    while (field.find()) {
      Matcher one = FIELD.matcher(field.group());
      assertThat(one.matches()).isTrue();
      fields.add(one);
    }
    ByteBuffer bytes =
        ByteBuffer.allocate(AT + STRUCTURE_BYTES + 100).order(ByteOrder.nativeOrder());
    bytes.putInt(AT, LISTS.indexOf(rule.group(2)));
    bytes.putInt(AT + 4, ACTIONS.indexOf(rule.group(1)));
    bytes.putInt(AT + 8, fields.size());
    int string = AT + STRUCTURE_BYTES;
    for (int i = 0; i < fields.size(); i++) {
      String value = fields.get(i).group(3);
      byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
      boolean number = Character.isDigit(value.charAt(0));
      bytes.putInt(AT + 268 + 4 * i, present(TYPES.get(fields.get(i).group(1))));
      bytes.putInt(AT + 524 + 4 * i, number ? (int) Long.parseLong(value) : utf8.length);
      bytes.putInt(AT + 780 + 4 * i, present(OPERATORS.get(fields.get(i).group(2))));
      if (!number) {
        bytes.put(string, utf8);
        string += utf8.length;
      }
    }
    return bytes;
  }

  private static <T> T present(@Nullable T value) {
    if (value == null) {
      throw new AssertionError("nothing there");
    }
    return value;
  }

  @Test
  void theCommandThatTakesARuleAwayIsReadyForAShell() {
    AuditRule rule =
        new AuditRule(
            AuditRule.EXCLUDE,
            2,
            List.of(
                new AuditRule.Field(12, 0x1000_0000, 1400, null),
                new AuditRule.Field(1, 0x4000_0000, 0, null),
                new AuditRule.Field(112, 0x4000_0000, 0, "/opt/it's $(me)")));
    assertThat(rule.deletion())
        .isEqualTo(
            "auditctl -d always,exclude -F 'msgtype<1400' -F uid=0 -F 'exe=/opt/it'\\''s $(me)'");
  }
}
