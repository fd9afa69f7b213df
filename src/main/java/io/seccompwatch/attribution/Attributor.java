package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.BootClock.Moment;
import io.seccompwatch.attribution.CgroupOwner.Host;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.CgroupOwner.Refused;
import io.seccompwatch.attribution.CgroupOwner.Unresolved;
import io.seccompwatch.attribution.ProcReader.ProcessView;
import io.seccompwatch.attribution.ProcReader.ProcessView.Gone;
import io.seccompwatch.attribution.ProcReader.ProcessView.Hidden;
import io.seccompwatch.attribution.ProcReader.ProcessView.Present;
import io.seccompwatch.attribution.ProcessEventHistory.Finding;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.record.SeccompRecord;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds whom a record belongs to: by the ledger of process events where there is one, by the
 * process itself when procfs still shows it, else by its history. Never waits and never throws. A
 * PID that may have changed hands is answered as unknown.
 *
 * <p>One per source thread, as its {@link ProcReader} is; ledger, history and clock are shared.
 */
public final class Attributor {

  /**
   * How late an event may be against its stamp: {@code ktime_get_coarse_real_ts64} is up to a jiffy
   * old (10 ms with HZ=100), and the kernel prints whole milliseconds.
   */
  static final long STAMP_MICROS = 11_000;

  private static final int MAX_READS = 1_024;

  private final ProcReader reader;
  private final BootClock clock;
  private final ProcessHistory history;
  private final @Nullable ProcessEventHistory ledger;

  /** The record whose answer was too early. */
  private @Nullable SeccompRecord early;

  /** The last reads, each good for the events before it. */
  private final Map<Integer, Read> reads =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Read> eldest) {
          return size() > MAX_READS;
        }
      };

  /** A read that began at a time since boot, in microseconds. */
  private record Read(ProcessView view, long micros) {}

  /**
   * An attributor.
   *
   * @param reader this thread's own reader
   * @param clock the time since boot
   * @param history the shared history
   * @param ledger the shared ledger; null where there are no process events
   */
  public Attributor(
      ProcReader reader,
      BootClock clock,
      ProcessHistory history,
      @Nullable ProcessEventHistory ledger) {
    this.reader = reader;
    this.clock = clock;
    this.history = history;
    this.ledger = ledger;
  }

  /** Whom a record belongs to, by the time of its own stamp. */
  public Attribution attribute(SeccompRecord record) {
    AuditStamp stamp = record.stamp();
    if (stamp == null) {
      return Attribution.unknown(AttributionReason.NO_TIMESTAMP);
    }
    long from = stamp.seconds() > Long.MAX_VALUE / 2_000_000 ? 0 : stamp.epochMillis() * 1_000;
    return attribute(record, from, from + STAMP_MICROS);
  }

  /**
   * Whom a record belongs to, when its time is known otherwise: from a log line's own time where
   * the record has no stamp.
   *
   * @param fromMicros the earliest time of the event, microseconds since the epoch
   * @param toMicros the latest
   */
  public Attribution attribute(SeccompRecord record, long fromMicros, long toMicros) {
    if (record.pid() <= 0) {
      return Attribution.unknown(AttributionReason.INVALID_PID);
    }
    try {
      early = null;
      return find(record, clock.bootTime().moment(fromMicros, toMicros));
    } catch (RuntimeException e) {
      // A record is published whatever happens here; the metric of this reason shows the defect.
      return Attribution.unknown(AttributionReason.INTERNAL_ERROR);
    }
  }

  /**
   * Whether a later call may know more: the last answer, which was this record's, is unknown, and
   * process events from its time were still to be read. Mostly that takes a millisecond.
   */
  public boolean mayImprove(SeccompRecord record) {
    return record.equals(early);
  }

  private Attribution find(SeccompRecord record, Moment event) {
    if (ledger == null) {
      return findWithoutEvents(record, event);
    }
    return switch (ledger.find(record.pid(), event)) {
      case Finding.Known known -> Attribution.of(known.owner(), known.by());
      case Finding.Several _ -> Attribution.unknown(AttributionReason.PID_REUSE_POSSIBLE);
      case Finding.Nothing _ -> findWithoutEvents(record, event);
      case Finding.Behind _ -> {
        Attribution found = findWithoutEvents(record, event);
        early = found.outcome() == Attribution.Outcome.UNKNOWN ? record : null;
        yield found;
      }
    };
  }

  private Attribution findWithoutEvents(SeccompRecord record, Moment event) {
    InContainer holder = history.holderAt(record.pid(), event);
    if (holder != null) {
      return Attribution.of(holder, Evidence.HISTORY);
    }
    long now = clock.nowAtLeastMicros();
    return switch (view(record.pid(), event, now)) {
      case Gone _ -> fromHistory(record, event, AttributionReason.PROCESS_GONE);
      case Hidden _ -> fromHistory(record, event, AttributionReason.NO_PERMISSION);
      case Present p when event.isBeforeStart(p.startTicks()) ->
          fromHistory(record, event, AttributionReason.PID_REUSED);
      case Present p when !event.isAfterStart(p.startTicks()) && !isLikely(record, p) ->
          fromHistory(record, event, AttributionReason.PID_REUSE_POSSIBLE);
      case Present p -> {
        history.learn(record.pid(), p, now);
        yield fromProcess(record.pid(), p);
      }
    };
  }

  /**
   * Start and event are too close to tell which was first, some 30 ms: the name must be the same,
   * who was killed must be dead, and nobody else may be known to have had the PID.
   */
  private boolean isLikely(SeccompRecord record, Present present) {
    SeccompAction action = record.action();
    boolean killed = action == SeccompAction.KILL_PROCESS || action == SeccompAction.UNKNOWN;
    return present.comm().equals(record.comm())
        && (!killed || present.dead())
        && !history.hadOtherBefore(record.pid(), present.startTicks());
  }

  /**
   * What procfs shows of the PID. In a storm records queue up, and what was read after an event is
   * as good as what could be read now: who had the PID then still had it, or had gone already.
   */
  private ProcessView view(int pid, Moment event, long now) {
    Read last = reads.get(pid);
    if (last != null && event.latest() <= last.micros()) {
      return last.view();
    }
    ProcessView view = reader.read(pid);
    reads.put(pid, new Read(view, now));
    return view;
  }

  private Attribution fromProcess(int pid, Present present) {
    return switch (present.owner()) {
      case InContainer owner -> Attribution.of(owner, Evidence.PROCFS);
      case Host _ -> Attribution.host(Evidence.PROCFS);
      case Refused refused -> ofDead(pid, present, refused.reason());
      // The kernel moves a zombie of cgroup v1 to the root; the living are where they are.
      case Unresolved _ when !present.dead() -> Attribution.host(Evidence.PROCFS);
      case Unresolved _ -> ofDead(pid, present, AttributionReason.PROCESS_GONE);
    };
  }

  /** The very process may have been read while it lived. */
  private Attribution ofDead(int pid, Present present, AttributionReason otherwise) {
    InContainer owner = present.dead() ? history.ownerOf(pid, present.startTicks()) : null;
    return owner == null ? Attribution.unknown(otherwise) : Attribution.of(owner, Evidence.HISTORY);
  }

  private Attribution fromHistory(SeccompRecord record, Moment event, AttributionReason reason) {
    ProcessHistory.Finding finding = history.find(record.pid(), event, record.comm());
    if (finding.owner() != null) {
      return Attribution.of(finding.owner(), Evidence.HISTORY);
    }
    boolean known = finding.reason() != AttributionReason.PROCESS_GONE;
    return Attribution.unknown(
        known && reason == AttributionReason.PROCESS_GONE ? finding.reason() : reason);
  }
}
