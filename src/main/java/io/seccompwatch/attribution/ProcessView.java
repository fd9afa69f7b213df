package io.seccompwatch.attribution;

/** What procfs shows of a PID at one moment. Immutable. */
sealed interface ProcessView {

  /**
   * The process has the PID.
   *
   * @param startTicks start since boot in ticks of 10 ms; with the PID it names a process for good
   * @param state the letter of proc_pid_stat(5); Z and X are dead
   * @param comm the main thread's name
   * @param thread whether the number is that of a thread beside the main one
   * @param kernel whether it is a kernel thread
   * @param owner whom its cgroup names
   */
  record Present(
      long startTicks, char state, String comm, boolean thread, boolean kernel, CgroupOwner owner)
      implements ProcessView {

    boolean dead() {
      return state == 'Z' || state == 'X';
    }
  }

  /** No such process, or it went while it was read. */
  record Gone() implements ProcessView {}

  /** It is there, or may be, but procfs does not show it. */
  record Hidden() implements ProcessView {}
}
