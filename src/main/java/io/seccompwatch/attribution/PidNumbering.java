package io.seccompwatch.attribution;

import io.seccompwatch.attribution.PidTimeline.ProcfsPidCursor;
import java.io.IOException;
import java.io.Serial;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a procfs numbers processes as the kernel's records do. Records carry the numbers of
 * the initial PID namespace ({@code task_tgid_nr} in {@code audit_log_task}, kernel/auditsc.c). On
 * a node that is itself a container (kind, k3d, minikube) procfs has other numbers, and the process
 * that it shows under a record's PID is not the record's.
 *
 * <p>Two proofs are used:
 *
 * <ol>
 *   <li>Kernel threads live in the initial namespace alone, where {@code kthreadd} has PID 2. A
 *       procfs that shows process 1 and no kernel thread as process 2 is another namespace's.
 *   <li>The canary's record carries the agent's own PID. It must be the one that {@code
 *       <proc>/self} has; kernels before 4.9 print the thread's, as {@code <proc>/thread-self}.
 * </ol>
 *
 * <p>The second can refute the first and cannot outweigh it: two numberings may agree on one number
 * by chance. Thread-safe.
 */
public final class PidNumbering {

  private static final long KERNEL_THREAD = 0x0020_0000; // PF_KTHREAD, include/linux/sched.h
  private static final int FLAGS_FIELD = 9; // proc_pid_stat(5)
  private static final String INITIAL = "pid:[4026531836]"; // PROC_PID_INIT_INO, proc_ns.h
  private static final int MOST_CANARIES = 64;

  /** The last entries. */
  private static final class Latest extends LinkedHashMap<String, String> {
    @Serial private static final long serialVersionUID = 1;

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
      return size() > MOST_CANARIES;
    }
  }

  /** Result of one of the proofs. */
  private enum Proof {
    SAME,
    OTHER,
    /** Nothing is proven. */
    NONE
  }

  private final Path proc;

  /** Whether the directory is a procfs at all; one that is not has nothing to compare. */
  private final boolean procfs;

  private final Proof structure;

  /** Own PID as the procfs has it; null where it does not show this process. */
  private final @Nullable String self;

  // Guarded by this.
  private final Map<String, String> threads = new Latest();

  /** Canaries that came with the agent's own number. */
  private final Map<String, String> confirmed = new Latest();

  private volatile Proof canary = Proof.NONE;

  private PidNumbering(Path proc, boolean procfs, Proof structure, @Nullable String self) {
    this.proc = proc;
    this.procfs = procfs;
    this.structure = structure;
    this.self = self;
  }

  /**
   * Looks at a procfs.
   *
   * @param proc a mounted procfs, of whichever PID namespace
   */
  public static PidNumbering of(Path proc) {
    if (!Files.isSymbolicLink(proc.resolve("self"))) {
      return new PidNumbering(proc, false, Proof.NONE, null);
    }
    String self = link(proc.resolve("self"));
    // The initial namespace shows every process; one that hides this process is not it
    return new PidNumbering(proc, true, self == null ? Proof.OTHER : structure(proc), self);
  }

  /** Returns whether a record's PID may be looked up in the procfs. */
  public boolean namesProcesses() {
    if (!procfs) {
      return true;
    }
    return switch (structure) {
      case SAME -> canary != Proof.OTHER;
      case OTHER -> false;
      case NONE -> canary == Proof.SAME;
    };
  }

  /** Notes the number of the calling thread, which is about to make the canary's record. */
  public void noteThread(String comm) {
    String thread = link(proc.resolve("thread-self")); // <tgid>/task/<tid>
    if (thread != null) {
      synchronized (this) {
        threads.put(comm, thread.substring(thread.lastIndexOf('/') + 1));
      }
    }
  }

  /**
   * Judges by a record of a canary that this process has fired.
   *
   * @param comm the canary's name
   * @param pid the PID in its record
   */
  public synchronized void judge(String comm, int pid) {
    if (!procfs) {
      return;
    }
    String number = Integer.toString(pid);
    if (number.equals(self) || number.equals(threads.get(comm))) {
      canary = Proof.SAME;
      confirmed.put(comm, number);
    } else if (!confirmed.containsKey(
        comm)) { // else one of the two is a forgery, and it is this one
      canary = Proof.OTHER;
    }
  }

  /** Returns why no record's process can be looked up, with a remedy; null when it can. */
  public @Nullable String problem() {
    if (namesProcesses()) {
      return null;
    }
    return structure == Proof.NONE && canary == Proof.NONE
        ? proc
            + " hides process 1, and no canary has proven yet that it numbers processes as the"
            + " kernel's records do: no workload is named: mount it without hidepid, or switch the"
            + " canary on"
        : proc
            + " numbers processes otherwise than the kernel's records do, because the node is a"
            + " container itself: no workload is named: give --proc with a procfs of the machine";
  }

  private static Proof structure(Path proc) {
    try {
      return isKernelThread(proc.resolve("2/stat")) ? Proof.SAME : Proof.OTHER;
    } catch (NoSuchFileException e) {
      return Files.isReadable(proc.resolve("1/stat")) ? Proof.OTHER : byOwnNamespace(proc);
    } catch (AccessDeniedException e) {
      return byOwnNamespace(proc); // hidepid=1
    } catch (IOException e) {
      return Proof.NONE;
    }
  }

  /** Only where this process is of the same namespace as the procfs does its own tell. */
  private static Proof byOwnNamespace(Path proc) {
    String own = link(proc.resolve("self/ns/pid"));
    return own == null || !ProcfsPidCursor.sharesNamespace(proc.resolve("self/status"))
        ? Proof.NONE
        : own.equals(INITIAL) ? Proof.SAME : Proof.OTHER;
  }

  private static boolean isKernelThread(Path stat) throws IOException {
    String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
    String[] fields = text.substring(text.lastIndexOf(')') + 1).strip().split(" ", FLAGS_FIELD);
    try {
      return (Long.parseLong(fields[FLAGS_FIELD - 3]) & KERNEL_THREAD) != 0;
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new IOException(stat + " is no stat of a process", e);
    }
  }

  private static @Nullable String link(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
  }
}
