package io.seccompwatch.attribution;

import io.seccompwatch.attribution.CgroupOwner.InContainer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who had which PID from when to when, and in which container. Arrays in place of objects: some 57
 * bytes for a lifetime ({@link #bytes}), so that 65,536 of them take 4 MB; it grows with need and
 * never shrinks. Owners are shared references. Times are microseconds since boot.
 *
 * <p>Room is shared by container: when there is too little, the container with the most lifetimes
 * loses its oldest, so that a fork storm pushes out its own past alone. Processes without a known
 * container share one such part.
 *
 * <p>A lifetime ends when its last thread is seen to end; until somebody else begins with the PID,
 * nobody else had it. A lifetime that is <em>cut</em> is known until then and not a moment longer.
 * Not thread-safe.
 */
final class LifetimeTable {

  static final long OPEN = Long.MAX_VALUE;
  static final int NONE = -1;

  private static final byte CUT = 1;
  private static final byte SEEN = 2;
  private static final byte ADOPTS = 4;
  private static final byte QUEUED = 8;
  private static final byte SUPERSEDED = 16;
  private static final byte EXECUTED = 32;
  private static final byte ROUNDED = 64;

  private static final int FIRST_SIZE = 1_024;

  /** Places for the ends of forgotten lifetimes, a power of two; PIDs that far apart share one. */
  private static final int FORGOTTEN = 32_768;

  /** After so many uses of the largest part it is looked for again. */
  private static final int USES = 256;

  private int[] pids = new int[FIRST_SIZE];
  private int[] next = new int[FIRST_SIZE];
  private @Nullable InContainer[] owners = new InContainer[FIRST_SIZE];
  private long[] starts = new long[FIRST_SIZE];
  private long[] ends = new long[FIRST_SIZE];
  private long[] doubts = new long[FIRST_SIZE];
  private byte[] flags = new byte[FIRST_SIZE];
  private int[] buckets = filled(FIRST_SIZE);

  private int highest;
  private int free = NONE;
  private int size;

  /** Lifetimes that have ended, in about that order: all of them, and those of each part. */
  private int[] laterEnded = new int[FIRST_SIZE];

  private int[] earlierEnded = new int[FIRST_SIZE];
  private int[] laterOfPart = new int[FIRST_SIZE];
  private int firstEnded = NONE;
  private int lastEnded = NONE;
  private int endedCount;

  private OwnerShare[] parts = new OwnerShare[FIRST_SIZE];
  private final OwnerShare nobodys = new OwnerShare(null);
  private final Map<InContainer, OwnerShare> partOf = new HashMap<>();
  private OwnerShare mostEnded = nobodys;
  private int mostEndedUses;
  private OwnerShare mostLiving = nobodys;
  private int mostLivingUses;
  private int searchedTo;

  private long completeSince;

  /** When the last lifetime of these PIDs ended that was forgotten. */
  private final long[] forgotten = new long[FORGOTTEN];

  /** The lifetimes of one container, or those of no known container. */
  private static final class OwnerShare {
    private final @Nullable InContainer owner;
    private int living;
    private int ended;
    private int first = NONE;
    private int last = NONE;

    OwnerShare(@Nullable InContainer owner) {
      this.owner = owner;
    }
  }

  private static int[] filled(int length) {
    int[] none = new int[length];
    Arrays.fill(none, NONE);
    return none;
  }

  /** All lifetimes, ended ones included. */
  int size() {
    return size;
  }

  /**
   * What the arrays take: per place pid, next, owner, start, end, doubt, flags, bucket, part and
   * three links; the ends of the forgotten.
   */
  long bytes() {
    long perPlace = 8 * Integer.BYTES + 3 * Long.BYTES + 1;
    return pids.length * perPlace + (long) FORGOTTEN * Long.BYTES;
  }

  /** Those that have ended; a few that turned out to go on may be among them. */
  int tombstones() {
    return endedCount;
  }

  /** From when on no lifetime of the PID is missing. */
  long completeSince(int pid) {
    return Math.max(completeSince, forgotten[pid & (FORGOTTEN - 1)]);
  }

  void incompleteUntil(long micros) {
    completeSince = Math.max(completeSince, micros);
  }

  /** Who has a PID, or had it last; {@link #NONE} when that is not known. */
  int holder(int pid) {
    int slot = newest(pid);
    return slot == NONE || heldUntil(slot) != OPEN ? NONE : slot;
  }

  /** The last lifetime of a PID. */
  int newest(int pid) {
    int slot = buckets[bucket(pid)];
    while (slot != NONE && pids[slot] != pid) {
      slot = next[slot];
    }
    return slot;
  }

  /** The one before it; {@link #NONE} when none is known. */
  int older(int lifetime) {
    int slot = next[lifetime];
    while (slot != NONE && pids[slot] != pids[lifetime]) {
      slot = next[slot];
    }
    return slot;
  }

  /** Somebody begins with a PID; who had it is gone. */
  int begin(int pid, long micros, @Nullable InContainer owner) {
    int before = newest(pid);
    if (before != NONE) {
      end(before, micros);
      flags[before] |= SUPERSEDED;
    }
    int slot = take();
    pids[slot] = pid;
    owners[slot] = owner;
    starts[slot] = micros;
    ends[slot] = OPEN;
    doubts[slot] = 0;
    flags[slot] = 0;
    joinLiving(slot, owner);
    int bucket = bucket(pid);
    next[slot] = buckets[bucket];
    buckets[bucket] = slot;
    return slot;
  }

  /** It ends, unless it has. */
  void end(int slot, long micros) {
    if (ends[slot] == OPEN) {
      ends[slot] = Math.max(starts[slot], micros);
      if (!has(slot, QUEUED)) {
        flags[slot] |= QUEUED;
        enqueue(slot);
      }
    }
  }

  /** One of its threads lived longer than its main one. */
  void prolong(int slot, long micros) {
    if (ends[slot] != OPEN) {
      ends[slot] = Math.max(ends[slot], micros);
    }
  }

  /** It has not ended after all. */
  void reopen(int slot) {
    ends[slot] = OPEN;
  }

  /**
   * From then on nothing is known of the PID, whoever had it. A cut may be followed by an earlier
   * one, and what ended or was followed by another since then is cut too: that was concluded from
   * events of which some were missing.
   */
  void cut(int slot, long micros) {
    if (heldUntil(slot) <= micros) {
      return;
    }
    if (doubts[slot] >= micros) {
      unsee(slot); // what would tell whether the read hit the next one may be lost
    }
    end(slot, micros);
    ends[slot] = Math.max(starts[slot], micros);
    flags[slot] |= CUT;
  }

  /** Somebody ended who was not known: whoever has the PID next is not taken for that one. */
  void endUnknown(int pid, long micros) {
    int slot = newest(pid);
    if (slot == NONE || owners[slot] != null || starts[slot] != 0) {
      slot = begin(pid, 0, null);
      cut(slot, micros);
    } else {
      prolong(slot, micros);
    }
  }

  /** From then on nothing is known of any PID. */
  void cutAll(long micros) {
    for (int slot = 0; slot < highest; slot++) {
      if (pids[slot] != 0) {
        cut(slot, micros);
        if (starts[slot] > micros) {
          cutBefore(slot, micros);
        }
      }
    }
  }

  /** Between one that had ended and the next, somebody else may have had the PID. */
  private void cutBefore(int slot, long micros) {
    int before = older(slot);
    if (before != NONE && !has(before, CUT)) {
      if (doubts[before] >= micros) {
        unsee(before);
      }
      prolong(before, micros);
      flags[before] |= CUT;
    }
  }

  /**
   * Forgets lifetimes that ended before a time. Forgets the oldest ones of the container with the
   * most, while there are more than a number of them.
   *
   * @return the container whose lifetimes were forgotten before their time, if {@link
   *     Forgotten#count} is not zero
   */
  Forgotten forget(long endedBefore, int most) {
    while (firstEnded != NONE && (isOpen(firstEnded) || ends[firstEnded] < endedBefore)) {
      forget(firstEnded);
    }
    int early = 0;
    @Nullable InContainer of = null;
    while (endedCount > most) {
      OwnerShare largest = withMostEnded();
      early += isOpen(largest.first) ? 0 : 1;
      of = largest.owner;
      forget(largest.first);
    }
    return early == 0 ? NONE_FORGOTTEN : new Forgotten(early, of);
  }

  /**
   * Lifetimes that were forgotten before their time.
   *
   * @param owner the container that the last of them belonged to; null for no known container
   */
  record Forgotten(int count, @Nullable InContainer owner) {}

  private static final Forgotten NONE_FORGOTTEN = new Forgotten(0, null);

  private void forget(int slot) {
    dequeue(slot);
    if (isOpen(slot)) {
      return; // it had not ended after all
    }
    int at = pids[slot] & (FORGOTTEN - 1);
    forgotten[at] = Math.max(forgotten[at], ends[slot]);
    int before = older(slot);
    if (before != NONE) {
      flags[before] |= CUT; // who had the PID next is not known any more
    }
    leaveLiving(slot);
    remove(slot);
  }

  private OwnerShare withMostEnded() {
    if (mostEnded.first == NONE || ++mostEndedUses >= USES) {
      mostEndedUses = 0;
      mostEnded = nobodys;
      for (OwnerShare part : partOf.values()) {
        mostEnded = part.ended > mostEnded.ended ? part : mostEnded;
      }
    }
    return mostEnded;
  }

  /**
   * Makes room for one more living process of a container: another container's process is known no
   * longer from now on, when that container has more of them.
   *
   * @param owner the container; null for no known one
   * @return the container that lost one; null when nothing was done
   */
  @Nullable Forgotten makeRoom(@Nullable InContainer owner, long micros) {
    if (++mostLivingUses >= USES || mostLiving.living == 0) {
      mostLivingUses = 0;
      mostLiving = nobodys;
      for (OwnerShare part : partOf.values()) {
        mostLiving = part.living > mostLiving.living ? part : mostLiving;
      }
    }
    OwnerShare own = owner == null ? nobodys : partOf.get(owner);
    if (own == mostLiving || mostLiving.living <= (own == null ? 0 : own.living) + 1) {
      return null;
    }
    for (int i = 0; i < highest; i++) {
      searchedTo = searchedTo + 1 < highest ? searchedTo + 1 : 0;
      int slot = searchedTo;
      if (pids[slot] != 0 && parts[slot] == mostLiving && !has(slot, QUEUED)) {
        cut(slot, micros);
        return has(slot, QUEUED) ? new Forgotten(1, mostLiving.owner) : null;
      }
    }
    return null;
  }

  @Nullable InContainer owner(int slot) {
    return owners[slot];
  }

  long start(int slot) {
    return starts[slot];
  }

  /** When it ended for all that is known: {@link #OPEN} while nobody else has had the PID. */
  long heldUntil(int slot) {
    return has(slot, SUPERSEDED) || has(slot, CUT) ? ends[slot] : OPEN;
  }

  boolean isOpen(int slot) {
    return ends[slot] == OPEN;
  }

  boolean isCut(int slot) {
    return has(slot, CUT);
  }

  /** Whether its owner was read from the process itself, and not taken over from its parent. */
  boolean isSeen(int slot) {
    return has(slot, SEEN);
  }

  /** Whether it has run a program since it began, as far as events tell. */
  boolean hasExecuted(int slot) {
    return has(slot, EXECUTED);
  }

  void executed(int slot) {
    flags[slot] |= EXECUTED;
  }

  /** Whether processes of other containers may become its children. */
  boolean adopts(int slot) {
    return has(slot, ADOPTS);
  }

  /** Until when its owner rests on a read that may have hit the next process of the PID; or 0. */
  long doubt(int slot) {
    return doubts[slot];
  }

  /** Whether its start is procfs's word, rounded up to the next tick. */
  boolean isStartRounded(int slot) {
    return has(slot, ROUNDED);
  }

  void startIsRounded(int slot) {
    flags[slot] |= ROUNDED;
  }

  void moveStart(int slot, long micros) {
    starts[slot] = micros;
    flags[slot] &= ~ROUNDED;
  }

  /** What a read told. */
  void seen(int slot, @Nullable InContainer owner, long doubt, boolean adopts) {
    setOwner(slot, owner);
    doubts[slot] = doubt;
    flags[slot] |= (byte) (SEEN | (adopts ? ADOPTS : 0));
  }

  /** The read was another's: neither its owner nor, maybe, its start is this one's. */
  void unsee(int slot) {
    setOwner(slot, null);
    starts[slot] = 0;
    doubts[slot] = 0;
    flags[slot] &= ~SEEN;
  }

  private void setOwner(int slot, @Nullable InContainer owner) {
    if (!has(slot, QUEUED) && !Objects.equals(owners[slot], owner)) {
      leaveLiving(slot);
      joinLiving(slot, owner);
    }
    owners[slot] = owner;
  }

  private void joinLiving(int slot, @Nullable InContainer owner) {
    OwnerShare part = owner == null ? nobodys : partOf.computeIfAbsent(owner, OwnerShare::new);
    parts[slot] = part;
    part.living++;
    if (part.living > mostLiving.living) {
      mostLiving = part;
    }
  }

  private void leaveLiving(int slot) {
    OwnerShare part = parts[slot];
    part.living--;
    discardIfEmpty(part);
  }

  private void discardIfEmpty(OwnerShare part) {
    if (part.living == 0 && part.ended == 0 && part.owner != null) {
      partOf.remove(part.owner);
      mostEnded = mostEnded == part ? nobodys : mostEnded;
      mostLiving = mostLiving == part ? nobodys : mostLiving;
    }
  }

  private boolean has(int slot, byte flag) {
    return (flags[slot] & flag) != 0;
  }

  private int bucket(int pid) {
    return (pid * 0x9E3779B1) >>> (32 - Integer.numberOfTrailingZeros(buckets.length));
  }

  private int take() {
    size++;
    if (free != NONE) {
      int slot = free;
      free = next[slot];
      return slot;
    }
    if (highest == pids.length) {
      grow();
    }
    return highest++;
  }

  private void remove(int slot) {
    int bucket = bucket(pids[slot]);
    if (buckets[bucket] == slot) {
      buckets[bucket] = next[slot];
    } else {
      int before = buckets[bucket];
      while (next[before] != slot) {
        before = next[before];
      }
      next[before] = next[slot];
    }
    pids[slot] = 0;
    owners[slot] = null;
    next[slot] = free;
    free = slot;
    size--;
  }

  private void grow() {
    int length = highest * 2;
    pids = Arrays.copyOf(pids, length);
    next = Arrays.copyOf(next, length);
    owners = Arrays.copyOf(owners, length);
    starts = Arrays.copyOf(starts, length);
    ends = Arrays.copyOf(ends, length);
    doubts = Arrays.copyOf(doubts, length);
    flags = Arrays.copyOf(flags, length);
    parts = Arrays.copyOf(parts, length);
    laterEnded = Arrays.copyOf(laterEnded, length);
    earlierEnded = Arrays.copyOf(earlierEnded, length);
    laterOfPart = Arrays.copyOf(laterOfPart, length);
    // Chains keep their order: who came later stands first among those of a PID
    int[] old = buckets;
    buckets = filled(length);
    int[] last = filled(length);
    for (int first : old) {
      for (int slot = first; slot != NONE; ) {
        int following = next[slot];
        int bucket = bucket(pids[slot]);
        next[slot] = NONE;
        if (last[bucket] == NONE) {
          buckets[bucket] = slot;
        } else {
          next[last[bucket]] = slot;
        }
        last[bucket] = slot;
        slot = following;
      }
    }
  }

  private void enqueue(int slot) {
    OwnerShare part = parts[slot];
    part.living--;
    part.ended++;
    endedCount++;
    laterEnded[slot] = NONE;
    earlierEnded[slot] = lastEnded;
    laterOfPart[slot] = NONE;
    if (lastEnded == NONE) {
      firstEnded = slot;
    } else {
      laterEnded[lastEnded] = slot;
    }
    lastEnded = slot;
    if (part.last == NONE) {
      part.first = slot;
    } else {
      laterOfPart[part.last] = slot;
    }
    part.last = slot;
    if (part.ended > mostEnded.ended) {
      mostEnded = part;
    }
  }

  /** Takes the first one of its part out of the ended ones; the first of all is one of these. */
  private void dequeue(int slot) {
    OwnerShare part = parts[slot];
    part.first = laterOfPart[slot];
    if (part.first == NONE) {
      part.last = NONE;
    }
    part.ended--;
    endedCount--;
    int earlier = earlierEnded[slot];
    int later = laterEnded[slot];
    if (earlier == NONE) {
      firstEnded = later;
    } else {
      laterEnded[earlier] = later;
    }
    if (later == NONE) {
      lastEnded = earlier;
    } else {
      earlierEnded[later] = earlier;
    }
    flags[slot] &= ~QUEUED;
    joinLiving(slot, owners[slot]);
    discardIfEmpty(part);
  }
}
