package io.seccompwatch.attribution;

import io.seccompwatch.attribution.PodFacts.Container;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds pods by what is known of them; what two pods claim finds neither. Not thread-safe: {@link
 * PodIndex} guards it.
 */
final class PodTables {

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

  /** Whether any status names the container. */
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
    List<TrackedPod> given = pods.stream().filter(pod -> pod.facts().staticHash() == null).toList();
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
