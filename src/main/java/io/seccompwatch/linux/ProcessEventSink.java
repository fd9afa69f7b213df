package io.seccompwatch.linux;

/**
 * Takes what {@link ProcessConnector} receives, on the receiving thread and in the order in which
 * the kernel queued it. Times are nanoseconds since boot, suspends included ({@code
 * CLOCK_BOOTTIME}); those of events on different CPUs may come slightly out of order. PIDs are
 * those of processes (thread groups) in the initial PID namespace.
 */
public interface ProcessEventSink {

  /**
   * A process began. It has not run yet.
   *
   * @param parent its parent, which is not the one that made it after {@code CLONE_PARENT}
   */
  void forked(int parent, int child, long nanos);

  /**
   * A process runs a new program: whichever of its threads called, it goes on under its own PID.
   */
  void execed(int pid, long nanos);

  /**
   * A thread of a process ended. The PID stays the process's until the last thread has ended and
   * its parent has reaped it.
   *
   * @param main whether it was the thread whose number is the PID: mostly the process's end
   */
  void exited(int pid, boolean main, long nanos);

  /**
   * The kernel has begun to drop events. What comes from now on may be from before or after those
   * that are missing, until {@link #lost} tells since when: nothing is caught up with meanwhile.
   */
  void overrun();

  /**
   * Events were lost; whatever was concluded from earlier ones may have changed since.
   *
   * @param count how many are known to be missing; 0 when the kernel dropped some and later numbers
   *     will tell how many
   * @param sinceNanos the last moment before which nothing can be missing
   */
  void lost(long count, long sinceNanos);
}
