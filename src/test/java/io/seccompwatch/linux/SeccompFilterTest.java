package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.SeccompCanary.SeccompFilter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The filter run by a small interpreter of the three instructions that it uses. */
class SeccompFilterTest {

  private static final int ALLOW = 0x7fff0000;
  private static final int LOG = 0x7ffc0000;

  @ParameterizedTest
  @CsvSource({
    "X86_64, c000003e, 148, LOG",
    "X86_64, c000003e, 149, ALLOW",
    "X86_64, c000003e, 1073741972, ALLOW", // x32's bit 30 over 148
    "X86_64, 40000003, 148, ALLOW", // another call of i386
    "AARCH64, c00000b7, 127, LOG",
    "AARCH64, c00000b7, 148, ALLOW",
    "AARCH64, 40000028, 127, ALLOW"
  })
  void logs_the_one_call_of_its_own_abi(Machine machine, String arch, int number, String action) {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment program = SeccompFilter.logging(Call.SCHED_RR_GET_INTERVAL, machine, memory);
      assertThat(run(program, HexFormat.fromHexDigits(arch), number))
          .isEqualTo(action.equals("LOG") ? LOG : ALLOW);
    }
  }

  @Test
  void is_as_long_as_it_says() {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment program =
          SeccompFilter.logging(Call.SCHED_RR_GET_INTERVAL, Machine.X86_64, memory);
      assertThat(program.get(ValueLayout.JAVA_SHORT, 0)).isEqualTo((short) 6);
    }
  }

  @SuppressWarnings("restricted") // follows the program's pointer, as the kernel does
  private static int run(MemorySegment program, int arch, int number) {
    int length = program.get(ValueLayout.JAVA_SHORT, 0);
    MemorySegment code = program.get(ValueLayout.ADDRESS, 8).reinterpret(length * 8L);
    int accumulator = 0;
    int at = 0;
    while (true) {
      int operation = code.get(ValueLayout.JAVA_SHORT, at * 8L);
      int ifEqual = code.get(ValueLayout.JAVA_BYTE, at * 8L + 2);
      int ifNot = code.get(ValueLayout.JAVA_BYTE, at * 8L + 3);
      int k = code.get(ValueLayout.JAVA_INT, at * 8L + 4);
      switch (operation) {
        case 0x20 -> accumulator = k == 0 ? number : arch;
        case 0x15 -> at += accumulator == k ? ifEqual : ifNot;
        case 0x06 -> {
          return k;
        }
        default -> throw new AssertionError("no such instruction: " + operation);
      }
      at++;
    }
  }
}
