package io.seccompwatch.attribution;

import io.seccompwatch.attribution.ProcReader.ProcessView.Gone;
import io.seccompwatch.attribution.ProcReader.ProcessView.Hidden;
import io.seccompwatch.attribution.ProcReader.ProcessView.Present;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code /proc/PID/stat}, {@code cgroup} and {@code stat} again: only when the start time is
 * the same before and after does the cgroup belong to that process. Owned by one thread: buffers
 * are reused.
 */
public final class ProcReader {

  private static final int STAT_BYTES = 4_096;
  private static final int STATE_FIELD = 3;
  private static final int FLAGS_FIELD = 9;
  private static final int START_FIELD = 22;
  private static final int EXIT_SIGNAL_FIELD = 38;
  private static final long EXITING = 0x0000_0004; // PF_EXITING, include/linux/sched.h
  private static final long KERNEL_THREAD = 0x0020_0000; // PF_KTHREAD

  private final Path proc;
  private final CgroupParser parser;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(CgroupParser.MAX_BYTES + 1);
  private final byte[] bytes = new byte[CgroupParser.MAX_BYTES + 1];

  /**
   * A reader.
   *
   * @param proc a procfs that shows the initial PID namespace, whose numbers records carry
   * @param parser the grammar for cgroup texts
   */
  public ProcReader(Path proc, CgroupParser parser) {
    this.proc = proc;
    this.parser = parser;
  }

  /** What procfs shows of the PID now. */
  ProcessView read(int pid) {
    Path directory = proc.resolve(Integer.toString(pid));
    try {
      Stat before = stat(directory);
      int length = fill(directory.resolve("cgroup"), bytes.length);
      if (before == null || length < 0) {
        return new Gone();
      }
      CgroupParser.Reading reading = parser.read(bytes, length);
      Stat after = stat(directory);
      if (after == null || after.startTicks != before.startTicks) {
        return new Gone();
      }
      Present present = after.with(reading.alive());
      return present.dead() ? after.with(reading.dead()) : present;
    } catch (NoSuchFileException e) {
      // With hidepid=2 a hidden process looks like none; so does PID 1, which is always there.
      return Files.exists(proc.resolve("1")) ? new Gone() : new Hidden();
    } catch (AccessDeniedException e) {
      return new Hidden();
    } catch (IOException e) {
      // ESRCH while reading is a process that went; EPERM is hidepid=1.
      return Files.exists(directory) ? new Hidden() : new Gone();
    }
  }

  /** Start time and state alone, with an owner that says nothing; for a process already known. */
  ProcessView readStart(int pid) {
    Path directory = proc.resolve(Integer.toString(pid));
    try {
      Stat stat = stat(directory);
      return stat == null ? new Gone() : stat.with(new CgroupOwner.Unresolved());
    } catch (IOException e) {
      return new Gone();
    }
  }

  /** Whether the PID still is that of the process that started then, and is not on its way out. */
  public boolean isAlive(ContainerProcess process) {
    return readStart(process.pid()) instanceof Present present
        && present.startTicks() == process.startTicks()
        && !present.dead();
  }

  /** Whom the PID's cgroup names now, whoever has it; null when that cannot be read. */
  @Nullable CgroupOwner glance(int pid) {
    try {
      int length = fill(proc.resolve(Integer.toString(pid)).resolve("cgroup"), bytes.length);
      return parser.read(bytes, length).alive();
    } catch (IOException e) {
      return null;
    }
  }

  private @Nullable Stat stat(Path directory) throws IOException {
    return parse(bytes, fill(directory.resolve("stat"), STAT_BYTES));
  }

  /** Reads a file from its start into {@link #bytes}; the number of bytes. */
  private int fill(Path file, int limit) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      buffer.clear().limit(limit);
      while (buffer.hasRemaining() && channel.read(buffer) > 0) {
        // procfs gives at most a page at a time
      }
      buffer.flip();
      int length = buffer.remaining();
      buffer.get(bytes, 0, length);
      return length;
    }
  }

  /**
   * The fields of a stat line; null when it is none. The name in the second field is free text and
   * may hold blanks and parentheses, so fields are counted from the last closing one.
   */
  static @Nullable Stat parse(byte[] line, int length) {
    int open = -1;
    int close = -1;
    for (int i = 0; i < length; i++) {
      open = line[i] == '(' && open < 0 ? i : open;
      close = line[i] == ')' ? i : close;
    }
    if (open < 0 || close < open || close + 2 >= length) {
      return null;
    }
    Stat stat = new Stat();
    stat.comm = new String(line, open + 1, close - open - 1, StandardCharsets.UTF_8);
    int field = STATE_FIELD;
    int from = close + 2;
    for (int i = from; i <= length && field <= EXIT_SIGNAL_FIELD; i++) {
      if (i == length || line[i] == ' ' || line[i] == '\n') {
        stat.set(field++, line, from, i);
        from = i + 1;
      }
    }
    return field > START_FIELD && stat.startTicks >= 0 && stat.flags >= 0 ? stat : null;
  }

  /** The fields of interest. */
  static final class Stat {
    private String comm = "";
    private char state = '?';
    private long flags;
    private long startTicks = -1;
    private boolean thread;

    private void set(int field, byte[] line, int from, int to) {
      switch (field) {
        case STATE_FIELD -> state = to > from ? (char) line[from] : '?';
        case FLAGS_FIELD -> flags = number(line, from, to);
        case START_FIELD -> startTicks = number(line, from, to);
        // copy_process gives -1 to threads; only the main thread signals its parent
        case EXIT_SIGNAL_FIELD -> thread = to > from && line[from] == '-';
        default -> {}
      }
    }

    long startTicks() {
      return startTicks;
    }

    Present with(CgroupOwner owner) {
      boolean kernel = (flags & KERNEL_THREAD) != 0;
      boolean dead = state == 'Z' || state == 'X' || (flags & EXITING) != 0;
      return new Present(startTicks, dead, comm, thread && state != 'X', kernel, owner);
    }

    private static long number(byte[] line, int from, int to) {
      long value = 0;
      for (int i = from; i < to; i++) {
        if (line[i] < '0' || line[i] > '9' || value > Long.MAX_VALUE / 20) {
          return -1;
        }
        value = value * 10 + (line[i] - '0');
      }
      return to > from ? value : -1;
    }
  }

  /** View of a PID in procfs at one moment. Immutable. */
  sealed interface ProcessView {

    /**
     * The process has the PID.
     *
     * @param startTicks start since boot in ticks of 10 ms; with the PID it names a process for
     *     good
     * @param dead whether it is a zombie or on its way there (PF_EXITING): from then on v1
     *     hierarchies show the root for it ({@code kernel/cgroup/cgroup.c}, {@code
     *     proc_cgroup_show})
     * @param comm the main thread's name
     * @param thread whether the number is that of a thread beside the main one
     * @param kernel whether it is a kernel thread
     * @param owner whom its cgroup names
     */
    record Present(
        long startTicks,
        boolean dead,
        String comm,
        boolean thread,
        boolean kernel,
        CgroupOwner owner)
        implements ProcessView {}

    /** No such process, or it went while it was read. */
    record Gone() implements ProcessView {}

    /** It is there, or may be, but procfs does not show it. */
    record Hidden() implements ProcessView {}
  }

  /** The processes that a procfs lists. Owned by one thread. */
  public static final class ProcessList {

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
}
