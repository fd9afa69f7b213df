package io.seccompwatch.attribution;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.function.LongSupplier;

/**
 * The boot time from {@code <proc>/uptime} (proc_uptime(5): CLOCK_BOOTTIME cut to 10 ms) and the
 * wall clock: exact to 10 ms. Read anew every second and whenever the wall clock and the monotonic
 * clock part, which is a step. After a step the bounds span both sides of it for {@link
 * #STEP_MEMORY_MICROS}, because records from before may still be on their way. Safe for any number
 * of threads.
 */
public final class ProcfsBootClock implements BootClock {

  /** How long the time before a step of the clock stays within the bounds. */
  static final long STEP_MEMORY_MICROS = 600_000_000;

  private static final long UPTIME_PRECISION_MICROS = 10_000;
  private static final long REREAD_NANOS = 1_000_000_000;
  private static final long STEP_MICROS = 2_000;

  private final Path uptime;
  private final Clock clock;
  private final LongSupplier nanoTime;

  private BootTime latest;
  private BootTime beforeStep;
  private long stepForgottenMicros = Long.MIN_VALUE;
  private long readNanos;
  private long readMicros;

  /**
   * A clock over a procfs. A missing {@code uptime} counts as a boot right now, so that every
   * process seems to have started after every record, and none is attributed.
   *
   * @param proc the procfs
   * @param clock the wall clock that stamps are made with
   * @param nanoTime a monotonic clock, {@code System::nanoTime}
   */
  public ProcfsBootClock(Path proc, Clock clock, LongSupplier nanoTime) {
    this.uptime = proc.resolve("uptime");
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.latest = read();
    this.beforeStep = latest;
  }

  @Override
  public synchronized BootTime bootTime() {
    long nanos = nanoTime.getAsLong();
    long micros = micros(clock.instant());
    long drift = (micros - readMicros) - (nanos - readNanos) / 1_000;
    if (nanos - readNanos >= REREAD_NANOS || Math.abs(drift) > STEP_MICROS) {
      reread(micros);
    }
    return micros < stepForgottenMicros ? union(latest, beforeStep) : latest;
  }

  @Override
  public long nowAtLeastMicros() {
    BootTime boot = bootTime();
    return micros(clock.instant()) - boot.latestMicros();
  }

  private void reread(long nowMicros) {
    BootTime old = latest;
    latest = read();
    boolean apart =
        latest.earliestMicros() > old.latestMicros()
            || latest.latestMicros() < old.earliestMicros();
    if (apart) {
      beforeStep = nowMicros < stepForgottenMicros ? union(old, beforeStep) : old;
      stepForgottenMicros = nowMicros + STEP_MEMORY_MICROS;
    }
  }

  private BootTime read() {
    readNanos = nanoTime.getAsLong();
    readMicros = micros(clock.instant());
    long up = uptimeMicros();
    long after = micros(clock.instant());
    return new BootTime(
        readMicros - up - UPTIME_PRECISION_MICROS, Math.max(after, readMicros) - up);
  }

  /** {@code <seconds>.<hundredths> <idle>}. */
  private long uptimeMicros() {
    try {
      byte[] text = Files.readAllBytes(uptime);
      String line = new String(text, StandardCharsets.ISO_8859_1);
      int dot = line.indexOf('.');
      long seconds = Long.parseLong(line.substring(0, Math.max(dot, 0)));
      return seconds * 1_000_000 + Long.parseLong(line.substring(dot + 1, dot + 3)) * 10_000;
    } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
      return 0;
    }
  }

  private static BootTime union(BootTime a, BootTime b) {
    return new BootTime(
        Math.min(a.earliestMicros(), b.earliestMicros()),
        Math.max(a.latestMicros(), b.latestMicros()));
  }

  private static long micros(Instant instant) {
    return instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000;
  }
}
