package io.seccompwatch.pipeline;

import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.LineOrigin;
import io.seccompwatch.record.SeccompRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells records that were brought before, by the same source or another: rsyslog reads the kernel's
 * ring again when it starts, the hold queue is replayed to auditd, journald writes each event
 * twice, a restart after a crash reads again from its checkpoint.
 *
 * <p>A record with a stamp is known again by its time and serial, among the last {@link
 * #GENERATION} to twice as many, however long ago they came. A record without one (journald's form)
 * is paired with one of the same content that has a stamp, one for one, whichever came first: by
 * the time of its line where that is known, and else when both were read within {@link
 * StamplessMatches#READ_APART}. Thread-safe; memory is bounded: 2 MiB for either generation when it
 * is full, and with pairing at most {@link #MAX_CONTENTS} contents of some hundred bytes.
 *
 * <p>A record that printk has cut and its whole form are one: by their stamp, or by what stands
 * before {@code exe}. The one that came first counts, be it the cut one.
 *
 * <p>Serials and stamps of two nodes are independent. A record of another node is a duplicate only
 * of a record of that node, by the name that its line gives ({@link LineOrigin#name}).
 *
 * <p>Of an earlier run it knows the stamps that it is told by {@link #recall}. A record without a
 * stamp that one source brought before a restart and another one after it counts twice, unless its
 * stamped form is read before it.
 */
public final class Deduplicator {

  /** How many stamps are remembered at the least, once so many were seen. */
  static final int GENERATION = 131_072;

  /** How many contents may wait for their other form; the one touched longest ago goes first. */
  static final int MAX_CONTENTS = 4_096;

  /** Key of a line that names no node, where it may be any node's. */
  private static final long ANY_NODE = 0;

  /** Key of this node, under whichever of its names a line came. */
  private static final long OWN_NODE = 1;

  private static final long NAMELESS = 0x9e3779b97f4a7c15L;
  private static final long NAMED = 0xc2b2ae3d27d4eb4fL;

  private final int generation;
  private StampSet current;
  private StampSet previous;
  private final Consumer<AuditStamp> onNew;

  /** Stamps of an earlier run. */
  private final StampSet recalled = new StampSet(Integer.MAX_VALUE);

  private long forgottenMillis = Long.MIN_VALUE;
  private long forgottenSerial;
  private final boolean pairing;
  private final boolean manyNodes;
  private final Map<RecordFingerprint, StamplessMatches> unpaired =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<RecordFingerprint, StamplessMatches> eldest) {
          return size() > MAX_CONTENTS;
        }
      };

  /**
   * A filter that has seen nothing.
   *
   * @param pairing whether a source may bring records without stamps, so that those with one must
   *     be remembered by content too
   */
  public Deduplicator(boolean pairing) {
    this(pairing, stamp -> {});
  }

  /**
   * A filter that has seen nothing.
   *
   * @param pairing see above
   * @param onNew is told the stamp of each record that was not brought before, and must not wait
   */
  public Deduplicator(boolean pairing, Consumer<AuditStamp> onNew) {
    this(pairing, false, onNew);
  }

  /** Takes the stamp of a record that an earlier run has handled. */
  public synchronized void recall(long epochMillis, long serial) {
    recalled.add(StampSet.pair(epochMillis, serial));
  }

  /** Takes the latest of the stamps that earlier runs handled and that were not kept. */
  public synchronized void recallUpTo(long epochMillis, long serial) {
    forgottenMillis = epochMillis;
    forgottenSerial = serial;
  }

  /**
   * Whether a record is at or before the latest stamp that was handled and not kept. It was then
   * handled, too, unless its source alone had it: for sources that read on from an older place. A
   * record with a later time or a later serial is not: after a clock was set back, serials go on.
   */
  public synchronized boolean isLongKnown(SeccompRecord record) {
    AuditStamp stamp = record.stamp();
    return stamp != null
        && stamp.epochMillis() <= forgottenMillis
        && stamp.serial() <= forgottenSerial;
  }

  private Deduplicator(boolean pairing, boolean manyNodes, Consumer<AuditStamp> onNew) {
    this.pairing = pairing;
    this.onNew = onNew;
    this.manyNodes = manyNodes;
    this.generation = manyNodes ? 2 * GENERATION : GENERATION; // two entries a record
    this.current = new StampSet(generation);
    this.previous = new StampSet(generation);
  }

  /**
   * Returns a filter for logs of unknown nodes, with pairing. A line without a name may be any
   * node's there: it is a duplicate of a line with a name when both have the same stamp and PID.
   * Short and full form of a host name are one name.
   */
  public static Deduplicator ofManyNodes() {
    return new Deduplicator(true, true, stamp -> {});
  }

  /** The same for a line of this node that bears no time of its own. */
  public boolean isDuplicate(SeccompRecord record, long readMillis) {
    return isDuplicate(record, readMillis, null);
  }

  /** The same for a line of this node. */
  public boolean isDuplicate(SeccompRecord record, long readMillis, @Nullable Instant written) {
    return isDuplicate(record, readMillis, written, LineOrigin.NONE);
  }

  /**
   * The same for a line of this node.
   *
   * @param longKnown whether the caller knows that an earlier run has handled the record; its form
   *     without a stamp is then a duplicate, too
   */
  public boolean isDuplicate(
      SeccompRecord record, long readMillis, @Nullable Instant written, boolean longKnown) {
    return take(record, readMillis, written, LineOrigin.NONE, longKnown);
  }

  /** The same for a line of this node. */
  public boolean isKnown(SeccompRecord record, long readMillis, @Nullable Instant written) {
    return isKnown(record, readMillis, written, LineOrigin.NONE);
  }

  /**
   * Takes note of a record.
   *
   * @param readMillis when it was read
   * @param written the time that its line bears, apart from the kernel's stamp; null for none
   * @param origin the node that its line names; {@link LineOrigin#NONE} for this node, under
   *     whichever of its names the line came
   * @return whether it was brought before
   */
  public boolean isDuplicate(
      SeccompRecord record, long readMillis, @Nullable Instant written, LineOrigin origin) {
    return take(record, readMillis, written, origin, false);
  }

  private synchronized boolean take(
      SeccompRecord record,
      long readMillis,
      @Nullable Instant written,
      LineOrigin origin,
      boolean longKnown) {
    if (isKnownOfThisRun(record, readMillis, written, origin)) {
      return true;
    }
    AuditStamp stamp = record.stamp();
    boolean handledBefore = longKnown || (stamp != null && isRecalled(stamp, origin));
    if (stamp != null) {
      remember(stamp, record.pid(), origin);
      if (!handledBefore && origin.name() == null) {
        onNew.accept(stamp);
      }
    }
    if (pairing) {
      unpaired
          .computeIfAbsent(RecordFingerprint.of(record), unseen -> new StamplessMatches())
          .add(stamp != null, eventMillis(record, written), readMillis, node(origin));
    }
    return handledBefore;
  }

  /**
   * Whether a record was brought before; one that was not is forgotten, as if it had never come.
   * The parameters are those of {@link #isDuplicate}.
   */
  public synchronized boolean isKnown(
      SeccompRecord record, long readMillis, @Nullable Instant written, LineOrigin origin) {
    AuditStamp stamp = record.stamp();
    return isKnownOfThisRun(record, readMillis, written, origin)
        || (stamp != null && isRecalled(stamp, origin));
  }

  private boolean isKnownOfThisRun(
      SeccompRecord record, long readMillis, @Nullable Instant written, LineOrigin origin) {
    AuditStamp stamp = record.stamp();
    if (stamp != null && isRemembered(stamp, record.pid(), origin)) {
      return true;
    }
    if (!pairing) {
      return false;
    }
    RecordFingerprint content = RecordFingerprint.of(record);
    StamplessMatches others = unpaired.get(content);
    long eventMillis = eventMillis(record, written);
    if (others == null || !others.take(stamp != null, eventMillis, readMillis, node(origin))) {
      return false;
    }
    if (others.isEmpty()) {
      unpaired.remove(content);
    }
    if (stamp != null) {
      remember(stamp, record.pid(), origin); // a third copy must not take another's partner
      if (origin.name() == null) {
        onNew.accept(stamp);
      }
    }
    return true;
  }

  /** Whether an earlier run has handled the stamp; only those of this node are kept. */
  private boolean isRecalled(AuditStamp stamp, LineOrigin origin) {
    return origin.name() == null
        && recalled.contains(StampSet.pair(stamp.epochMillis(), stamp.serial()));
  }

  private boolean isRemembered(AuditStamp stamp, int pid, LineOrigin origin) {
    long pair = StampSet.pair(stamp.epochMillis(), stamp.serial());
    String name = origin.name();
    if (contains(name == null ? pair : pair ^ key(name))) {
      return true;
    }
    return manyNodes && contains(pair ^ mix(name == null ? NAMED : NAMELESS, pid));
  }

  private void remember(AuditStamp stamp, int pid, LineOrigin origin) {
    long pair = StampSet.pair(stamp.epochMillis(), stamp.serial());
    String name = origin.name();
    current.add(name == null ? pair : pair ^ key(name));
    if (manyNodes) {
      current.add(pair ^ mix(name == null ? NAMELESS : NAMED, pid));
    }
    if (current.isFull()) {
      previous = current;
      current = new StampSet(generation);
    }
  }

  private boolean contains(long entry) {
    return current.contains(entry) || previous.contains(entry);
  }

  private long node(LineOrigin origin) {
    String name = origin.name();
    if (name == null) {
      return manyNodes ? ANY_NODE : OWN_NODE;
    }
    return key(name);
  }

  /** 64 bits of a name: two names have the same by a chance of 2^-64. */
  private long key(String name) {
    String normal = LineOrigin.normal(name);
    String compared = manyNodes ? LineOrigin.shortName(normal) : normal;
    long hash = mix(NAMELESS ^ NAMED, compared.length());
    for (int i = 0; i < compared.length(); i++) {
      hash = mix(hash, compared.charAt(i));
    }
    return hash;
  }

  /** The finalizer of MurmurHash3 over the sum so far. */
  private static long mix(long hash, long value) {
    long mixed = hash * 31 + value;
    mixed = (mixed ^ mixed >>> 33) * 0xff51afd7ed558ccdL;
    return mixed ^ mixed >>> 29;
  }

  private static long eventMillis(SeccompRecord record, @Nullable Instant written) {
    AuditStamp stamp = record.stamp();
    if (stamp != null) {
      return stamp.epochMillis();
    }
    return written == null ? StamplessMatches.UNKNOWN : written.toEpochMilli();
  }

  /**
   * A set of (time, serial) pairs in one {@code long} each: the serial's 32 bits and the lower 32
   * of the time in milliseconds, so that two pairs are taken for one only when they are a multiple
   * of 49.7 days apart and have the same serial. Open addressing with linear probing; it grows by
   * doubling and is full at its capacity. Not thread-safe.
   */
  static final class StampSet {

    private static final int FIRST_SLOTS = 256;

    private final int capacity;

    /** The pairs; 0 marks a free slot. */
    private long[] slots = new long[FIRST_SLOTS];

    /** Whether the one pair is there that looks like a free slot. */
    private boolean zero;

    private int size;

    StampSet(int capacity) {
      this.capacity = capacity;
    }

    boolean isFull() {
      return size >= capacity;
    }

    boolean contains(long pair) {
      return pair == 0 ? zero : slots[slot(pair)] != 0;
    }

    /** Whether the pair was not there before. */
    boolean add(long pair) {
      if (pair == 0) {
        boolean added = !zero;
        zero = true;
        return added;
      }
      if (2 * (size + 1) > slots.length) {
        grow();
      }
      int slot = slot(pair);
      if (slots[slot] != 0) {
        return false;
      }
      slots[slot] = pair;
      size++;
      return true;
    }

    /** Packs a time in milliseconds and a serial. */
    static long pair(long time, long serial) {
      return time << 32 | (serial & 0xffffffffL);
    }

    /** Where the pair is, or the free slot where it belongs. */
    private int slot(long pair) {
      int mask = slots.length - 1;
      int slot = (int) (((pair ^ pair >>> 32) * 0x9e3779b97f4a7c15L) >>> 40) & mask;
      while (slots[slot] != 0 && slots[slot] != pair) {
        slot = (slot + 1) & mask;
      }
      return slot;
    }

    private void grow() {
      long[] old = slots;
      slots = new long[2 * old.length];
      for (long pair : old) {
        if (pair != 0) {
          slots[slot(pair)] = pair;
        }
      }
    }
  }

  /**
   * A record's content without its stamp, as 128 bits: the strings themselves are long and hostile,
   * and thousands of them would fill the heap. Of a record that is cut, or is so long that another
   * way may have cut it, only what stands before {@code exe}: both are then of one content.
   */
  record RecordFingerprint(long high, long low) {

    /**
     * How many bytes of strings a record has at least that was cut by printk: 960 less 270, the
     * most that all else takes; and some less.
     */
    private static final int MAY_BE_CUT = 600;

    static RecordFingerprint of(SeccompRecord record) {
      return new RecordFingerprint(
          hash(record, 0x9e3779b97f4a7c15L), hash(record, 0xc2b2ae3d27d4eb4fL));
    }

    private static long hash(SeccompRecord r, long seed) {
      long hash = mix(mix(mix(mix(seed, r.auid()), r.uid()), r.gid()), r.session());
      if (!r.isWhole() || isLong(r)) {
        return mix(mix(mix(hash, r.pid()), r.comm()), r.label());
      }
      hash = mix(mix(mix(mix(hash, r.pid()), r.signal()), r.archToken()), r.syscall());
      hash = mix(mix(mix(hash, r.compat()), r.ip()), r.code());
      return mix(mix(mix(hash, r.comm()), r.exe()), r.label());
    }

    private static boolean isLong(SeccompRecord r) {
      int longest = 6 * r.textLength(); // a character is three bytes at most, in hex six
      return longest >= MAY_BE_CUT
          && printed(r.comm()) + printed(r.exe()) + printed(r.label()) >= MAY_BE_CUT;
    }

    /** How many bytes the kernel writes at most for a string. */
    private static int printed(@Nullable String text) {
      if (text == null) {
        return 0;
      }
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      for (byte b : bytes) {
        if (b < 0x21 || b == '"' || b == 0x7f) {
          return 2 * bytes.length;
        }
      }
      return bytes.length;
    }

    private static long mix(long hash, @Nullable String text) {
      long mixed = mix(hash, text == null ? -1 : text.length());
      for (int i = 0; text != null && i < text.length(); i++) {
        mixed = mix(mixed, text.charAt(i));
      }
      return mixed;
    }

    /** The finalizer of MurmurHash3 over the sum so far. */
    private static long mix(long hash, long value) {
      long mixed = hash * 31 + value;
      mixed = (mixed ^ mixed >>> 33) * 0xff51afd7ed558ccdL;
      return mixed ^ mixed >>> 29;
    }
  }

  /**
   * Records of one content that came in one form, stamped or stampless, and wait for the other.
   * Those of one second are kept together, so that a flood of the same record takes no more room
   * than a few. Not thread-safe.
   */
  static final class StamplessMatches {

    /** What a record without a stamp and without a time of writing has for its event's time. */
    static final long UNKNOWN = Long.MIN_VALUE;

    /** How far apart the two forms may be read, when the stampless one bears no time. */
    static final Duration READ_APART = Duration.ofSeconds(5);

    /** How long after the event a syslog daemon may have stamped its line. */
    static final Duration WRITTEN_AFTER = Duration.ofSeconds(10);

    /** The kernel's stamp is that of its last tick, and clocks are read twice. */
    private static final long WRITTEN_BEFORE_MILLIS = 1_000;

    /** Seconds of one form that are remembered, beyond both bounds above. */
    private static final int MOST_RUNS = 16;

    /** So many records of one second and one node. */
    private static final class Run {
      final long eventMillis;
      final long readMillis;
      final long node;
      int count = 1;

      Run(long eventMillis, long readMillis, long node) {
        this.eventMillis = eventMillis;
        this.readMillis = readMillis;
        this.node = node;
      }

      boolean isOfTheSameSecond(long event, long read, long ofNode) {
        return node == ofNode
            && eventMillis / 1_000 == event / 1_000
            && readMillis / 1_000 == read / 1_000;
      }

      /** Whether the records can be of this node; 0 is any. */
      boolean mayBeOf(long another) {
        return node == another || node == 0 || another == 0;
      }
    }

    private final Deque<Run> stamped = new ArrayDeque<>(1);
    private final Deque<Run> stampless = new ArrayDeque<>(1);

    boolean isEmpty() {
      return stamped.isEmpty() && stampless.isEmpty();
    }

    /**
     * Takes the first of the other form that may be the same event; whether there was one.
     *
     * @param node key of the record's node; 0 where it may be any
     */
    boolean take(boolean isStamped, long eventMillis, long readMillis, long node) {
      Iterator<Run> others = (isStamped ? stampless : stamped).iterator();
      while (others.hasNext()) {
        Run other = others.next();
        long stamp = isStamped ? eventMillis : other.eventMillis;
        long written = isStamped ? other.eventMillis : eventMillis;
        if (other.mayBeOf(node) && isOneEvent(stamp, written, other.readMillis - readMillis)) {
          if (--other.count == 0) {
            others.remove();
          }
          return true;
        }
      }
      return false;
    }

    /** Has one wait for its other form. */
    void add(boolean isStamped, long eventMillis, long readMillis, long node) {
      Deque<Run> own = isStamped ? stamped : stampless;
      Run last = own.peekLast();
      if (last != null && last.isOfTheSameSecond(eventMillis, readMillis, node)) {
        last.count++;
        return;
      }
      if (own.size() >= MOST_RUNS) {
        // Beyond both bounds, unless the reader has no clock and takes all times for one
        Run oldest = own.removeFirst();
        for (Run next : own) {
          if (next.node == oldest.node) {
            next.count += oldest.count;
            break;
          }
        }
      }
      own.addLast(new Run(eventMillis, readMillis, node));
    }

    private static boolean isOneEvent(long stampMillis, long writtenMillis, long readApart) {
      if (writtenMillis == UNKNOWN) {
        return Math.abs(readApart) <= READ_APART.toMillis();
      }
      long late = writtenMillis - stampMillis;
      return late >= -WRITTEN_BEFORE_MILLIS && late <= WRITTEN_AFTER.toMillis();
    }
  }
}
