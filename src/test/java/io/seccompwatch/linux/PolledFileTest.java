package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.linux.Errno.ErrnoException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With files that need no privilege. */
class PolledFileTest {

  @TempDir private Path directory;

  @BeforeEach
  void needsAKnownMachine() {
    assumeTrue(Machine.current() != null, "needs Linux on x86_64 or aarch64");
  }

  @Test
  void reads_at_most_what_fits_and_ends_with_zero() throws Exception {
    Path file = Files.writeString(directory.resolve("f"), "abcdefgh");
    byte[] target = new byte[16];
    try (PolledFile polled = PolledFile.open(file, 5)) {
      assertThat(polled.read(target)).isEqualTo(5);
      assertThat(new String(target, 0, 5, StandardCharsets.US_ASCII)).isEqualTo("abcde");
      assertThat(polled.read(new byte[2])).isEqualTo(2);
      assertThat(polled.read(target)).isEqualTo(1);
      assertThat(polled.read(target)).isZero();
      polled.seek(PolledFile.SEEK_SET);
      assertThat(polled.read(target)).isEqualTo(5);
    }
  }

  @Test
  void answers_ebadf_and_waits_no_more_once_closed() throws Exception {
    PolledFile polled = PolledFile.open(Files.createFile(directory.resolve("f")), 16);
    polled.close();
    polled.close();
    assertThat(Errno.EBADF.is(polled.read(new byte[1]))).isTrue();
    assertThat(polled.await()).isFalse();
    assertThatThrownBy(() -> polled.seek(PolledFile.SEEK_SET)).hasMessageEndingWith("EBADF");
  }

  @Test
  void an_interrupt_before_the_wait_ends_it_and_stays_set() throws Exception {
    try (PolledFile polled = PolledFile.open(Files.createFile(directory.resolve("f")), 16)) {
      Thread.currentThread().interrupt();
      assertThat(polled.await()).isFalse();
      assertThat(Thread.interrupted()).isTrue();
      assertThat(polled.isOpen()).isFalse();
    }
  }

  @Test
  void names_the_file_that_cannot_be_opened() {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> PolledFile.open(missing, 16))
        .isInstanceOfSatisfying(
            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT))
        .hasMessage("open " + missing + ": ENOENT");
  }

  @Test
  void boot_was_before_now_by_what_proc_uptime_says() throws Exception {
    String uptime = Files.readString(Path.of("/proc/uptime"), StandardCharsets.US_ASCII);
    double seconds = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
    Instant boot = Instant.ofEpochSecond(0, BootTime.epochNanos());
    Duration up = Duration.between(boot, Instant.now());
    assertThat(Math.abs(up.toMillis() - seconds * 1_000)).isLessThan(5_000);
    assertThat(BootTime.bootId(Path.of("/proc"))).matches("[0-9a-f-]{36}");
  }
}
