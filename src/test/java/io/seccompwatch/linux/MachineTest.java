package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineTest {

  @Test
  void knows_linux_on_two_machines_and_nothing_else() {
    assertThat(Machine.of("Linux", "amd64")).isEqualTo(Machine.X86_64);
    assertThat(Machine.of("Linux", "aarch64")).isEqualTo(Machine.AARCH64);
    assertThat(Machine.of("Linux", "riscv64")).isNull();
    assertThat(Machine.of("Mac OS X", "aarch64")).isNull();
  }

  /** From syscall_64.tbl and asm-generic/unistd.h, typed a second time by hand. */
  @ParameterizedTest
  @CsvSource({
    "READ, 0, 63",
    "WRITE, 1, 64",
    "CLOSE, 3, 57",
    "LSEEK, 8, 62",
    "SCHED_RR_GET_INTERVAL, 148, 127",
    "PRCTL, 157, 167",
    "CLOCK_GETTIME, 228, 113",
    "OPENAT, 257, 56",
    "PPOLL, 271, 73",
    "EVENTFD2, 290, 19",
    "SECCOMP, 317, 277"
  })
  void numbers_calls_as_the_kernel_does(Call call, int x8664, int aarch64) {
    assertThat(call.number(Machine.X86_64)).isEqualTo(x8664);
    assertThat(call.number(Machine.AARCH64)).isEqualTo(aarch64);
  }

  @Test
  void names_errnos_as_manual_pages_do() {
    assertThat(Errno.EPIPE.name()).isEqualTo("EPIPE");
    assertThat(new Errno(131)).hasToString("errno 131");
    assertThat(Errno.EAGAIN.is(-11)).isTrue();
    assertThat(Errno.EAGAIN.is(11)).isFalse();
  }
}
