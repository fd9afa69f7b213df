package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.BootClock.Moment;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.ProcReader.ProcessView;
import io.seccompwatch.attribution.ProcReader.ProcessView.Present;
import io.seccompwatch.linux.ProcessEventSink;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who had which PID when, by the kernel's own word of forks, execs and exits, and in which
 * container of a pod: so that a process that lived for a millisecond is known when its record
 * comes. Bounded by {@link Limits}; what is kept of a lifetime is in {@link LifetimeTable}.
 *
 * <p>A child begins in the cgroup of the one that forked it, so it takes over a parent's container.
 * That is never concluded of the host: runtimes fork from there and move the child before it
 * executes. At exec the process itself is read. A child of the host is read before that already
 * ({@link #lookAtYoung}), for its program may end sooner than its exec is heard of. When events
 * were lost, what was known holds for the time before and no longer, until the processes are walked
 * anew.
 *
 * <p>Not seen: a process that is moved between cgroups without exec, and {@code CLONE_PARENT} of
 * one that was adopted across containers other than by a pod's pause process.
 *
 * <p>Events and walks belong to one thread; lookups and the status are for any.
 */
public final class ProcessEventHistory implements ProcessEventSink {

  private static final long TICK_MICROS = 10_000;

  /** So long a runtime may take at most from making a container's process to its program. */
  private static final long YOUNG_MICROS = 10_000_000;

  private static final int MAX_SHARED_OWNERS = 1_024;

  /** Most children of the host that are read before they execute; more are read at exec alone. */
  private static final int MOST_YOUNG = 64;

  /** Most of them that are read in one round: a fork storm of the host must not cost a CPU. */
  private static final int YOUNG_PER_ROUND = 8;

  /**
   * Pauses in microseconds between two looks at a child of the host. crun moves the process 0.2 ms
   * after its fork, lets it execute 0.8 ms later, and it may end after another 0.3; runc takes some
   * milliseconds, and 160 on a busy node.
   */
  private static final int[] YOUNG_PAUSES = {
    250, 250, 250, 250, 500, 1_000, 1_000, 2_000, 2_000, 4_000, 8_000, 20_000, 40_000, 80_000
  };

  /** Most children of the host that are looked at more than once in a millisecond. */
  private static final int FEW_YOUNG = 4;

  /** Shortest pause when there are more of them. */
  private static final int MANY_PAUSE = 1_000;

  /** What adopts the orphans of all of a pod's containers, when they share a PID namespace. */
  private static final String PAUSE = "pause";

  private final IntFunction<ProcessView> reader;
  private final IntFunction<@Nullable CgroupOwner> glance;
  private final LongSupplier nowNanos;
  private final LongSupplier drainedNanos;
  private final Limits limits;

  private final LifetimeTable table = new LifetimeTable();
  private final Map<InContainer, InContainer> shared = new HashMap<>();
  private final ArrayDeque<Newborn> young = new ArrayDeque<>();
  private long events;
  private long lost;
  private long losses;
  private long untracked;
  private long forgotten;
  private final Crowd crowd = new Crowd();
  private boolean wantsWalk = true;

  /** While it is not known which of the events come from after a hole; the event thread's own. */
  private boolean overrun;

  private volatile long caughtUp;
  private volatile boolean active;

  /**
   * The bounds of a ledger.
   *
   * @param processes the most living ones; more are not known
   * @param tombstones the most that have ended; when there are more, the oldest of the container
   *     with the most are forgotten first
   * @param tombstoneMillis how long one that has ended is known
   */
  public record Limits(int processes, int tombstones, long tombstoneMillis) {
    /** 32,768 processes, 32,768 tombstones, 60 s. */
    public static final Limits DEFAULT = new Limits(32_768, 32_768, 60_000);
  }

  /** A child of the host that may be on its way into a container; times in microseconds. */
  private record Newborn(int pid, long born, long again, int looks) {}

  /** What the ledger says of a PID at a time. */
  sealed interface Finding {
    /** It was in this container. */
    record Known(InContainer owner, Evidence by) implements Finding {}

    /** Several had it at about that time, and not all of them in one container. */
    record Several() implements Finding {}

    /** Nothing that could be said for certain, now and later. */
    record Nothing() implements Finding {}

    /** Not yet: events from that time may still wait to be read. */
    record Behind() implements Finding {}
  }

  private static final Finding SEVERAL = new Finding.Several();
  private static final Finding NOTHING = new Finding.Nothing();
  private static final Finding BEHIND = new Finding.Behind();

  /**
   * An empty ledger that answers nothing until {@link #activate}.
   *
   * @param reader the event thread's own
   * @param nowNanos the time since boot
   * @param drainedNanos for any thread: a time before which all events have been given here, as
   *     good as now; negative when some may wait
   */
  public ProcessEventHistory(
      ProcReader reader, LongSupplier nowNanos, LongSupplier drainedNanos, Limits limits) {
    this(reader::read, reader::glance, nowNanos, drainedNanos, limits);
  }

  ProcessEventHistory(
      IntFunction<ProcessView> reader,
      IntFunction<@Nullable CgroupOwner> glance,
      LongSupplier nowNanos,
      LongSupplier drainedNanos,
      Limits limits) {
    this.reader = reader;
    this.glance = glance;
    this.nowNanos = nowNanos;
    this.drainedNanos = drainedNanos;
    this.limits = limits;
  }

  /** From now on events come, and those before the time since boot have not come. */
  synchronized void activate(long sinceNanos) {
    table.incompleteUntil(sinceNanos / 1_000);
    active = true;
  }

  /** No more events come. */
  void deactivate() {
    active = false;
  }

  /** Whether events come. */
  public boolean isActive() {
    return active;
  }

  /** Every event before this time since boot, in microseconds, has been entered. */
  public long caughtUpMicros() {
    return caughtUp;
  }

  @Override
  public void forked(int parent, int child, long nanos) {
    long micros = nanos / 1_000;
    synchronized (this) {
      events++;
      begin(parent, child, micros);
      tidy(micros);
    }
    advance(micros);
  }

  private void begin(int parent, int child, long micros) {
    int before = table.holder(child);
    if (before != LifetimeTable.NONE && table.doubt(before) >= micros) {
      // It was read after this fork, of which we hear only now
      if (table.isOpen(before)
          && table.isStartRounded(before)
          && table.start(before) / TICK_MICROS - 1 == micros / TICK_MICROS) {
        table.moveStart(before, micros);
        return;
      }
      table.unsee(before);
    }
    InContainer owner = inherited(parent, micros);
    if (hasRoom(owner, micros)) {
      table.begin(child, micros, owner);
      if (owner == null && young.size() < MOST_YOUNG) {
        young.addLast(new Newborn(child, micros, micros, 0));
      }
    } else {
      forgoes(child, micros);
      crowd.add(1, owner, micros);
    }
  }

  /** Whether a process finds room, be it that of a container that has more of them. */
  private boolean hasRoom(@Nullable InContainer owner, long micros) {
    if (!isFull()) {
      return true;
    }
    LifetimeTable.Forgotten made =
        table.makeRoom(owner, Math.min(micros, nowNanos.getAsLong() / 1_000));
    if (made == null) {
      return false;
    }
    untracked++;
    crowd.add(made.count(), made.owner(), micros);
    return true;
  }

  /**
   * Looks at children of the host that have not executed yet: a runtime moves the process that will
   * be a container's before it executes the program there.
   *
   * @return microseconds until the next look; 0 when there is none to look at
   */
  long lookAtYoung() {
    long now = nowNanos.getAsLong() / 1_000;
    long next = Long.MAX_VALUE;
    int looks = 0;
    boolean many = young.size() > FEW_YOUNG;
    for (int i = young.size(); i > 0; i--) {
      Newborn one = young.removeFirst();
      if (!isYoung(one)) {
        continue;
      }
      Newborn later = one;
      if (one.again() <= now && looks < YOUNG_PER_ROUND) {
        looks++;
        if (isMoved(one) || one.looks() == YOUNG_PAUSES.length) {
          continue;
        }
        int pause = YOUNG_PAUSES[one.looks()];
        long again = now + (many ? Math.max(pause, MANY_PAUSE) : pause);
        later = new Newborn(one.pid(), one.born(), again, one.looks() + 1);
      }
      young.addLast(later);
      next = Math.min(next, later.again());
    }
    return next == Long.MAX_VALUE ? 0 : Math.max(many ? MANY_PAUSE : 1, next - now);
  }

  /** Whether nothing is known of it but its fork. */
  private boolean isYoung(Newborn one) {
    int slot = table.holder(one.pid());
    return isUnplaced(slot) && table.isOpen(slot) && table.start(slot) == one.born();
  }

  /** Returns true for a process of which no container, no read and no exec is known. */
  private boolean isUnplaced(int slot) {
    return slot != LifetimeTable.NONE
        && table.owner(slot) == null
        && !table.isSeen(slot)
        && !table.hasExecuted(slot);
  }

  /** Looks whether it is in a container by now, and enters that. */
  private boolean isMoved(Newborn one) {
    InContainer glimpsed = settled(glance.apply(one.pid()));
    if (glimpsed == null) {
      return false;
    }
    long glimpsedMicros = nowNanos.getAsLong() / 1_000;
    ProcessView view = reader.apply(one.pid());
    synchronized (this) {
      return isYoung(one) && enterMoved(table.holder(one.pid()), view, glimpsed, glimpsedMicros);
    }
  }

  /**
   * Enters the container of a child of the host that the runtime has moved.
   *
   * <p>The process may have ended since its cgroup was read, before its start time could be
   * compared. The cgroup was then its own when its exit, which is still to be heard of, is later
   * than the read: a process has its PID from its fork to its exit. An exit before the read makes
   * the owner void, as for every read whose time is kept.
   *
   * @param glimpsed the container that its cgroup named
   * @param glimpsedMicros when that had been read
   * @param view the process as it was read after that
   */
  private boolean enterMoved(
      int slot, ProcessView view, InContainer glimpsed, long glimpsedMicros) {
    switch (view) {
      case Present present -> {
        boolean same = present.startTicks() <= table.start(slot) / TICK_MICROS;
        boolean inside = present.dead() || glimpsed.equals(settled(present.owner()));
        if (present.thread() || !same || !inside) {
          return false;
        }
        table.seen(slot, glimpsed, glimpsedMicros, adopts(present));
      }
      // Its name is not known, but it is too late for it to adopt any process
      case ProcessView.Gone gone -> table.seen(slot, glimpsed, glimpsedMicros, true);
      case ProcessView.Hidden hidden -> {
        return false;
      }
    }
    return true;
  }

  private @Nullable InContainer inherited(int parent, long micros) {
    int slot = table.holder(parent);
    return slot == LifetimeTable.NONE || table.adopts(slot) || table.doubt(slot) >= micros
        ? null
        : table.owner(slot);
  }

  private boolean isFull() {
    return table.size() - table.tombstones() >= limits.processes;
  }

  private void forgoes(int pid, long micros) {
    untracked++;
    int slot = table.newest(pid);
    if (slot != LifetimeTable.NONE) {
      table.cut(slot, Math.min(micros, nowNanos.getAsLong() / 1_000));
    }
  }

  @Override
  public void execed(int pid, long nanos) {
    long micros = nanos / 1_000;
    // Most stay where they are: a third of a whole read tells that
    InContainer glimpsed = settled(glance.apply(pid));
    long glimpsedMicros = nowNanos.getAsLong() / 1_000;
    boolean same;
    synchronized (this) {
      events++;
      int slot = table.holder(pid);
      if (slot != LifetimeTable.NONE && !table.isOpen(slot)) {
        table.reopen(slot); // another thread took the main one's place
      }
      InContainer known = slot == LifetimeTable.NONE ? null : table.owner(slot);
      same = Objects.equals(known, glimpsed);
      if (same && slot != LifetimeTable.NONE) {
        table.executed(slot);
      }
    }
    if (!same) {
      read(pid, micros, glimpsed, glimpsedMicros);
    }
    advance(micros);
  }

  private void read(int pid, long micros, @Nullable InContainer glimpsed, long glimpsedMicros) {
    ProcessView view = reader.apply(pid);
    long readMicros = nowNanos.getAsLong() / 1_000;
    synchronized (this) {
      int slot = table.holder(pid);
      boolean ended = !(view instanceof Present living) || living.dead();
      if (glimpsed != null && ended && isOnItsWay(slot, micros)) {
        enterMoved(slot, view, glimpsed, glimpsedMicros);
      } else if (view instanceof Present present && !present.thread()) {
        enter(pid, slot, present, micros, readMicros);
      }
      slot = table.holder(pid);
      if (slot != LifetimeTable.NONE) {
        table.executed(slot);
      }
    }
  }

  /** Enters what was read of a process after it executed. */
  private void enter(int pid, int slot, Present present, long micros, long readMicros) {
    // The next process of the PID would have started after the exec
    boolean certain = present.startTicks() < micros / TICK_MICROS;
    long doubt = certain ? 0 : readMicros;
    InContainer owner = settled(present.owner());
    if (slot == LifetimeTable.NONE) {
      if (present.startTicks() <= micros / TICK_MICROS) {
        // What it was before, the host's maybe, is not known
        if (!isFull()) {
          table.endUnknown(pid, micros);
        }
        beginAt(micros, pid, present, owner, doubt);
      }
    } else if (present.startTicks() <= table.start(slot) / TICK_MICROS
        && (owner != null || !present.dead())) {
      InContainer before = table.owner(slot);
      if (Objects.equals(before, owner)) {
        return;
      }
      if (isOnItsWay(slot, micros)) {
        // Before its first exec it was the runtime's, on the way into this container
        table.seen(slot, owner, doubt, adopts(present));
      } else {
        // The same process goes on elsewhere
        table.seen(table.begin(pid, micros, null), owner, doubt, adopts(present));
      }
    }
  }

  /**
   * Returns true for a child of the host that has not executed since its fork, a while ago at most.
   */
  private boolean isOnItsWay(int slot, long micros) {
    return isUnplaced(slot) && micros - table.start(slot) <= YOUNG_MICROS;
  }

  private void add(int pid, Present present, @Nullable InContainer owner, long doubt) {
    int slot = beginAt((present.startTicks() + 1) * TICK_MICROS, pid, present, owner, doubt);
    if (slot != LifetimeTable.NONE) {
      table.startIsRounded(slot);
    }
  }

  private int beginAt(
      long micros, int pid, Present present, @Nullable InContainer owner, long doubt) {
    if (!hasRoom(owner, nowNanos.getAsLong() / 1_000)) {
      untracked++;
      return LifetimeTable.NONE;
    }
    int slot = table.begin(pid, micros, owner);
    table.seen(slot, owner, doubt, adopts(present));
    return slot;
  }

  private static boolean adopts(Present present) {
    return present.comm().equals(PAUSE);
  }

  /** Where processes stay; elsewhere a young one may be on its way. */
  private @Nullable InContainer settled(@Nullable CgroupOwner read) {
    if (!(read instanceof InContainer owner)
        || owner.podUid() == null
        || owner.containerId() == null) {
      return null;
    }
    if (shared.size() >= MAX_SHARED_OWNERS) {
      shared.clear();
    }
    InContainer known = shared.putIfAbsent(owner, owner);
    return known == null ? owner : known;
  }

  @Override
  public void exited(int pid, boolean main, long nanos) {
    long micros = nanos / 1_000;
    synchronized (this) {
      events++;
      int slot = table.holder(pid);
      if (slot == LifetimeTable.NONE) {
        table.endUnknown(pid, micros);
      } else {
        table.prolong(slot, micros);
        if (main) {
          table.end(slot, micros);
          if (table.doubt(slot) >= micros) {
            table.unsee(slot); // it had ended when it was read: the next one may have been
          }
        }
      }
      tidy(micros);
    }
    advance(micros);
  }

  @Override
  public void overrun() {
    overrun = true;
  }

  @Override
  public void lost(long count, long sinceNanos) {
    synchronized (this) {
      lost += count;
      losses++;
      table.cutAll(sinceNanos / 1_000);
      table.incompleteUntil(nowNanos.getAsLong() / 1_000);
      wantsWalk = true;
    }
  }

  /** Every event before this time has been given, or told to be lost. */
  void caughtUp(long nanos) {
    overrun = false;
    advance(nanos / 1_000);
  }

  private void advance(long micros) {
    if (!overrun && micros > caughtUp) {
      caughtUp = micros;
    }
  }

  private void tidy(long micros) {
    LifetimeTable.Forgotten early =
        table.forget(micros - limits.tombstoneMillis * 1_000, limits.tombstones);
    if (early.count() > 0) {
      forgotten += early.count();
      crowd.add(early.count(), early.owner(), micros);
    }
  }

  /** Whether processes are to be walked: at first and after a loss. */
  synchronized boolean wantsWalk() {
    return wantsWalk;
  }

  /** They will be; a loss from now on wants another walk. */
  synchronized void walkBegins() {
    wantsWalk = false;
  }

  /**
   * Looks at a process that was listed; of those that the events have told of only at the ones of
   * whose container nothing is known.
   */
  void walked(int pid) {
    synchronized (this) {
      int slot = table.holder(pid);
      if (slot != LifetimeTable.NONE && (table.owner(slot) != null || table.isSeen(slot))) {
        return;
      }
    }
    ProcessView view = reader.apply(pid);
    long readMicros = nowNanos.getAsLong() / 1_000;
    synchronized (this) {
      if (view instanceof Present present
          && !present.thread()
          && !present.kernel()
          && !present.dead()) {
        InContainer owner = settled(present.owner());
        int slot = table.holder(pid);
        if (slot == LifetimeTable.NONE) {
          add(pid, present, owner, readMicros);
        } else if (owner != null
            && table.isOpen(slot)
            && present.startTicks() <= table.start(slot) / TICK_MICROS) {
          // Where it was before is not known
          table.seen(table.begin(pid, readMicros, null), owner, readMicros, adopts(present));
        }
      }
    }
  }

  /** Whose PID it was at the time of a record that has come. */
  Finding find(int pid, Moment event) {
    if (!active) {
      return NOTHING;
    }
    long known = caughtUp;
    if (known < event.latest()) {
      // What came with the record happened before now
      long drained = drainedNanos.getAsLong();
      if (drained < 0) {
        return BEHIND;
      }
      known = Math.max(known, drained / 1_000);
    }
    if (event.earliest() > known) {
      return NOTHING; // from a future that no clock of ours tells
    }
    synchronized (this) {
      return find(pid, event.earliest(), Math.min(event.latest(), known), known);
    }
  }

  private Finding find(int pid, long earliest, long latest, long known) {
    InContainer owner = null;
    Evidence by = Evidence.HISTORY;
    int found = 0;
    boolean differ = false;
    long begun = Long.MAX_VALUE; // of the lifetime after
    for (int slot = table.newest(pid);
        slot != LifetimeTable.NONE && begun > earliest;
        slot = table.older(slot)) {
      long until = table.heldUntil(slot);
      if (table.isCut(slot) && until < Math.min(latest, begun)) {
        return NOTHING;
      }
      if (table.start(slot) <= latest && until >= earliest) {
        InContainer one = table.owner(slot);
        if (one != null && table.doubt(slot) > known) {
          return BEHIND;
        }
        differ |= found > 0 && (one == null || !one.equals(owner));
        owner = one;
        by = table.isSeen(slot) ? by : Evidence.PARENT;
        found++;
      }
      begun = table.start(slot);
    }
    if (differ) {
      return SEVERAL;
    }
    boolean whole = begun <= earliest || table.completeSince(pid) <= earliest;
    return owner == null || !whole ? NOTHING : new Finding.Known(owner, by);
  }

  /** How the ledger is doing; consistent. */
  public synchronized Counts counts() {
    return new Counts(
        events,
        lost,
        losses,
        untracked,
        forgotten,
        table.size() - table.tombstones(),
        table.tombstones(),
        crowd.owner(nowNanos.getAsLong() / 1_000));
  }

  /** The container whose processes found no room most often, lately. */
  private static final class Crowd {

    /** What is older does not count. */
    private static final long LATELY_MICROS = 60_000_000;

    /** Containers that are told apart. */
    private static final int MOST = 64;

    private final Map<InContainer, Long> counts = new HashMap<>();
    private long beganMicros;
    private @Nullable InContainer before;
    private long beforeEndedMicros;

    void add(int count, @Nullable InContainer owner, long micros) {
      if (micros - beganMicros > LATELY_MICROS) {
        before = most();
        beforeEndedMicros = micros;
        counts.clear();
        beganMicros = micros;
      }
      if (owner != null && (counts.size() < MOST || counts.containsKey(owner))) {
        counts.merge(owner, (long) count, Long::sum);
      }
    }

    private @Nullable InContainer most() {
      return counts.entrySet().stream()
          .max(Map.Entry.comparingByValue())
          .map(Map.Entry::getKey)
          .orElse(null);
    }

    @Nullable InContainer owner(long micros) {
      if (micros - beganMicros <= LATELY_MICROS && !counts.isEmpty()) {
        return most();
      }
      return micros - beforeEndedMicros <= LATELY_MICROS ? before : null;
    }
  }

  /**
   * Figures of a ledger.
   *
   * @param events forks, execs and exits, threads' exits included
   * @param lost events known to be missing
   * @param losses how often some went missing, or time stood still (suspend)
   * @param untracked processes that found no room, or lost it to another container's
   * @param forgotten ended processes that were forgotten before their time, for want of room
   * @param processes living ones that are known, as far as events and walks tell
   * @param tombstones ended ones that are known
   * @param crowdedBy the container whose processes took the most room within the last minute, when
   *     there was not room for all; else null
   */
  public record Counts(
      long events,
      long lost,
      long losses,
      long untracked,
      long forgotten,
      int processes,
      int tombstones,
      @Nullable InContainer crowdedBy) {

    /** The figures of no ledger. */
    static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, null);
  }
}
