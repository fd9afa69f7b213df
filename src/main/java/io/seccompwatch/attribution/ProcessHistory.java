package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.BootClock.Moment;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.ProcReader.ProcessList;
import io.seccompwatch.attribution.ProcReader.ProcessView.Present;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Which process had which PID, and in which container: so that one that is gone when its record
 * comes is known all the same. Kept by {@link #walk}, which looks only at the PIDs that were given
 * away since the last walk; every other PID still belongs, or belonged last, to whom it did. Only
 * when that order was lost, and at times to forget the dead, all processes are listed.
 *
 * <p>Why {@code cgroup.procs} alone will not do: outside the host's PID namespace it prints 0 for
 * every process ({@code cgroup_procs_show}), while a procfs of the host shows them all. Where it
 * does show them, {@link #look} takes a new container's processes from it.
 *
 * <p>{@link #walk} belongs to one thread. Lookups and {@link #learn} are safe for any number of
 * threads: the entries are immutable values in a concurrent map.
 */
public final class ProcessHistory {

  /** When a process that is not yet where it will stay is looked at again first. */
  private static final long YOUNG_MICROS = 1_000;

  private final ProcReader reader;
  private final ProcessList processes;
  private final BootClock clock;
  private final PidTimeline timeline;
  private final Limits limits;
  private final Map<Integer, KnownProcess> known = new ConcurrentHashMap<>();
  private final ArrayDeque<Young> young = new ArrayDeque<>();

  private PidTimeline.@Nullable Mark walked;
  private volatile @Nullable Sampled sampled;
  private long listedMicros = Long.MIN_VALUE;

  /**
   * The bounds of a history.
   *
   * @param processes the most entries; more are not remembered
   * @param tombstoneMillis how long a process that is gone is remembered
   * @param listingMillis how often all processes are listed, to forget the gone ones
   * @param windowPids how many new PIDs are probed one by one before a listing is cheaper
   * @param settledMillis the age from which a process outside a pod's container is taken to stay
   *     where it is: runtimes start a process elsewhere and then move it
   */
  public record Limits(
      int processes, long tombstoneMillis, long listingMillis, int windowPids, long settledMillis) {
    /** 32,768 processes, 60 s, 30 s, 4,096 PIDs, 10 s. */
    public static final Limits DEFAULT = new Limits(32_768, 60_000, 30_000, 4_096, 10_000);
  }

  /** A process that is not yet where it will stay; looked at again at growing intervals. */
  private record Young(int pid, long startTicks, long againMicros, long delayMicros) {}

  private record Sampled(PidTimeline.Mark mark, long sinceBootMicros) {}

  /** A lookup's answer: an owner, or why there is none. */
  record Finding(@Nullable InContainer owner, AttributionReason reason) {}

  /**
   * A history; empty until the first {@link #walk}.
   *
   * @param proc the procfs, of the initial PID namespace
   * @param reader the walking thread's own reader of it
   * @param clock the time since boot
   * @param timeline the order of PIDs in that namespace
   * @param limits how much is remembered
   */
  public ProcessHistory(
      Path proc, ProcReader reader, BootClock clock, PidTimeline timeline, Limits limits) {
    this.reader = reader;
    this.processes = new ProcessList(proc);
    this.clock = clock;
    this.timeline = timeline;
    this.limits = limits;
  }

  /** Looks at what changed since the last call; never throws for what procfs may hold. */
  public void walk() {
    long now = clock.nowAtLeastMicros();
    PidTimeline.Mark mark = timeline.sample();
    remember(mark, now);
    PidTimeline.Mark last = walked;
    boolean ordered = mark != null && last != null && mark.epoch() == last.epoch();
    if (!ordered || now - listedMicros >= limits.listingMillis * 1_000) {
      list(mark, now, ordered);
    } else if (mark != null && last != null) {
      probeWindow(last, mark, now);
    }
    probeYoung(mark, now);
    walked = mark;
  }

  /**
   * Looks at the processes of a cgroup that has just been made, which is far sooner done than a
   * walk. On the walking thread.
   *
   * @param directory the cgroup's directory
   * @return whether any process was there to be looked at. Never in another PID namespace than the
   *     node's, where {@code cgroup.procs} does not show them: only a walk finds them then
   */
  public boolean look(Path directory) {
    long now = clock.nowAtLeastMicros();
    PidTimeline.Mark mark = timeline.sample();
    remember(mark, now);
    boolean any = false;
    try {
      for (String line :
          Files.readAllLines(directory.resolve("cgroup.procs"), StandardCharsets.ISO_8859_1)) {
        int pid = Integer.parseInt(line);
        if (pid > 0) {
          probe(pid, mark, now);
          any = true;
        }
      }
    } catch (IOException | NumberFormatException e) {
      return any; // gone again
    }
    return any;
  }

  /**
   * The longest time between two walks at which nothing has to be read twice; milliseconds. Walks
   * further apart stay right, but cost more and know less.
   */
  public long longestGapMillis() {
    return timeline.longestGapMillis();
  }

  /**
   * The oldest process of every container that is not known to be gone; for any thread.
   *
   * @param without processes that do not count
   */
  public Collection<ContainerProcess> oldestOfContainers(Set<ContainerProcess> without) {
    Map<String, ContainerProcess> oldest = new HashMap<>();
    known.forEach(
        (pid, process) -> {
          if (process.isOpen()) {
            RunningContainers.add(oldest, pid, process.startTicks(), process.owner(), without);
          }
        });
    return oldest.values();
  }

  /** How many processes are remembered. */
  public int size() {
    return known.size();
  }

  private void probeWindow(PidTimeline.Mark from, PidTimeline.Mark to, long now) {
    // How far the numbers go before they start again is not known: a listing tells.
    if (to.lap() != from.lap() || to.cursor() - from.cursor() > limits.windowPids) {
      list(to, now, true);
      return;
    }
    for (int pid = from.cursor(); pid < to.cursor(); pid++) {
      probe(pid, to, now);
    }
  }

  /** Every process that procfs lists; one that was not given away anew is only kept. */
  private void list(PidTimeline.@Nullable Mark mark, long now, boolean ordered) {
    PidTimeline.Mark last = walked;
    BitSet listed = processes.list();
    for (int pid = listed.nextSetBit(0); pid >= 0; pid = listed.nextSetBit(pid + 1)) {
      boolean unchanged = ordered && last != null && mark != null && !last.mayGiveAway(pid, mark);
      if (!unchanged) {
        probe(pid, mark, now);
      }
    }
    long forgotten = now - limits.tombstoneMillis * 1_000;
    for (Map.Entry<Integer, KnownProcess> entry : known.entrySet()) {
      KnownProcess process = entry.getValue();
      if (!listed.get(entry.getKey())) {
        process = process.closedAt(now);
      }
      replace(entry.getKey(), entry.getValue(), process.since(forgotten));
    }
    listedMicros = now;
  }

  private void probeYoung(PidTimeline.@Nullable Mark mark, long now) {
    for (int i = young.size(); i > 0; i--) {
      Young process = young.removeFirst();
      if (now < process.againMicros()) {
        young.addLast(process);
      } else if (reader.readStart(process.pid()) instanceof Present present
          && present.startTicks() == process.startTicks()) {
        look(process.pid(), mark, now, process.delayMicros() * 2);
      }
    }
  }

  private void probe(int pid, PidTimeline.@Nullable Mark mark, long now) {
    KnownProcess before = known.get(pid);
    if (before != null
        && reader.readStart(pid) instanceof Present present
        && present.startTicks() == before.startTicks()) {
      put(pid, present, before.owner(), mark, now);
      return;
    }
    look(pid, mark, now, YOUNG_MICROS);
  }

  private void look(int pid, PidTimeline.@Nullable Mark mark, long now, long delayMicros) {
    if (!(reader.read(pid) instanceof Present present)) {
      KnownProcess before = known.get(pid);
      if (before != null) {
        replace(pid, before, before.closedAt(now));
      }
      return;
    }
    if (present.thread() || present.kernel() || present.dead()) {
      return;
    }
    boolean old = now - present.startTicks() * 10_000 >= limits.settledMillis * 1_000;
    if (present.owner() instanceof InContainer owner && (old || isSettled(owner))) {
      put(pid, present, owner, mark, now);
    } else if (!old && young.size() < limits.windowPids) {
      young.addLast(new Young(pid, present.startTicks(), now + delayMicros, delayMicros));
    }
  }

  /** A container of a pod keeps its processes; from elsewhere a young one may still be moved. */
  private static boolean isSettled(InContainer owner) {
    return owner.podUid() != null && owner.containerId() != null;
  }

  /** Remembers what a source thread has read, for the records that follow; microseconds. */
  void learn(int pid, Present present, long heldMicros) {
    boolean alive = !present.thread() && !present.dead();
    if (alive && present.owner() instanceof InContainer owner && isSettled(owner)) {
      put(pid, present, owner, null, heldMicros);
    }
  }

  private void put(
      int pid,
      Present present,
      InContainer owner,
      PidTimeline.@Nullable Mark mark,
      long heldMicros) {
    if (known.size() >= limits.processes && !known.containsKey(pid) && !evict()) {
      return;
    }
    known.compute(
        pid,
        (key, before) -> {
          if (before != null && before.startTicks() == present.startTicks()) {
            long held = Math.max(before.heldMicros(), heldMicros);
            return before.heldAt(held, mark == null ? before.mark() : mark, present.comm());
          }
          if (before != null && before.startTicks() > present.startTicks()) {
            return before;
          }
          return new KnownProcess(
              present.startTicks(),
              present.comm(),
              owner,
              heldMicros,
              mark,
              KnownProcess.OPEN,
              before == null ? null : before.predecessor(heldMicros),
              heldMicros);
        });
  }

  /** Makes room by forgetting one that is gone. */
  private boolean evict() {
    Iterator<KnownProcess> entries = known.values().iterator();
    while (entries.hasNext()) {
      if (!entries.next().isOpen()) {
        entries.remove();
        return true;
      }
    }
    return false;
  }

  private void replace(int pid, KnownProcess before, @Nullable KnownProcess after) {
    if (after == null) {
      known.remove(pid, before);
    } else if (!after.equals(before)) {
      known.replace(pid, before, after);
    }
  }

  /** The container of exactly this process, whatever became of it; null when it is not known. */
  @Nullable InContainer ownerOf(int pid, long startTicks) {
    for (KnownProcess p = known.get(pid); p != null; p = p.previous()) {
      if (p.startTicks() == startTicks) {
        return p.owner();
      }
    }
    return null;
  }

  /** Whether another process is remembered that had the PID before this one. */
  boolean hadOtherBefore(int pid, long startTicks) {
    KnownProcess p = known.get(pid);
    return p != null && (p.startTicks() < startTicks || p.previous() != null);
  }

  /** Who was seen with the PID both before and after the event; null when nobody was. */
  @Nullable InContainer holderAt(int pid, Moment event) {
    KnownProcess p = known.get(pid);
    boolean held =
        p != null
            && (event.isAfterStart(p.startTicks()) || p.heldBefore(event))
            && p.heldThrough(event);
    return held && p != null ? p.owner() : null;
  }

  /**
   * Whose PID it was at the time of an event. Costs a sample of the PID order when the process is
   * known and none was taken since.
   *
   * @param comm the name in the record, for the case that start and event are too close to tell
   */
  Finding find(int pid, Moment event, @Nullable String comm) {
    for (KnownProcess p = known.get(pid); p != null; p = p.previous()) {
      if (event.isBeforeStart(p.startTicks())) {
        continue;
      }
      boolean likely = p.previous() == null && p.comm().equals(comm);
      boolean sure = event.isAfterStart(p.startTicks()) || p.heldBefore(event) || likely;
      boolean held = sure && (p.heldThrough(event) || notGivenAway(pid, p.mark(), event));
      return held
          ? new Finding(p.owner(), AttributionReason.PROCESS_GONE)
          : new Finding(null, AttributionReason.PID_REUSE_POSSIBLE);
    }
    return new Finding(null, AttributionReason.PROCESS_GONE);
  }

  private boolean notGivenAway(int pid, PidTimeline.@Nullable Mark since, Moment event) {
    Sampled latest = sampled;
    if (since == null) {
      return false;
    }
    if (latest == null || latest.sinceBootMicros() < event.latest()) {
      long now = clock.nowAtLeastMicros();
      remember(timeline.sample(), now);
      latest = sampled;
    }
    return latest != null && !since.mayGiveAway(pid, latest.mark());
  }

  private void remember(PidTimeline.@Nullable Mark mark, long sinceBootMicros) {
    sampled = mark == null ? null : new Sampled(mark, sinceBootMicros);
  }

  /**
   * A process that was seen in a container. Immutable.
   *
   * @param startTicks start since boot in ticks of 10 ms
   * @param comm the main thread's name when it was last read
   * @param owner its container
   * @param heldMicros time since boot, microseconds, at which it is known to have had the PID
   * @param mark a mark in the order of PIDs at which it is known to have had the PID; null when
   *     that order is not told
   * @param closedMicros when it was first seen gone; {@link #OPEN} while it is not
   * @param previous who had the PID before, null when that is unknown or long ago
   * @param firstHeldMicros the first time at which it is known to have had the PID, at the earliest
   */
  record KnownProcess(
      long startTicks,
      String comm,
      InContainer owner,
      long heldMicros,
      PidTimeline.@Nullable Mark mark,
      long closedMicros,
      @Nullable KnownProcess previous,
      long firstHeldMicros) {

    static final long OPEN = Long.MAX_VALUE;

    /** The times at which processes are seen are cut to this. */
    private static final long UPTIME_PRECISION_MICROS = 10_000;

    boolean isOpen() {
      return closedMicros == OPEN;
    }

    /** Seen again, by the name that it has now: a container's first process comes by exec. */
    KnownProcess heldAt(long micros, PidTimeline.@Nullable Mark at, String now) {
      return new KnownProcess(startTicks, now, owner, micros, at, OPEN, previous, firstHeldMicros);
    }

    KnownProcess closedAt(long micros) {
      return isOpen()
          ? new KnownProcess(
              startTicks, comm, owner, heldMicros, mark, micros, previous, firstHeldMicros)
          : this;
    }

    /** As the one before another process of the same PID; of those only one is remembered. */
    KnownProcess predecessor(long micros) {
      long closed = Math.min(closedMicros, micros);
      return new KnownProcess(
          startTicks, comm, owner, heldMicros, mark, closed, null, firstHeldMicros);
    }

    /** Without a predecessor that was gone before the given time; null when it itself was. */
    @Nullable KnownProcess since(long micros) {
      if (closedMicros < micros) {
        return null;
      }
      return previous == null || previous.closedMicros >= micros
          ? this
          : new KnownProcess(
              startTicks, comm, owner, heldMicros, mark, closedMicros, null, firstHeldMicros);
    }

    /** Returns true if the process was seen with the PID before the event, so that it had begun. */
    boolean heldBefore(Moment event) {
      return firstHeldMicros + UPTIME_PRECISION_MICROS <= event.earliest();
    }

    /** Returns true if the process was seen with the PID after the event, having begun before. */
    boolean heldThrough(Moment event) {
      return event.latest() <= heldMicros;
    }
  }
}
