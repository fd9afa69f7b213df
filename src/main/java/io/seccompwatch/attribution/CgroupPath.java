package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.CgroupNames.ContainerName;
import io.seccompwatch.attribution.CgroupNames.PodName;
import io.seccompwatch.attribution.CgroupOwner.Host;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.CgroupOwner.Refused;
import io.seccompwatch.attribution.CgroupOwner.Unresolved;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One cgroup path, cut into its directory names. The outermost pod counts, and of it only the name
 * right below: what is deeper is the container's own doing and may be made to mislead.
 *
 * @param above how many leading {@code ..} the path has: how far it leaves the reader's cgroup
 *     namespace ({@code kernel/cgroup/cgroup.c}, {@code cgroup_path_ns})
 * @param names the directory names below
 */
record CgroupPath(int above, List<String> names) {

  /** Copies the names. */
  CgroupPath {
    names = List.copyOf(names);
  }

  /** Cuts a path as the kernel prints it; null when it is none. */
  static @Nullable CgroupPath of(String printed) {
    if (!printed.startsWith("/")) {
      return null;
    }
    String path = CgroupNames.withoutDeleted(printed);
    List<String> names = new ArrayList<>(6);
    int above = 0;
    for (int from = 1; from <= path.length(); ) {
      int slash = path.indexOf('/', from);
      int end = slash < 0 ? path.length() : slash;
      String name = path.substring(from, end);
      from = end + 1;
      if (name.equals("..") && names.isEmpty()) {
        above++;
      } else if (name.equals("..") || name.equals(".")) {
        return null;
      } else if (!name.isEmpty()) {
        names.add(name);
      }
    }
    return new CgroupPath(above, names);
  }

  /**
   * Finds the owner of a path that begins at the root of the hierarchy.
   *
   * @param anchor the agent's own place
   * @param places where pods are, if the agent's own place does not tell
   */
  CgroupOwner owner(CgroupAnchor anchor, PodPlaces places) {
    if (names.isEmpty()) {
      return new Unresolved();
    }
    for (List<String> root : anchor.roots()) {
      int depth = root.size();
      if (names.size() > depth && names.subList(0, depth).equals(root)) {
        int at = podAt(depth, Math.min(names.size(), depth + 2));
        return at < 0 ? withoutPod(names.size(), places) : inPod(at);
      }
    }
    int at = podAt(0, names.size());
    if (at < 0) {
      return withoutPod(names.size(), places);
    }
    boolean placed = anchor.roots().isEmpty() && places.holdPod(names, at);
    return placed ? inPod(at) : outOfPlace(at, places);
  }

  /**
   * Finds the owner of a path that is seen from a private cgroup namespace whose own place is not
   * known. The name with which the path leaves the agent's ancestors decides.
   *
   * @param anchor the agent's own place
   */
  CgroupOwner ownerFromWithin(CgroupAnchor anchor) {
    InContainer own = inOwnPod(anchor);
    if (own != null) {
      return own;
    }
    if (names.isEmpty()) {
      return new Unresolved();
    }
    boolean inPod = anchor.ownPodUid() != null;
    int at = podAt(0, names.size());
    if (at < 0 && inPod && isBesideOwnPod()) {
      at = 0;
    }
    if (at < 0) {
      return withoutPod(names.size(), null);
    }
    for (String name : names.subList(0, at)) {
      // A pod's own ancestors hold its kubepods directory, so that no other leads to its siblings
      boolean ofPods = CgroupNames.qos(name) != null || (!inPod && CgroupNames.isKubepods(name));
      if (!ofPods) {
        return outOfPlace(at, null);
      }
    }
    return inPod(at);
  }

  /**
   * A static pod's free text is a UID beside the agent's own pod, where only the kubelet writes.
   */
  private boolean isBesideOwnPod() {
    return above == 2
        && names.size() > 1
        && CgroupNames.pod(names.getFirst()) != null
        && CgroupNames.containerInPod(names.get(1)) != null;
  }

  /** A sibling or the agent's own container, seen through the agent's private namespace. */
  private @Nullable InContainer inOwnPod(CgroupAnchor anchor) {
    String uid = anchor.ownPodUid();
    if (uid == null || !anchor.privateNamespace()) {
      return null;
    }
    if (above == 0) {
      return new InContainer(uid, null, ContainerRuntime.UNKNOWN, null);
    }
    ContainerName sibling =
        above == 1 && !names.isEmpty() ? CgroupNames.container(names.getFirst()) : null;
    return sibling == null ? null : new InContainer(uid, sibling.id(), sibling.runtime(), null);
  }

  /**
   * The owner of a path with a pod where no kubelet puts one: the container outside of it; the host
   * in a place of users and services; else it is not known whose it is.
   */
  private CgroupOwner outOfPlace(int pod, @Nullable PodPlaces places) {
    CgroupOwner outer = withoutPod(pod, places);
    if (outer instanceof InContainer) {
      return outer;
    }
    List<String> dirs = names.subList(0, pod);
    boolean host =
        dirs.stream().anyMatch(CgroupPath::isOfHost)
            || (places != null && places.isOwnedByTenant(dirs));
    return host ? outer : new Refused(AttributionReason.FOREIGN_POD);
  }

  private static boolean isOfHost(String name) {
    return CgroupNames.isHostUnit(name)
        || name.endsWith(".scope")
        || name.equals("user.slice")
        || name.equals("machine.slice")
        || name.equals("lxc")
        || name.startsWith("lxc.");
  }

  /** The outermost pod's index among {@code [from, to)}, -1 when there is none. */
  int podAt(int from, int to) {
    for (int i = from; i < to; i++) {
      if (isPod(i)) {
        return i;
      }
    }
    return -1;
  }

  /** A generated UID speaks for itself; free text does so in a directory of pods only. */
  boolean isPod(int at) {
    PodName pod = CgroupNames.pod(names.get(at));
    if (pod == null || pod.anywhere() || pod.generatedUid()) {
      return pod != null;
    }
    String parent = at == 0 ? "" : names.get(at - 1);
    boolean qos = at > 1 && CgroupNames.qos(parent) != null;
    return CgroupNames.isKubepods(parent) || (qos && CgroupNames.isKubepods(names.get(at - 2)));
  }

  /** Where the directory of pods ends that holds the pod at this index: before the QoS class. */
  int rootEnd(int pod) {
    return pod > 0 && CgroupNames.qos(names.get(pod - 1)) != null ? pod - 1 : pod;
  }

  private CgroupOwner inPod(int at) {
    PodName pod = CgroupNames.pod(names.get(at));
    if (pod == null) {
      return new Unresolved();
    }
    QosClass qos = pod.qos() != null ? pod.qos() : qosOfParent(at);
    ContainerName container = pod.container();
    String next = at + 1 < names.size() ? names.get(at + 1) : null;
    if (container == null && next != null) {
      if (CgroupNames.isMarkedDeleted(next)) {
        return new Refused(AttributionReason.CGROUP_MALFORMED);
      }
      if (CgroupNames.isMonitor(next) || CgroupNames.isHostUnit(next)) {
        return new Host(true);
      }
      container = CgroupNames.containerInPod(next);
    }
    return container == null
        ? new InContainer(pod.uid(), null, ContainerRuntime.UNKNOWN, qos)
        : new InContainer(pod.uid(), container.id(), container.runtime(), qos);
  }

  private @Nullable QosClass qosOfParent(int pod) {
    if (pod == 0) {
      return null;
    }
    String parent = names.get(pod - 1);
    QosClass qos = CgroupNames.qos(parent);
    return qos == null && CgroupNames.isKubepods(parent) ? QosClass.GUARANTEED : qos;
  }

  /**
   * The outermost container among the first names; the host when there is none.
   *
   * @param places who owns what; null if the beginning of the path is not known
   */
  private CgroupOwner withoutPod(int to, @Nullable PodPlaces places) {
    boolean inHostUnit = false;
    for (int i = 0; i < to; i++) {
      String name = names.get(i);
      String parent = i == 0 ? null : names.get(i - 1);
      if (CgroupNames.isMonitor(name)) {
        return new Host(true);
      }
      if (name.equals("kata_overhead")) {
        return new Host(false);
      }
      ContainerName container = CgroupNames.container(name);
      if (container == null && isForeignId(name, parent)) {
        container = new ContainerName(name, ContainerRuntime.UNKNOWN);
      }
      boolean tenant = inHostUnit || (container != null && isTenants(i, places));
      if (container != null && container.runtime() == ContainerRuntime.UNKNOWN) {
        container = bareId(container.id(), parent, tenant);
      }
      if (container != null) {
        if (!tenant) {
          return new InContainer(null, container.id(), container.runtime(), null);
        }
        if (!CgroupNames.isCriContainer(name)) {
          return ofTenant(container);
        }
      }
      inHostUnit |=
          CgroupNames.isHostUnit(name) || name.endsWith(".scope") || name.startsWith("lxc");
    }
    return new Host(false);
  }

  /**
   * Returns true if another user than root may have made the container's cgroup. From within a
   * private namespace only the first name is known to be in a directory of root's, and one in the
   * directory of a runtime.
   */
  private boolean isTenants(int at, @Nullable PodPlaces places) {
    if (places != null) {
      return places.mayBeTenants(names.subList(0, at));
    }
    boolean ofRuntime =
        at == 1 && CgroupNames.runtimeOfParent(names.getFirst()) != ContainerRuntime.UNKNOWN;
    return at > 0 && !ofRuntime;
  }

  /** A user's own docker and podman are what they say; no other id is spelled as a pod's. */
  private static InContainer ofTenant(ContainerName container) {
    boolean pods = container.runtime() == ContainerRuntime.CONTAINERD;
    ContainerRuntime runtime = pods ? ContainerRuntime.UNKNOWN : container.runtime();
    return new InContainer(null, container.id(), runtime, null, true);
  }

  /** A bare id is believed by its place: a tenant may name its own cgroups as it likes. */
  private static @Nullable ContainerName bareId(
      String id, @Nullable String parent, boolean tenant) {
    ContainerRuntime runtime = CgroupNames.runtimeOfParent(parent);
    boolean podmanPod = "libpod_parent".equals(parent);
    boolean believed = !podmanPod && (!tenant || runtime == ContainerRuntime.DOCKER);
    return believed ? new ContainerName(id, runtime) : null;
  }

  private boolean isForeignId(String name, @Nullable String parent) {
    return ("garden".equals(parent) && CgroupNames.isGardenId(name))
        || (names.getFirst().equals("ecs") && CgroupNames.isEcsId(name));
  }
}
