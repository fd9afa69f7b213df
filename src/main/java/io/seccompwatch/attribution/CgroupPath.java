package io.seccompwatch.attribution;

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

  /** Whom the path names, for an agent that found itself at {@code anchor}. */
  CgroupOwner owner(CgroupAnchor anchor) {
    InContainer own = inOwnPod(anchor);
    if (own != null) {
      return own;
    }
    if (names.isEmpty()) {
      return new Unresolved();
    }
    for (List<String> root : anchor.roots()) {
      int depth = root.size();
      if (above == 0 && names.size() > depth && names.subList(0, depth).equals(root)) {
        int at = podAt(depth, Math.min(names.size(), depth + 2));
        return at < 0 ? withoutPod() : inPod(at);
      }
    }
    int at = podAt(0, names.size());
    if (at < 0 || isInsideCriContainer(at)) {
      return withoutPod();
    }
    return anchor.roots().isEmpty() ? inPod(at) : foreign();
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

  /** Another kubelet's pods: the container that holds that kubelet is the answer, if there is. */
  private CgroupOwner foreign() {
    CgroupOwner outer = withoutPod();
    return outer instanceof InContainer ? outer : new Refused(AttributionReason.FOREIGN_POD);
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

  boolean isPod(int at) {
    PodName pod = CgroupNames.pod(names.get(at));
    if (pod == null || pod.anywhere()) {
      return pod != null;
    }
    if (at == 0) {
      return pod.generatedUid();
    }
    String parent = names.get(at - 1);
    if (CgroupNames.isKubepods(parent)) {
      return true;
    }
    boolean qos = CgroupNames.qos(parent) != null;
    return qos && (at == 1 ? pod.generatedUid() : CgroupNames.isKubepods(names.get(at - 2)));
  }

  /** Where the directory of pods ends that holds the pod at this index: before the QoS class. */
  int rootEnd(int pod) {
    return pod > 0 && CgroupNames.qos(names.get(pod - 1)) != null ? pod - 1 : pod;
  }

  private boolean isInsideCriContainer(int pod) {
    for (int i = 0; i < pod; i++) {
      if (CgroupNames.isCriContainer(names.get(i))) {
        return true;
      }
    }
    return false;
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
      container = CgroupNames.container(next);
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

  /** The outermost container of a path that has no pod; the host when there is none either. */
  private CgroupOwner withoutPod() {
    boolean inHostUnit = false;
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      String parent = i == 0 ? null : names.get(i - 1);
      if (CgroupNames.isMonitor(name)) {
        return new Host(true);
      }
      if (name.equals("kata_overhead")) {
        return new Host(false);
      }
      ContainerName container = CgroupNames.container(name);
      if (container != null && container.runtime() == ContainerRuntime.UNKNOWN) {
        container = bareId(container.id(), parent, inHostUnit);
      }
      if (container == null && isForeignId(name, parent)) {
        container = new ContainerName(name, ContainerRuntime.UNKNOWN);
      }
      if (container != null) {
        return new InContainer(null, container.id(), container.runtime(), null);
      }
      inHostUnit |= CgroupNames.isHostUnit(name);
    }
    return new Host(false);
  }

  /** A bare id is believed by its place: a service may name its own cgroups as it likes. */
  private static @Nullable ContainerName bareId(
      String id, @Nullable String parent, boolean inHostUnit) {
    ContainerRuntime runtime = CgroupNames.runtimeOfParent(parent);
    boolean podmanPod = "libpod_parent".equals(parent);
    boolean believed = !podmanPod && (!inHostUnit || runtime != ContainerRuntime.UNKNOWN);
    return believed ? new ContainerName(id, runtime) : null;
  }

  private boolean isForeignId(String name, @Nullable String parent) {
    return ("garden".equals(parent) && CgroupNames.isGardenId(name))
        || (names.getFirst().equals("ecs") && CgroupNames.isEcsId(name));
  }
}
