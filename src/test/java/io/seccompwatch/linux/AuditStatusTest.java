package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.AuditControl.AuditStatus;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code struct audit_status} as include/uapi/linux/audit.h lays it out. */
class AuditStatusTest {

  private static final int AT = 16;

  @Test
  void everyFieldIsWhereTheKernelPutsIt() {
    assertThat(AuditStatus.read(structure(60), AT, 44))
        .isEqualTo(new AuditStatus(1, 2, 3, 4, 5, 4_000_000_000L, 7, 8, 9, 10));
  }

  @ParameterizedTest
  @CsvSource({"32, -1, -1, -1", "36, 8, -1, -1", "40, 8, 9, -1", "44, 8, 9, 10", "60, 8, 9, 10"})
  void whatOlderKernelsLackIsUntoldAndWhatNewerOnesAddIsLeft(
      int length, long features, long waitTime, long waitTimeActual) {
    AuditStatus status = AuditStatus.read(structure(length), AT, length);
    assertThat(status.backlog()).isEqualTo(7);
    assertThat(status.features()).isEqualTo(features);
    assertThat(status.backlogWaitTime()).isEqualTo(waitTime);
    assertThat(status.backlogWaitTimeActual()).isEqualTo(waitTimeActual);
  }

  private static ByteBuffer structure(int length) {
    ByteBuffer bytes = ByteBuffer.allocate(AT + 64).order(ByteOrder.nativeOrder());
    int[] fields = {0, 1, 2, 3, 4, 5, (int) 4_000_000_000L, 7, 8, 9, 10};
    for (int i = 0; i < fields.length && (i + 1) * Integer.BYTES <= length; i++) {
      bytes.putInt(AT + i * Integer.BYTES, fields[i]);
    }
    return bytes;
  }
}
