package io.seccompwatch.pipeline;

import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.LineOrigin;
import io.seccompwatch.record.SeccompRecord;
import java.time.Instant;
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
}
