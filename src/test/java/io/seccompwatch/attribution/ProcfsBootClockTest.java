package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.BootClock.BootTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcfsBootClockTest {
  @TempDir Path directory;
  private final AtomicLong step = new AtomicLong();
  private FakeProc proc;

  @BeforeEach
  void node() {
    proc = new FakeProc(directory);
  }

  private ProcfsBootClock clock() {
    InstantSource stepped = () -> Instant.now(proc.wall()).plus(Duration.ofMillis(step.get()));
    return new ProcfsBootClock(proc.proc, stepped.withZone(ZoneOffset.UTC), proc::nanos);
  }

  @Test
  void theBootIsKnownToTheUptimesPrecision() {
    BootTime boot = clock().bootTime();
    assertThat(boot.latestMicros()).isEqualTo(FakeProc.BOOT * 1_000);
    assertThat(boot.earliestMicros()).isEqualTo(FakeProc.BOOT * 1_000 - 10_000);
  }

  @Test
  void afterAStepBothSidesCountUntilItIsForgotten() {
    ProcfsBootClock clock = clock();
    step.set(-3_000);
    assertThat(clock.bootTime())
        .isEqualTo(new BootTime(FakeProc.BOOT * 1_000 - 3_010_000, FakeProc.BOOT * 1_000));
    proc.pass(601_000);
    assertThat(clock.bootTime().latestMicros()).isEqualTo(FakeProc.BOOT * 1_000 - 3_000_000);
  }

  @Test
  void withoutAnUptimeEveryProcessIsTooYoung() throws Exception {
    Files.delete(directory.resolve("uptime"));
    BootClock blind = new ProcfsBootClock(directory, proc.wall(), proc::nanos);
    long micros = (FakeProc.BOOT + 1_000_000) * 1_000;
    assertThat(blind.bootTime().moment(micros, micros + 11_000).isBeforeStart(90)).isTrue();
  }
}
