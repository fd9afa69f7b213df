package io.seccompwatch.attribution;

import io.seccompwatch.attribution.PodDirectory.Specified;
import io.seccompwatch.attribution.PodFacts.Container;
import io.seccompwatch.attribution.PodFacts.Termination;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A pod of the index: its facts, those that its status has forgotten included. Immutable. */
record TrackedPod(PodFacts facts, @Nullable Instant deleted) {

  /**
   * How many runs of a container are remembered. A status names two; a late record may name an
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

  /** Whether both are one pod to the kubelet: a mirror pod that was made anew is. */
  boolean isSamePod(TrackedPod other) {
    return facts.uid().equals(other.facts.uid())
        || (facts.staticHash() != null
            && facts.staticHash().equals(other.facts.staticHash())
            && facts.name().equals(other.facts.name())
            && facts.namespace().equals(other.facts.namespace()));
  }

  /** What the specification asks for a container; of one that is not in the status, the pod's. */
  Specified specified(@Nullable Container container) {
    return container == null
        ? new Specified(facts.namespace(), facts.name(), null, facts.profile(), false, false, null)
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
