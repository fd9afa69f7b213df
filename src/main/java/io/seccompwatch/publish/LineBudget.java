package io.seccompwatch.publish;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Decides which violations are written as lines. Three budgets stand above each other, each with a
 * burst and then so many lines a second: one for each kind of violation of a container, one for the
 * container over all its kinds, one for the agent. Half of the agent's budget is kept for
 * containers that had few violations lately. Hence a storm neither fills the node's log nor drives
 * out the neighbours, whatever calls a hostile process makes.
 *
 * <p>Each violation that gets no line is counted once: on the next line of its kind, or, when none
 * comes, in the sum that {@link #unreported} gives for its container or for the agent. Memory is
 * bounded by {@link #MAX_KINDS} and {@link #MAX_CONTAINERS}. Not thread-safe.
 */
final class LineBudget {

  /** Answer of {@link #take} when the violation is not to be written. */
  static final long SUPPRESSED = -1;

  /** How many lines of a kind may come at once. */
  static final int BURST = 20;

  /** How long it takes until one more of a kind may come. */
  static final long REFILL_MILLIS = 1_000;

  /** How many lines of a container may come at once, over all kinds. */
  static final int CONTAINER_BURST = 200;

  /** How long it takes until one more of a container may come: ten a second. */
  static final long CONTAINER_REFILL_MILLIS = 100;

  /** How many lines may come at once, over all containers: about 1.5 MB. */
  static final int AGENT_BURST = 2_000;

  /** How long it takes until one more may come: fifty a second, about 35 KB. */
  static final long AGENT_REFILL_MILLIS = 20;

  /** How long a container counts as loud after a time in which it asked for a line too often. */
  private static final long LOUD_MILLIS = 30_000;

  /** How many kinds are remembered; the one unused longest is forgotten first. */
  static final int MAX_KINDS = 4_096;

  /** How many containers are remembered; the one unused longest is forgotten first. */
  static final int MAX_CONTAINERS = 1_024;

  /** How long suppressed violations wait for a line of their kind before they are reported. */
  static final long UNREPORTED_MILLIS = 10_000;

  /** How many containers are reported at once; the others are added up for the agent. */
  static final int MAX_REPORTED = 64;

  /** The party with a budget: a container, a pod's unknown container, the host, the unknown. */
  private record Party(@Nullable String containerId, @Nullable String podUid, String outcome) {}

  /**
   * Beside the party, from closed sets only: a process chooses the number it calls and the data of
   * the filter that it loads, and with those in the key it would have a burst for each.
   */
  private record Kind(Party party, String arch, String syscall, String action, boolean denied) {}

  private static final class Bucket {
    private final TokenBucket lines;
    private long suppressed;
    private long reportedAt;

    private Bucket(long now) {
      lines = new TokenBucket(BURST, REFILL_MILLIS, now);
      reportedAt = now;
    }
  }

  private static final class LineShare {
    private final TokenBucket lines;
    private final TokenBucket asked;
    private @Nullable Long loudAt;
    private Attribution attribution;
    private @Nullable String node;
    private long denied;
    private long logged;

    private LineShare(Violation first, long now) {
      this.attribution = first.attribution();
      this.node = first.node();
      this.lines = new TokenBucket(CONTAINER_BURST, CONTAINER_REFILL_MILLIS, now);
      this.asked = new TokenBucket(BURST, REFILL_MILLIS, now);
    }

    /** Whether the container had few violations lately, with lines or without. */
    private boolean isQuiet(long now) {
      if (asked.has(0, now)) {
        asked.take();
      } else {
        loudAt = now;
      }
      return loudAt == null || now - loudAt >= LOUD_MILLIS || now < loudAt;
    }
  }

  private final Clock clock;
  private final TokenBucket agent;
  private long agentDenied;
  private long agentLogged;
  private final Map<Party, LineShare> shares = new LinkedHashMap<>(64, 0.75f, true);
  private final Map<Kind, Bucket> buckets = new LinkedHashMap<>(64, 0.75f, true);

  LineBudget(Clock clock) {
    this.clock = clock;
    this.agent = new TokenBucket(AGENT_BURST, AGENT_REFILL_MILLIS, clock.millis());
  }

  /**
   * Asks for a line.
   *
   * @return how many of the same kind were suppressed since the last line, or {@link #SUPPRESSED}
   */
  long take(Violation violation) {
    long now = clock.millis();
    Kind kind = kind(violation);
    LineShare share = share(kind.party(), violation, now);
    Bucket bucket = bucket(kind, now);
    boolean quiet = share.isQuiet(now);
    if (!bucket.lines.has(0, now)
        || !share.lines.has(0, now)
        || !agent.has(quiet ? 0 : AGENT_BURST / 2, now)) {
      bucket.suppressed++;
      return SUPPRESSED;
    }
    bucket.lines.take();
    share.lines.take();
    agent.take();
    long suppressed = bucket.suppressed;
    bucket.suppressed = 0;
    bucket.reportedAt = now;
    return suppressed;
  }

  /**
   * Takes back a line that was allowed and could not be written: the next one counts it, and those
   * before it.
   */
  void refused(Violation violation, long suppressedBefore) {
    Kind kind = kind(violation);
    Bucket bucket = buckets.get(kind);
    if (bucket == null) {
      add(kind, suppressedBefore + 1);
    } else {
      bucket.suppressed += suppressedBefore + 1;
    }
  }

  /**
   * Returns the sums of the violations that were suppressed and that no line of their kind has
   * reported in time. Those are not counted again, unless the sum is given {@link #back}.
   *
   * @param all whether to report those, too, that may yet be on a line of their kind
   */
  List<Suppressed> unreported(boolean all) {
    long now = clock.millis();
    for (Map.Entry<Kind, Bucket> entry : buckets.entrySet()) {
      Bucket bucket = entry.getValue();
      if (all || now - bucket.reportedAt >= UNREPORTED_MILLIS || now < bucket.reportedAt) {
        add(entry.getKey(), bucket.suppressed);
        bucket.suppressed = 0;
        bucket.reportedAt = now;
      }
    }
    List<Suppressed> sums = new ArrayList<>();
    Instant time = Instant.ofEpochMilli(now);
    for (LineShare share : shares.values()) {
      if (share.denied + share.logged > 0) {
        if (sums.size() < MAX_REPORTED) {
          sums.add(new Suppressed(time, share.node, share.attribution, share.denied, share.logged));
        } else {
          agentDenied += share.denied;
          agentLogged += share.logged;
        }
        share.denied = 0;
        share.logged = 0;
      }
    }
    if (agentDenied + agentLogged > 0) {
      sums.add(new Suppressed(time, null, null, agentDenied, agentLogged));
      agentDenied = 0;
      agentLogged = 0;
    }
    return sums;
  }

  /** Takes back a sum that could not be written: the agent's next one has it. */
  void back(Suppressed sum) {
    agentDenied += sum.denied();
    agentLogged += sum.logged();
  }

  /** How many kinds and containers are remembered, together. */
  int remembered() {
    return buckets.size() + shares.size();
  }

  private LineShare share(Party party, Violation violation, long now) {
    LineShare share = shares.get(party);
    if (share == null) {
      share = new LineShare(violation, now);
      shares.put(party, share);
      if (shares.size() > MAX_CONTAINERS) {
        LineShare eldest = removeEldest(shares).getValue();
        agentDenied += eldest.denied;
        agentLogged += eldest.logged;
      }
      return share;
    }
    if (violation.attribution().workload() != null) {
      share.attribution = violation.attribution();
    }
    if (!Objects.equals(share.node, violation.node())) {
      share.node = null; // of several nodes, whose records come together here
    }
    return share;
  }

  private Bucket bucket(Kind kind, long now) {
    Bucket bucket = buckets.get(kind);
    if (bucket == null) {
      bucket = new Bucket(now);
      buckets.put(kind, bucket);
      if (buckets.size() > MAX_KINDS) {
        Map.Entry<Kind, Bucket> eldest = removeEldest(buckets);
        add(eldest.getKey(), eldest.getValue().suppressed);
      }
    }
    return bucket;
  }

  private static <K, V> Map.Entry<K, V> removeEldest(Map<K, V> map) {
    Iterator<Map.Entry<K, V>> entries = map.entrySet().iterator();
    Map.Entry<K, V> eldest = entries.next();
    entries.remove();
    return eldest;
  }

  /** Adds violations of a kind to the sum of its party, or to the agent's where it is forgotten. */
  private void add(Kind kind, long count) {
    LineShare share = shares.get(kind.party());
    if (share == null) {
      agentDenied += kind.denied() ? count : 0;
      agentLogged += kind.denied() ? 0 : count;
    } else {
      share.denied += kind.denied() ? count : 0;
      share.logged += kind.denied() ? 0 : count;
    }
  }

  private static Kind kind(Violation violation) {
    Attribution attribution = violation.attribution();
    return new Kind(
        new Party(attribution.containerId(), attribution.podUid(), attribution.outcome().label()),
        violation.record().arch().label(),
        violation.syscallLabel(),
        violation.record().action().label(),
        violation.denied());
  }
}
