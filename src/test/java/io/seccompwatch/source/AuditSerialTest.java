package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuditSerialTest {

  @ParameterizedTest
  @CsvSource({
    "audit(1795342823.836:15): auid=1, 15",
    "audit(1795342823.836:4294967295):, 4294967295",
    "audit(1.000:0): x, 0",
    "audit(1795342823.836:4294967296): x, -1",
    "audit(1795342823.836:15, -1", // cut off: it may have more digits
    "audit(1795342823.836:): x, -1",
    "audit(1795342823.836:-1): x, -1",
    "audit(1795342823.836:99999999999): x, -1",
    "'no time here, but a colon far behind: 15)', -1",
    "audit(, -1",
    "a, -1",
    "'', -1",
  })
  void isReadFromTheStamp(String text, long serial) {
    byte[] bytes = ("##" + text + "9)").getBytes(StandardCharsets.US_ASCII);
    assertThat(AuditSerial.of(ByteBuffer.wrap(bytes), 2, 2 + text.length())).isEqualTo(serial);
  }
}
