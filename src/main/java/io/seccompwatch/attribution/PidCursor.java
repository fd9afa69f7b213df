package io.seccompwatch.attribution;

/**
 * Where the kernel stands in handing out PIDs. {@code kernel/pid.c}, {@code alloc_pid}, takes the
 * lowest free number at or above a cursor that only goes up, and at {@code pid_max} starts again at
 * 300 ({@code RESERVED_PIDS}). Safe for any number of threads.
 */
public interface PidCursor {

  /** What {@link #next} says when it cannot tell. */
  int UNKNOWN = -1;

  /**
   * A number that every allocation before the call lies below and every one after it not, laps
   * apart; {@link #UNKNOWN} when it cannot be told.
   */
  int next();

  /** A number that {@code pid_max} is not less than; {@link #UNKNOWN} when it cannot be told. */
  int limit();
}
