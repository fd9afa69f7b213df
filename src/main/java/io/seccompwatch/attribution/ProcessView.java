package io.seccompwatch.attribution;

/** What procfs shows of a PID at one moment. Immutable. */
sealed interface ProcessView {

  /**
   * The process has the PID.
   *
   * @param startTicks start since boot in ticks of 10 ms; with the PID it names a process for good
   * @param dead whether it is a zombie or on its way there (PF_EXITING): from then on v1
   *     hierarchies show the root for it ({@code kernel/cgroup/cgroup.c}, {@code proc_cgroup_show})
   * @param comm the main thread's name
   * @param thread whether the number is that of a thread beside the main one
   * @param kernel whether it is a kernel thread
   * @param owner whom its cgroup names
   */
  record Present(
      long startTicks, boolean dead, String comm, boolean thread, boolean kernel, CgroupOwner owner)
      implements ProcessView {}

  /** No such process, or it went while it was read. */
  record Gone() implements ProcessView {}

  /** It is there, or may be, but procfs does not show it. */
  record Hidden() implements ProcessView {}
}
