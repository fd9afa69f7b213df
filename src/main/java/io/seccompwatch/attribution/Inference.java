package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.PodDirectory.SigsysTermination;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.record.SeccompRecord;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What can be concluded of a record whose process nobody knows, from its SELinux label and from
 * containers that ended by SIGSYS. Only with exactly one candidate, never while the list of pods is
 * incomplete, and marked as what it is by its {@link Evidence}. Thread-safe.
 */
public final class Inference {

  /** How much later than the kill a container's end may be told by its runtime. */
  private static final long END_SECONDS = 2;

  private static final int MAX_KILLS = 1_024;
  private static final int MAX_LABELS = 1_024;

  /** How long a label is taken to be a pod's after a record has shown it. */
  private static final long LABEL_SECONDS = 600;

  private final PodDirectory pods;
  private final Clock clock;
  private final Deque<Kill> kills = new ArrayDeque<>();

  /** Until here kills may have happened that are not remembered. */
  private Instant forgottenUntil;

  private final Map<String, Seen> podOfCategories =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Seen> eldest) {
          return size() > MAX_LABELS;
        }
      };

  /** A process that a filter killed, or may have; whose container it was, null when unknown. */
  private record Kill(Instant time, @Nullable String containerId) {}

  /** The pod that a label was last seen with; null when it was seen with several. */
  private record Seen(@Nullable String podUid, Instant until) {}

  /** Inference from the pods of this node, and from records from now on. */
  public Inference(PodDirectory pods, Clock clock) {
    this.pods = pods;
    this.clock = clock;
    this.forgottenUntil = clock.instant();
  }

  /** Records are known to be lost: one of them may have told of any end until now. */
  public void lost() {
    synchronized (kills) {
      forgottenUntil = clock.instant();
    }
  }

  /** Whether a process that the filter ended so makes its container exit with 128 + SIGSYS. */
  public static boolean kills(SeccompAction action) {
    return action == SeccompAction.KILL_PROCESS
        || action == SeccompAction.KILL_THREAD
        || action == SeccompAction.TRAP;
  }

  /** Takes note of a record, each one once, as far as its process is known. */
  public void observe(SeccompRecord record, Instant time, Attribution known) {
    String categories = categories(record.label());
    boolean sure = known.by() == Evidence.PROCFS || known.by() == Evidence.HISTORY;
    synchronized (kills) {
      if (categories != null && sure && known.podUid() != null) {
        learn(categories, known.podUid(), time.plusSeconds(LABEL_SECONDS));
      }
      // One whose action is not known, of a cut line say, may have killed
      if (kills(record.action()) || record.action() == SeccompAction.UNKNOWN) {
        Instant now = clock.instant();
        boolean chosen = known.reason() == AttributionReason.TENANT_CGROUP; // it explains no end
        kills.addLast(
            new Kill(time.isAfter(now) ? now : time, chosen ? null : bare(known.containerId())));
        if (kills.size() > MAX_KILLS) {
          Instant forgotten = kills.removeFirst().time();
          forgottenUntil = forgotten.isAfter(forgottenUntil) ? forgotten : forgottenUntil;
        }
      }
    }
  }

  private void learn(String categories, String podUid, Instant until) {
    Seen before = podOfCategories.get(categories);
    boolean shared =
        before != null
            && !podUid.equals(before.podUid())
            && before.until().isAfter(until.minusSeconds(LABEL_SECONDS));
    podOfCategories.put(categories, new Seen(shared ? null : podUid, until));
  }

  /** The one pod whose processes carry the record's SELinux label; null when none is certain. */
  public @Nullable Attribution byLabel(SeccompRecord record, Instant time) {
    String categories = categories(record.label());
    if (categories == null || !pods.complete()) {
      return null;
    }
    Set<String> candidates = new HashSet<>(pods.podsAskingForCategories(categories));
    Seen seen;
    synchronized (kills) {
      seen = podOfCategories.get(categories);
    }
    if (seen != null && seen.until().isAfter(time)) {
      if (seen.podUid() == null) {
        return null;
      }
      candidates.add(seen.podUid());
    }
    if (candidates.size() != 1) {
      return null;
    }
    Attribution pod =
        new Attribution(
            Outcome.POD,
            Evidence.LABEL,
            AttributionReason.CONTAINER_UNKNOWN,
            candidates.iterator().next(),
            null,
            null);
    // The runtime gives a label to another pod once this one is gone.
    Workload workload = pods.name(pod).attribution().workload();
    boolean gone =
        workload == null || pods.isGoneSince(workload.namespace(), workload.pod(), Instant.MAX);
    return gone ? null : pod;
  }

  /**
   * The one container that ended by SIGSYS when the record's process was killed; null when there is
   * none, when there are several, or when other records may tell of the same end.
   */
  public @Nullable Attribution byTermination(SeccompRecord record, Instant time) {
    if (!kills(record.action()) || !pods.complete()) {
      return null;
    }
    Instant second = time.truncatedTo(ChronoUnit.SECONDS);
    List<SigsysTermination> ends = pods.endedBySigsys(second, time.plusSeconds(END_SECONDS));
    SigsysTermination only = null;
    for (SigsysTermination end : ends) {
      if (!isExplained(end)) {
        if (only != null) {
          return null;
        }
        only = end;
      }
    }
    if (only == null || unknownKillsAround(only.finished()) != 1) {
      return null;
    }
    return new Attribution(
        Outcome.CONTAINER, Evidence.TERMINATION, null, only.podUid(), only.containerId(), null);
  }

  /**
   * Whether {@link #byTermination} may find a container later on. It never will for a record from
   * before the time since when records are remembered, nor where several unknown kills may tell of
   * every end that the record may.
   */
  public boolean mayConclude(SeccompRecord record, Instant time) {
    if (!kills(record.action())) {
      return false;
    }
    Instant second = time.truncatedTo(ChronoUnit.SECONDS);
    for (long after = 0; after <= END_SECONDS; after++) {
      Instant finished = second.plusSeconds(after);
      if (unknownKillsAround(finished) <= 1) {
        return true;
      }
    }
    return false;
  }

  /** Whether a record that is known to be the container's tells why it ended. */
  private boolean isExplained(SigsysTermination end) {
    String id = bare(end.containerId());
    synchronized (kills) {
      return kills.stream()
          .filter(kill -> kill.containerId() != null && mayTellOf(kill, end.finished()))
          .anyMatch(kill -> Objects.equals(kill.containerId(), id));
    }
  }

  /** How many kills of unknown processes may tell of the end; many when not all are remembered. */
  private long unknownKillsAround(Instant finished) {
    synchronized (kills) {
      if (!forgottenUntil.isBefore(finished.minusSeconds(END_SECONDS))) {
        return Long.MAX_VALUE;
      }
      return kills.stream()
          .filter(kill -> kill.containerId() == null && mayTellOf(kill, finished))
          .count();
    }
  }

  private static boolean mayTellOf(Kill kill, Instant finished) {
    return !kill.time().isBefore(finished.minusSeconds(END_SECONDS))
        && kill.time().isBefore(finished.plusSeconds(1));
  }

  private static @Nullable String bare(@Nullable String containerId) {
    int scheme = containerId == null ? -1 : containerId.indexOf("://");
    return scheme < 0 || containerId == null ? containerId : containerId.substring(scheme + 3);
  }

  /**
   * The two categories of a container's label, {@code c12,c345} of {@code
   * system_u:system_r:container_t:s0:c12,c345}; null for every other label, such as a virtual
   * machine's, whose categories are its own.
   */
  static @Nullable String categories(@Nullable String label) {
    if (label == null) {
      return null;
    }
    String[] parts = label.split(":", 6);
    if (parts.length != 5 || !parts[2].startsWith("container") || !parts[3].equals("s0")) {
      return null;
    }
    String[] pair = parts[4].split(",", 3);
    boolean two = pair.length == 2 && isCategory(pair[0]) && isCategory(pair[1]);
    return two ? parts[4] : null;
  }

  private static boolean isCategory(String text) {
    return text.length() >= 2
        && text.length() <= 5
        && text.charAt(0) == 'c'
        && text.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
  }

  /**
   * The categories of an SELinux level, {@code s0:c12,c345}, in one spelling: a specification may
   * name them in any order, the kernel prints them sorted and three and more in a row as {@code
   * c1.c3}. See {@code mls_sid_to_context} in the kernel's {@code security/selinux/ss/mls.c}.
   */
  public static final class SelinuxCategories {

    /** The number of categories that SELinux policies define. */
    private static final int CATEGORIES = 1_024;

    private static final int LONGEST = 8_192;

    private SelinuxCategories() {}

    /**
     * The categories of a level, sorted and spelled out.
     *
     * @param level {@code s0:c345,c12}, {@code s0-s0:c1.c3}, or the categories alone
     * @return {@code c12,c345}; null when there are none, or when this is no level
     */
    public static @Nullable String canonical(String level) {
      String list = level.substring(level.indexOf(':') + 1);
      if (list.isEmpty() || list.length() > LONGEST || list.charAt(0) != 'c') {
        return null;
      }
      BitSet set = new BitSet(CATEGORIES);
      for (String item : list.split(",", -1)) {
        int dot = item.indexOf('.');
        int from = number(dot < 0 ? item : item.substring(0, dot));
        int to = dot < 0 ? from : number(item.substring(dot + 1));
        if (from < 0 || to < from) {
          return null;
        }
        set.set(from, to + 1);
      }
      return set.stream().mapToObj(c -> "c" + c).collect(Collectors.joining(","));
    }

    /** The number of a category {@code c<number>}; -1 when this is none. */
    private static int number(String category) {
      if (category.length() < 2 || category.length() > 5 || category.charAt(0) != 'c') {
        return -1;
      }
      if (!CgroupNames.isDigits(category, 1)) {
        return -1;
      }
      int number = Integer.parseInt(category.substring(1));
      return number < CATEGORIES ? number : -1;
    }
  }
}
