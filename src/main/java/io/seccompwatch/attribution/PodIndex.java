package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.Inference.SelinuxCategories;
import io.seccompwatch.attribution.PodDirectory.Specified;
import io.seccompwatch.attribution.PodFacts.Container;
import io.seccompwatch.attribution.PodFacts.Termination;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The pods of this node, by container and by UID. It is told of pods by a list and its changes, and
 * names attributions from what it was told. Thread-safe; every method holds one lock for a moment
 * and waits for nothing else.
 *
 * <p>A UID that the API server gave beats one that an annotation claims, and what two pods claim
 * names neither of them: an answer may be missing, it is never another's.
 */
public final class PodIndex implements PodDirectory {

  /** Most containers of a pod that are kept. */
  public static final int MAX_CONTAINERS = 64;

  /** Most names of refused pods that are remembered. */
  private static final int MAX_REFUSED = 4_096;

  /**
   * How much is kept.
   *
   * @param live most pods that are there; a node runs 110 by default, 500 at times
   * @param deleted most pods that are gone; the one that went first is forgotten first
   * @param keepDeleted how long they are kept: longer than records may be late, and as long as
   *     {@link #isGoneSince} is asked about
   */
  public record Limits(int live, int deleted, Duration keepDeleted) {
    /** Enough for every node that the kubelet supports. */
    public static final Limits DEFAULT = new Limits(2_000, 1_024, Duration.ofMinutes(20));
  }

  /**
   * How full the index is.
   *
   * @param live pods that are there
   * @param deleted pods that are gone and still known
   * @param refused pods that did not fit, ever
   * @param forgotten deleted pods that had to go before their time, ever
   */
  public record Size(int live, int deleted, long refused, long forgotten) {}

  private final Clock clock;
  private final Limits limits;

  /** By {@code metadata.uid}; in both maps the oldest first. */
  private final Map<String, TrackedPod> live = new LinkedHashMap<>();

  private final Map<String, TrackedPod> deleted = new LinkedHashMap<>();

  private final PodTables tables = new PodTables();
  private boolean listed;
  private boolean incomplete;

  /** Namespace and name of the pods that were refused since the last list. */
  private final Set<String> refusedNames = new HashSet<>();

  private @Nullable Instant outOfTouchSince;
  private long version;
  private long refused;
  private long forgotten;

  /** An empty index, out of touch from now on. */
  public PodIndex(Clock clock, Limits limits) {
    this.clock = clock;
    this.limits = limits;
    this.outOfTouchSince = clock.instant();
  }

  /** Takes a complete list: pods that are not in it are gone. The index is in touch from now on. */
  public synchronized void replaceAll(Collection<PodFacts> pods) {
    Set<String> listedUids = new HashSet<>();
    pods.forEach(pod -> listedUids.add(pod.uid()));
    live.keySet().stream().filter(uid -> !listedUids.contains(uid)).toList().forEach(this::delete);
    incomplete = false;
    refusedNames.clear();
    pods.forEach(this::put);
    listed = true;
    inTouch();
  }

  /** Takes a pod as it is now, new or known. */
  public synchronized void put(PodFacts facts) {
    TrackedPod before = live.get(facts.uid());
    if (before == null) {
      before = deleted.get(facts.uid());
    }
    if (!live.containsKey(facts.uid()) && live.size() >= limits.live()) {
      refused++;
      incomplete = true;
      if (refusedNames.size() < MAX_REFUSED) {
        refusedNames.add(facts.namespace() + "/" + facts.name());
      }
      version++;
      return;
    }
    TrackedPod now = TrackedPod.of(facts, before);
    if (now.equals(before)) {
      return;
    }
    if (before != null) {
      tables.remove(before);
      deleted.remove(facts.uid());
    }
    live.put(facts.uid(), now);
    tables.add(now);
    version++;
  }

  /** Takes the end of the pod with this {@code metadata.uid}; it stays known for a while. */
  public synchronized void delete(String uid) {
    TrackedPod pod = live.remove(uid);
    if (pod == null) {
      return;
    }
    tables.remove(pod);
    TrackedPod gone = pod.deletedAt(clock.instant());
    deleted.put(uid, gone);
    tables.add(gone);
    forget();
    version++;
  }

  /** The pods are no longer being kept, since an instant; one that is earlier already holds. */
  public synchronized void outOfTouch(Instant since) {
    if (outOfTouchSince == null) {
      outOfTouchSince = since;
      version++;
    }
  }

  /** The pods are being kept again, with nothing missed in between. */
  public synchronized void inTouch() {
    if (outOfTouchSince != null && listed) {
      outOfTouchSince = null;
      version++;
    }
  }

  /** How full it is. */
  public synchronized Size size() {
    forget();
    return new Size(live.size(), deleted.size(), refused, forgotten);
  }

  @Override
  public synchronized boolean synced() {
    return listed && outOfTouchSince == null;
  }

  @Override
  public synchronized boolean complete() {
    return synced() && !incomplete;
  }

  @Override
  public synchronized long version() {
    return version;
  }

  @Override
  public synchronized @Nullable Instant outOfTouchSince() {
    return outOfTouchSince;
  }

  @Override
  public synchronized Naming name(Attribution found) {
    if (found.outcome() == Outcome.HOST
        || found.outcome() == Outcome.UNKNOWN
        || found.reason() == AttributionReason.TENANT_CGROUP) {
      return new Naming(found, false);
    }
    String uid = found.podUid();
    String id = found.containerId();
    TrackedPod pod = uid != null ? tables.ofUid(uid) : id == null ? null : tables.ofContainer(id);
    if (pod == null) {
      return notFound(found);
    }
    PodTables.Claim claim = id == null ? null : tables.containerOf(pod, id);
    if (claim != null) {
      String podUid = uid == null ? pod.facts().kubeletUid() : uid;
      return new Naming(found.named(podUid, claim.id(), pod.named(claim.container())), false);
    }
    if (id == null) {
      Workload names = pod.named(null);
      return new Naming(found.with(names, AttributionReason.CONTAINER_UNKNOWN), false);
    }
    // Claims that contradict each other do so for good: nothing is to be waited for
    return new Naming(
        found.with(pod.named(null), AttributionReason.CONTAINER_NOT_IN_STATUS),
        pod.live() && !tables.isClaimed(id));
  }

  @Override
  public synchronized @Nullable Specified specified(@Nullable String podUid, String containerId) {
    TrackedPod pod = podUid != null ? tables.ofUid(podUid) : tables.ofContainer(containerId);
    if (pod == null) {
      return null;
    }
    PodTables.Claim claim = tables.containerOf(pod, containerId);
    return pod.specified(claim == null ? null : claim.container());
  }

  private Naming notFound(Attribution found) {
    if (found.podUid() == null) {
      return new Naming(found, true);
    }
    AttributionReason reason =
        complete() ? AttributionReason.POD_NOT_FOUND : AttributionReason.KUBERNETES_UNAVAILABLE;
    return new Naming(found.without(reason), true);
  }

  @Override
  public synchronized List<SigsysTermination> endedBySigsys(Instant from, Instant to) {
    Set<SigsysTermination> ended = new HashSet<>();
    for (Map<String, TrackedPod> pods : List.of(live, deleted)) {
      for (TrackedPod pod : pods.values()) {
        for (Container container : pod.facts().containers()) {
          for (Termination end : container.sigsys()) {
            if (!end.finished().isBefore(from) && !end.finished().isAfter(to)) {
              String uid = pod.facts().kubeletUid();
              ended.add(new SigsysTermination(uid, end.containerId(), end.finished()));
            }
          }
        }
      }
    }
    return List.copyOf(ended);
  }

  @Override
  public synchronized Set<String> podsAskingForCategories(String categories) {
    String asked = SelinuxCategories.canonical(categories);
    Set<String> uids = new HashSet<>();
    if (asked != null) {
      for (Map<String, TrackedPod> pods : List.of(live, deleted)) {
        for (TrackedPod pod : pods.values()) {
          if (pod.facts().categories().contains(asked)) {
            uids.add(pod.facts().kubeletUid());
          }
        }
      }
    }
    return Set.copyOf(uids);
  }

  @Override
  public synchronized boolean isGoneSince(String namespace, String pod, Instant instant) {
    if (!synced()) {
      return false;
    }
    List<TrackedPod> known = tables.named(namespace, pod);
    boolean gone =
        known.stream().allMatch(p -> p.deleted() != null && p.deleted().isBefore(instant));
    return gone && (!incomplete || (!known.isEmpty() && isNoneRefused(namespace, pod)));
  }

  /** Whether no pod of this name was refused since the last list. */
  private boolean isNoneRefused(String namespace, String pod) {
    return refusedNames.size() < MAX_REFUSED && !refusedNames.contains(namespace + "/" + pod);
  }

  /** Forgets deleted pods whose time is over, and the oldest of too many. */
  private void forget() {
    Instant now = clock.instant();
    Iterator<TrackedPod> oldestFirst = deleted.values().iterator();
    while (oldestFirst.hasNext()) {
      TrackedPod pod = oldestFirst.next();
      Instant gone = pod.deleted() == null ? now : pod.deleted();
      boolean over = gone.plus(limits.keepDeleted()).isBefore(now);
      if (!over && deleted.size() <= limits.deleted()) {
        return;
      }
      forgotten += over ? 0 : 1;
      oldestFirst.remove();
      tables.remove(pod);
    }
  }

  /**
   * Finds pods by what is known of them; what two pods claim finds neither. Not thread-safe: {@link
   * PodIndex} guards it.
   */
  static final class PodTables {

    /** A container's id, and whose status names it. */
    record Claim(TrackedPod pod, Container container, String id) {}

    /** By the UID that the kubelet knows, escaped. */
    private final Map<String, List<TrackedPod>> byUid = new HashMap<>();

    /** By the container's bare id. */
    private final Map<String, List<Claim>> byContainer = new HashMap<>();

    /** By namespace and name. */
    private final Map<String, List<TrackedPod>> byName = new HashMap<>();

    void add(TrackedPod pod) {
      PodFacts facts = pod.facts();
      put(byUid, escaped(facts.kubeletUid()), pod);
      put(byName, nameKey(facts.namespace(), facts.name()), pod);
      for (Container container : facts.containers()) {
        for (String id : container.ids()) {
          put(byContainer, bare(id), new Claim(pod, container, id));
        }
      }
    }

    void remove(TrackedPod pod) {
      PodFacts facts = pod.facts();
      drop(byUid, escaped(facts.kubeletUid()), pod);
      drop(byName, nameKey(facts.namespace(), facts.name()), pod);
      for (Container container : facts.containers()) {
        for (String id : container.ids()) {
          drop(byContainer, bare(id), new Claim(pod, container, id));
        }
      }
    }

    private List<Claim> claims(String containerId) {
      return byContainer.getOrDefault(bare(containerId), List.of());
    }

    /** Returns true if the status of any pod names the container. */
    boolean isClaimed(String containerId) {
      return !claims(containerId).isEmpty();
    }

    /** The pods of a name, deleted ones included. */
    List<TrackedPod> named(String namespace, String name) {
      return byName.getOrDefault(nameKey(namespace, name), List.of());
    }

    private static <T> void put(Map<String, List<T>> map, String key, T value) {
      map.merge(key, List.of(value), PodTables::joined);
    }

    private static <T> void drop(Map<String, List<T>> map, String key, T value) {
      map.computeIfPresent(
          key,
          (k, values) -> {
            List<T> left = values.stream().filter(other -> !other.equals(value)).toList();
            return left.isEmpty() ? null : left;
          });
    }

    private static <T> List<T> joined(List<T> a, List<T> b) {
      List<T> all = new ArrayList<>(a);
      all.addAll(b);
      return List.copyOf(all);
    }

    /** systemd's names do not tell a dash from an underscore, see {@link CgroupNames#sameUid}. */
    private static String escaped(String uid) {
      return uid.replace('-', '_');
    }

    /** The id without the runtime, which a cgroup's name need not tell. */
    private static String bare(String containerId) {
      int at = containerId.indexOf("://");
      return at < 0 ? containerId : containerId.substring(at + 3);
    }

    /**
     * The pod that all claims to a container are of; null when there is none, or when there are
     * several.
     */
    @Nullable TrackedPod ofContainer(String containerId) {
      TrackedPod pod = null;
      for (Claim claim : claims(containerId)) {
        if (pod != null && !pod.isSamePod(claim.pod())) {
          return null;
        }
        pod = pod == null || claim.pod().live() ? claim.pod() : pod;
      }
      return pod;
    }

    /** The container of a pod that all claims are of; null when one is another's, or of another. */
    @Nullable Claim containerOf(TrackedPod pod, String containerId) {
      Claim only = null;
      for (Claim claim : claims(containerId)) {
        boolean own = claim.pod().isSamePod(pod);
        if (!own || (only != null && !only.container().name().equals(claim.container().name()))) {
          return null;
        }
        only = only == null || claim.pod().live() ? claim : only;
      }
      return only;
    }

    /** The pod that the kubelet knows by this UID; null when there is none, or when two say so. */
    @Nullable TrackedPod ofUid(String uid) {
      List<TrackedPod> pods = byUid.getOrDefault(escaped(uid), List.of());
      List<TrackedPod> given =
          pods.stream().filter(pod -> pod.facts().staticHash() == null).toList();
      TrackedPod found = null;
      for (TrackedPod pod : given.isEmpty() ? pods : given) {
        if (found != null && !found.isSamePod(pod)) {
          return null;
        }
        found = found == null || pod.live() ? pod : found;
      }
      return found;
    }

    private static String nameKey(String namespace, String name) {
      return namespace + "/" + name;
    }
  }

  /** A pod of the index: its facts, those that its status has forgotten included. Immutable. */
  record TrackedPod(PodFacts facts, @Nullable Instant deleted) {

    /**
     * Most runs of a container that are remembered. A status names two; a late record may name an
     * older one.
     */
    static final int RUNS = 8;

    /** As the pod is now, with the runs that were known before. */
    static TrackedPod of(PodFacts now, @Nullable TrackedPod before) {
      if (before == null) {
        return new TrackedPod(now, null);
      }
      Map<String, Container> known = new HashMap<>();
      before.facts.containers().forEach(container -> known.put(container.name(), container));
      List<Container> merged = new ArrayList<>(now.containers().size());
      for (Container container : now.containers()) {
        Container old = known.remove(container.name());
        merged.add(old == null ? container : merge(container, old));
      }
      // A container of the specification does not go away, but a bad status may leave one out
      for (Container container : before.facts.containers()) {
        if (known.containsKey(container.name()) && merged.size() < PodIndex.MAX_CONTAINERS) {
          merged.add(container);
        }
      }
      PodFacts facts =
          new PodFacts(
              now.uid(),
              now.staticHash(),
              now.namespace(),
              now.name(),
              now.ownerKind(),
              now.ownerName(),
              now.profile(),
              now.categories(),
              merged);
      return new TrackedPod(facts, null);
    }

    private static Container merge(Container now, Container old) {
      List<String> ids = firstOf(now.ids(), old.ids());
      List<Termination> sigsys = firstOf(now.sigsys(), old.sigsys());
      return new Container(
          now.name(),
          now.type(),
          now.image(),
          now.profile(),
          now.ownProfile(),
          now.privileged(),
          ids,
          sigsys);
    }

    private static <T> List<T> firstOf(List<T> now, List<T> old) {
      Set<T> all = new LinkedHashSet<>(now);
      all.addAll(old);
      return all.stream().limit(RUNS).toList();
    }

    TrackedPod deletedAt(Instant when) {
      return new TrackedPod(facts, when);
    }

    boolean live() {
      return deleted == null;
    }

    /** Returns true if both are one pod to the kubelet, as a mirror pod and its replacement are. */
    boolean isSamePod(TrackedPod other) {
      return facts.uid().equals(other.facts.uid())
          || (facts.staticHash() != null
              && facts.staticHash().equals(other.facts.staticHash())
              && facts.name().equals(other.facts.name())
              && facts.namespace().equals(other.facts.namespace()));
    }

    /** Returns the request of a container's specification; without a container, the pod's. */
    Specified specified(@Nullable Container container) {
      return container == null
          ? new Specified(
              facts.namespace(), facts.name(), null, facts.profile(), false, false, null)
          : new Specified(
              facts.namespace(),
              facts.name(),
              container.name(),
              container.profile(),
              container.ownProfile(),
              container.privileged(),
              runtime(container));
    }

    /** The scheme of the container's ids, {@code <runtime>://<id>}. */
    private static @Nullable String runtime(Container container) {
      for (String id : container.ids()) {
        int end = id.indexOf("://");
        if (end > 0) {
          return id.substring(0, end);
        }
      }
      return null;
    }

    /** The names of the pod, and of a container of it. */
    Workload named(@Nullable Container container) {
      return new Workload(
          facts.namespace(),
          facts.name(),
          container == null ? null : container.name(),
          container == null ? null : container.type(),
          container == null ? null : container.image(),
          facts.ownerKind(),
          facts.ownerName(),
          container == null ? facts.profile() : container.profile());
    }
  }
}
