package io.seccompwatch.record;

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
 * Unpaired#READ_APART}. Thread-safe; memory is bounded: 2 MiB for either generation when it is
 * full, and with pairing at most {@link #MAX_CONTENTS} contents of some hundred bytes.
 *
 * <p>A record that printk has cut and its whole form are one: by their stamp, or by what stands
 * before {@code exe}. The one that came first counts, be it the cut one.
 *
 * <p>Of an earlier run it knows the stamps that it is told by {@link #recall}. A record without a
 * stamp that one source brought before a restart and another one after it counts twice, unless its
 * stamped form is read before it.
 */
public final class DuplicateFilter {

  /** How many stamps are remembered at the least, once so many were seen. */
  static final int GENERATION = 131_072;

  /** How many contents may wait for their other form; the one touched longest ago goes first. */
  static final int MAX_CONTENTS = 4_096;

  private StampSet current = new StampSet(GENERATION);
  private StampSet previous = new StampSet(GENERATION);
  private final Consumer<AuditStamp> onNew;

  /** Stamps of an earlier run. */
  private final StampSet recalled = new StampSet(Integer.MAX_VALUE);

  private long forgottenMillis = Long.MIN_VALUE;
  private long forgottenSerial;
  private final boolean pairing;
  private final Map<Content, Unpaired> unpaired =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Content, Unpaired> eldest) {
          return size() > MAX_CONTENTS;
        }
      };

  /**
   * A filter that has seen nothing.
   *
   * @param pairing whether a source may bring records without stamps, so that those with one must
   *     be remembered by content too
   */
  public DuplicateFilter(boolean pairing) {
    this(pairing, stamp -> {});
  }

  /**
   * A filter that has seen nothing.
   *
   * @param pairing see above
   * @param onNew is told the stamp of each record that was not brought before, and must not wait
   */
  public DuplicateFilter(boolean pairing, Consumer<AuditStamp> onNew) {
    this.pairing = pairing;
    this.onNew = onNew;
  }

  /** Takes the stamp of a record that an earlier run has handled. */
  public synchronized void recall(long epochMillis, long serial) {
    recalled.add(epochMillis, serial);
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

  /** The same for a line that bears no time of its own. */
  public boolean isDuplicate(SeccompRecord record, long readMillis) {
    return isDuplicate(record, readMillis, null);
  }

  /**
   * Takes note of a record.
   *
   * @param readMillis when it was read
   * @param written the time that its line bears, apart from the kernel's stamp; null for none
   * @return whether it was brought before
   */
  public synchronized boolean isDuplicate(
      SeccompRecord record, long readMillis, @Nullable Instant written) {
    if (isKnownOfThisRun(record, readMillis, written)) {
      return true;
    }
    AuditStamp stamp = record.stamp();
    boolean handledBefore = stamp != null && isRecalled(stamp);
    if (stamp != null) {
      remember(stamp);
      if (!handledBefore) {
        onNew.accept(stamp);
      }
    }
    if (pairing) {
      unpaired
          .computeIfAbsent(Content.of(record), unseen -> new Unpaired())
          .add(stamp != null, eventMillis(record, written), readMillis);
    }
    return handledBefore;
  }

  /**
   * Whether a record was brought before; one that was not is forgotten, as if it had never come.
   * The parameters are those of {@link #isDuplicate}.
   */
  public synchronized boolean isKnown(
      SeccompRecord record, long readMillis, @Nullable Instant written) {
    AuditStamp stamp = record.stamp();
    return isKnownOfThisRun(record, readMillis, written) || (stamp != null && isRecalled(stamp));
  }

  private boolean isKnownOfThisRun(
      SeccompRecord record, long readMillis, @Nullable Instant written) {
    AuditStamp stamp = record.stamp();
    if (stamp != null && isRemembered(stamp)) {
      return true;
    }
    if (!pairing) {
      return false;
    }
    Content content = Content.of(record);
    Unpaired others = unpaired.get(content);
    if (others == null || !others.take(stamp != null, eventMillis(record, written), readMillis)) {
      return false;
    }
    if (others.isEmpty()) {
      unpaired.remove(content);
    }
    if (stamp != null) {
      remember(stamp); // a third copy must not take another's partner
      onNew.accept(stamp);
    }
    return true;
  }

  private boolean isRecalled(AuditStamp stamp) {
    return recalled.contains(stamp.epochMillis(), stamp.serial());
  }

  private boolean isRemembered(AuditStamp stamp) {
    long millis = stamp.epochMillis();
    return current.contains(millis, stamp.serial()) || previous.contains(millis, stamp.serial());
  }

  private void remember(AuditStamp stamp) {
    current.add(stamp.epochMillis(), stamp.serial());
    if (current.isFull()) {
      previous = current;
      current = new StampSet(GENERATION);
    }
  }

  private static long eventMillis(SeccompRecord record, @Nullable Instant written) {
    AuditStamp stamp = record.stamp();
    if (stamp != null) {
      return stamp.epochMillis();
    }
    return written == null ? Unpaired.UNKNOWN : written.toEpochMilli();
  }
}
