package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.AuditStamp.SerialScan;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SerialScanTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "type=SECCOMP msg=audit(1795342823.836:15): auid=4294967295 uid=0             | 15",
        "type=SYSCALL msg=audit(1795342823.836:4294967295): arch=c000003e syscall=59  | 4294967295",
        "type=UNKNOWN[1420] msg=audit(1795342823.836:7): a b c d e f g h i j k        | 7",
        "type=PROCTITLE msg=audit(12.836:7): proctitle=2F7573722F62696E2F72756E6300   | 7",
        "type=EOE msg=audit(1795342823.836:123456):                                   | 123456",
        // Numbered by auditd, another host's, or nothing at all
        "type=DAEMON_START msg=audit(1795342823.836:1234): op=start ver=3.0.9         | -1",
        "node=n1 type=SECCOMP msg=audit(1795342823.836:15): auid=4294967295 uid=0     | -1",
        "type=SYSCALL msg=lost and there is more text after it, as long as it takes   | -1",
        "type=SECCOMP msg=audit(03/04/2025 07:39:37.599:201) : auid=unset uid=root    | -1",
        "type=SYSCALL msg=audit(1795342823.836): arch=c000003e syscall=59 success=yes | -1",
        "type=SYSCALL msg=audit(1795342823.836:): arch=c000003e syscall=59 success=ye | -1",
        "type=SYSCALL msg=audit(1795342823.836:12345678901): arch=c000003e syscall=59 | -1",
        "type=USER_MSG msg='audit(1795342823.836:15): pid=1 uid=0 auid=4294967295 ses | -1",
        "Feb  9 17:53:54 n1 kernel: audit: type=1326 audit(1795342823.836:15): auid=4 | -1",
      })
  void theSerialOfALineIsFound(String line, long expected) {
    assertThat(serial(line)).isEqualTo(expected);
  }

  @Test
  void noCutOfALineIsReadBeyondItsEndOrAsAnotherSerial() {
    String line = "type=SYSCALL msg=audit(1795342823.836:98765): arch=c000003e";
    for (int length = 0; length <= line.length(); length++) {
      assertThat(serial(line.substring(0, length))).isIn(SerialScan.NONE, 98_765L);
    }
    assertThat(serial(line)).isEqualTo(98_765);
  }

  private static long serial(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return SerialScan.serial(bytes, 0, bytes.length);
  }
}
