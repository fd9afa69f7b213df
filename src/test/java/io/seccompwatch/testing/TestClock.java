package io.seccompwatch.testing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A clock that moves only when it is told to. */
public final class TestClock extends Clock {

  /** Where it begins. */
  public static final Instant START = Instant.parse("2026-11-22T10:20:30Z");

  private Instant now;

  /** A clock that stands at {@link #START}. */
  public TestClock() {
    this(START);
  }

  /** A clock that stands at {@code now}. */
  public TestClock(Instant now) {
    this.now = now;
  }

  /** Moves on, or back when negative. */
  public synchronized void advance(Duration by) {
    now = now.plus(by);
  }

  @Override
  public synchronized Instant instant() {
    return now;
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
