package io.seccompwatch.record;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells records that were brought before, by the same source or another: rsyslog reads the kernel's
 * ring again when it starts, the hold queue is replayed to auditd, journald writes each event
 * twice, a restart after a crash reads again from its checkpoint.
 *
 * <p>A record with a stamp is known again by its time and serial, among the last {@link
 * #GENERATION} to twice as many. A record without one (journald's form) is paired with one of the
 * same content that has a stamp and came within {@link #PAIRING}, one for one, whichever came
 * first. Thread-safe; memory is bounded.
 */
public final class DuplicateFilter {

  /** How many stamps are remembered at the least, once so many were seen. */
  static final int GENERATION = 65_536;

  /** How far apart the two forms of one event may come. */
  static final Duration PAIRING = Duration.ofSeconds(5);

  private static final int MAX_PAIRS = 4_096;

  /** Content that was seen in one form and waits for the other. */
  private static final class Unpaired {
    int stamped;
    int stampless;
    long lastMillis;
  }

  private StampSet current = new StampSet(GENERATION);
  private StampSet previous = new StampSet(GENERATION);
  private final boolean pairing;
  private final Map<Content, Unpaired> pairs =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Content, Unpaired> eldest) {
          return size() > MAX_PAIRS;
        }
      };

  /**
   * A filter that has seen nothing.
   *
   * @param pairing whether a source may bring records without stamps, so that those with one must
   *     be remembered by content too
   */
  public DuplicateFilter(boolean pairing) {
    this.pairing = pairing;
  }

  /**
   * Takes note of a record.
   *
   * @param nowMillis when it was read
   * @return whether it was brought before
   */
  public synchronized boolean isDuplicate(SeccompRecord record, long nowMillis) {
    AuditStamp stamp = record.stamp();
    if (stamp == null) {
      return pairing && isPaired(Content.of(record), false, nowMillis);
    }
    long millis = stamp.epochMillis();
    if (previous.contains(millis, stamp.serial()) || !current.add(millis, stamp.serial())) {
      return true;
    }
    if (current.isFull()) {
      previous = current;
      current = new StampSet(GENERATION);
    }
    return pairing && isPaired(Content.of(record), true, nowMillis);
  }

  private boolean isPaired(Content content, boolean stamped, long nowMillis) {
    Unpaired pair = pairs.computeIfAbsent(content, unseen -> new Unpaired());
    if (nowMillis - pair.lastMillis > PAIRING.toMillis()) {
      pair.stamped = 0;
      pair.stampless = 0;
    }
    pair.lastMillis = nowMillis;
    if (stamped ? pair.stampless > 0 : pair.stamped > 0) {
      if (stamped) {
        pair.stampless--;
      } else {
        pair.stamped--;
      }
      return true;
    }
    if (stamped) {
      pair.stamped++;
    } else {
      pair.stampless++;
    }
    return false;
  }

  /**
   * A record's content without its stamp, as 128 bits: the strings themselves are long and hostile,
   * and thousands of them would fill the heap.
   */
  private record Content(long high, long low) {

    static Content of(SeccompRecord record) {
      return new Content(hash(record, 0x9e3779b97f4a7c15L), hash(record, 0xc2b2ae3d27d4eb4fL));
    }

    private static long hash(SeccompRecord r, long seed) {
      long hash = mix(mix(mix(mix(seed, r.auid()), r.uid()), r.gid()), r.session());
      hash = mix(mix(mix(mix(hash, r.pid()), r.signal()), r.archToken()), r.syscall());
      hash = mix(mix(mix(hash, r.compat()), r.ip()), r.code());
      return mix(mix(mix(hash, r.comm()), r.exe()), r.label());
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
}
