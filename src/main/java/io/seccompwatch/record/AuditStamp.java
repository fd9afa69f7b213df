package io.seccompwatch.record;

import java.time.Instant;

/**
 * The {@code audit(SECONDS.FRACTION:SERIAL)} of a record.
 *
 * @param seconds since the epoch; tiny on machines without a clock that runs on
 * @param fraction the digits after the point, as a number; the kernel prints three
 * @param fractionDigits how many digits there were, 1 to 3
 * @param serial the kernel's 32-bit event number; it starts anew at a reboot
 */
public record AuditStamp(long seconds, int fraction, int fractionDigits, long serial) {

  /** The stamp as a point in time, to the millisecond. */
  public Instant time() {
    return Instant.ofEpochSecond(seconds, millis() * 1_000_000L);
  }

  /** The stamp in milliseconds since the epoch. */
  public long epochMillis() {
    return seconds * 1_000L + millis();
  }

  /** The audit id as it stood in the record: {@code seconds.fraction:serial}. */
  public String id() {
    String digits = Integer.toString(fraction);
    return seconds + "." + "0".repeat(fractionDigits - digits.length()) + digits + ":" + serial;
  }

  private int millis() {
    int millis = fraction;
    for (int digits = fractionDigits; digits < 3; digits++) {
      millis *= 10;
    }
    return millis;
  }
}
