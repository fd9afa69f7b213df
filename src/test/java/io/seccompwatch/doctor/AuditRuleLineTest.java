package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.AuditCheck.AuditRuleLine;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuditRuleLineTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          -a always,exclude -F msgtype=1326             | false
          -a exclude,always -F msgtype=SECCOMP          | false
          -A exclude,always -F msgtype=1326             | false
            -a  exclude,always   -F  msgtype>0          | false
          -a exclude,always -F msgtype<1400             | false
          -a always,exclude -F msgtype<=1326            | false
          -a always,exclude -F msgtype>=1300 -F msgtype<=1399 | false
          -a always,exclude -F msgtype!=1400            | false
          -a never,exclude -F msgtype=1326              | false
          -a always,exclude -F msgtype=1326 -F uid=0    | true
          -a always,exclude -F subj_type=crond_t        | true
          -a always,exclude -F msgtype<=AVC             | true
          -a always,exclude -F msgtype>=CWD             | true
          -a always,exclude -F msgtype!=CWD             | false
          """)
  void excludes_seccomp(String line, boolean conditional) {
    assertThat(AuditRuleLine.of(line)).isEqualTo(new AuditRuleLine(conditional));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-D",
        "# -a always,exclude -F msgtype=1326",
        "-a always,exclude",
        "-a always,exclude -F",
        "-a",
        "-a always,exclude -F msgtype=1300",
        "-a always,exclude -F msgtype=CWD",
        "-a always,exclude -F msgtype<1326",
        "-a always,exclude -F msgtype>1400",
        "-a always,exclude -F uid=0 -F msgtype=1300",
        "-a always,exit -F arch=b64 -S mount -F msgtype=1326",
        "-w /etc/passwd -p wa",
        "-a always,exclude -F msgtype=99999999999999999999",
      })
  void does_not(String line) {
    assertThat(AuditRuleLine.of(line)).isNull();
  }
}
