package io.seccompwatch.attribution;

import java.nio.file.Path;
import java.util.BitSet;

/** The processes that a procfs lists. Owned by one thread. */
public final class ProcessList {

  private static final int HIGHEST = 4_194_304; // PID_MAX_LIMIT, include/linux/threads.h

  private final java.io.File proc;

  /**
   * A list that has not been read.
   *
   * @param proc the procfs
   */
  public ProcessList(Path proc) {
    this.proc = proc.toFile();
  }

  /** The PIDs; none when the directory cannot be read. */
  public BitSet list() {
    BitSet pids = new BitSet();
    // File.list is the cheapest listing in the JDK: strings only, no attributes.
    String[] names = proc.list();
    for (String name : names == null ? new String[0] : names) {
      if (name.length() <= 7 && CgroupNames.isDigits(name, 0)) {
        int pid = Integer.parseInt(name);
        if (pid < HIGHEST) {
          pids.set(pid);
        }
      }
    }
    return pids;
  }
}
