package io.seccompwatch.attribution;

import io.seccompwatch.attribution.Kubelets.Kubelet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides where the kubelet puts pods, for an agent that cannot tell by its own pod. A name such as
 * {@code kubepods/pod<uid>} proves nothing: every user with a cgroup of its own can make one. The
 * rule looks at the directories above the kubepods directories:
 *
 * <ol>
 *   <li>None: the pods lie at the root of the hierarchy, where only root makes cgroups.
 *   <li>Directories of the node itself, slices and at most two plain names, are the kubelet's
 *       {@code --cgroup-root}. Where a kubelet is seen and its cgroup root is known, the names must
 *       be that. Where the cgroup file system is seen, root must own each of them. A session, a
 *       scope, a service other than a runtime's, or a directory of docker, lxc and the like is
 *       none.
 *   <li>A container holds a whole node (kind, k3d, minikube), if a kubelet of {@link Kubelets} runs
 *       in that container. Otherwise the container itself is the answer.
 * </ol>
 *
 * Where neither a kubelet nor the cgroup file system is seen, the names alone decide, and a
 * container whose path looks like a node's counts as one: {@link #isBlind} tells. Thread-safe.
 */
public final class PodPlaces {

  private static final int MAX_PLAIN = 2;
  private static final String SLICE = ".slice";

  /** Directories in which others than the kubelet keep cgroups of their containers. */
  private static final Set<String> OTHERS =
      Set.of(
          "docker",
          "moby",
          "podman",
          "buildkit",
          "buildkitd",
          "lxc",
          "lxd",
          "incus",
          "machine",
          "garden",
          "ecs",
          "default",
          "k8s.io",
          "actions_job",
          "kata_overhead",
          "nomad",
          "mesos",
          "slurm",
          "yarn",
          "htcondor",
          "user",
          "session");

  private final CgroupTree tree;
  private volatile List<Kubelet> kubelets = List.of();

  /**
   * Places of which no kubelet is known yet.
   *
   * @param tree the mounted cgroup file systems
   */
  public PodPlaces(CgroupTree tree) {
    this.tree = tree;
  }

  /** Places that are judged by names alone. */
  static PodPlaces byName() {
    return new PodPlaces(CgroupTree.NONE);
  }

  /**
   * Looks for kubelets; those found before stay while none is seen, as during a restart. Some 10 µs
   * for each process of the machine.
   *
   * @param proc a procfs
   * @param anchor the place from which cgroup paths are seen
   */
  public void lookForKubelets(Path proc, CgroupAnchor anchor) {
    List<Kubelet> found = Kubelets.find(proc, anchor);
    if (!found.isEmpty()) {
      kubelets = found;
    }
  }

  /** Returns true if nothing but names is there to judge by. */
  public boolean isBlind() {
    return !tree.isVisible() && kubelets.isEmpty();
  }

  /** Returns true if a directory on the way is seen to belong to another user than root. */
  boolean isOwnedByTenant(List<String> names) {
    return tree.owner(names) == CgroupTree.Owner.TENANT;
  }

  /** Returns true if the cgroup file system is seen and does not show that root owns the place. */
  boolean mayBeTenants(List<String> names) {
    return tree.isVisible() && tree.owner(names) != CgroupTree.Owner.ROOT;
  }

  /**
   * Decides whether the pod is where the kubelet puts pods.
   *
   * @param names a path from the root of the hierarchy
   * @param pod the index of the outermost pod
   */
  boolean holdPod(List<String> names, int pod) {
    int end = pod;
    while (end > 0 && isDirectoryOfPods(names.get(end - 1))) {
      end--;
    }
    List<String> above = names.subList(0, end);
    if (above.isEmpty()) {
      return true;
    }
    int container = endOfContainer(above);
    return container == 0 ? isNodes(above, names.get(pod)) : isNested(above, container, end < pod);
  }

  private static boolean isDirectoryOfPods(String name) {
    return CgroupNames.isKubepods(name) || CgroupNames.qos(name) != null;
  }

  /** Directories of the node itself, with no container among them. */
  private boolean isNodes(List<String> above, String pod) {
    String last = above.getLast();
    List<String> dirs = above;
    boolean byRuntime = pod.indexOf(':') >= 0 && CgroupNames.isRuntimeService(last);
    if (byRuntime) {
      dirs = above.subList(0, above.size() - 1);
    }
    return isPlain(dirs) && (byRuntime || isConfigured(dirs, true)) && !mayBeTenants(above);
  }

  /** A container with a node in it. */
  private boolean isNested(List<String> above, int container, boolean kubepods) {
    List<String> within = above.subList(container, above.size());
    if (!isPlain(within)) {
      return false;
    }
    if (isBlind()) {
      return kubepods && looksLikeNode(above.subList(0, container), within);
    }
    return isConfigured(above, false);
  }

  /** Slices, and few names that are no unit and no other manager's. */
  private static boolean isPlain(List<String> names) {
    int plain = 0;
    for (String name : names) {
      boolean slice = name.endsWith(SLICE);
      String stem = slice ? name.substring(0, name.length() - SLICE.length()) : name;
      int dash = stem.indexOf('-');
      String manager = dash < 0 ? stem : stem.substring(0, dash);
      plain += slice ? 0 : 1;
      boolean unit = name.endsWith(".scope") || CgroupNames.isHostUnit(name);
      boolean others = OTHERS.contains(manager) || name.startsWith("lxc.");
      if (unit || others || name.indexOf(':') >= 0 || CgroupNames.container(name) != null) {
        return false;
      }
    }
    return plain <= MAX_PLAIN;
  }

  /**
   * Decides by the kubelets that are seen; without any, what is left is the node's own place.
   *
   * @param above the directories above those of pods
   * @param node whether these are the node's own and in no container
   */
  private boolean isConfigured(List<String> above, boolean node) {
    List<Kubelet> seen = kubelets;
    if (seen.isEmpty()) {
      return node;
    }
    if (node) {
      return seen.stream().anyMatch(kubelet -> isRoot(above, kubelet.cgroupRoot()));
    }
    for (Kubelet kubelet : seen) {
      if (kubelet.cgroups().stream().anyMatch(own -> isBeside(above, own, kubelet.cgroupRoot()))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns true if the directories are those of a kubelet's container, with the kubelet's own
   * below them as far as its cgroup namespace may begin there, and then its cgroup root.
   */
  private static boolean isBeside(List<String> above, List<String> own, @Nullable String root) {
    int container = endOfContainer(above);
    int shared = 0;
    while (shared < Math.min(above.size(), own.size())
        && above.get(shared).equals(own.get(shared))) {
      shared++;
    }
    for (int i = container; i <= shared; i++) {
      if (isRoot(above.subList(i, above.size()), root)) {
        return true;
      }
    }
    return false;
  }

  /** Compares with a cgroup root, in the spelling of either cgroup driver. */
  private static boolean isRoot(List<String> names, @Nullable String root) {
    if (root == null) {
      return true;
    }
    List<String> plain = new ArrayList<>();
    List<String> slices = new ArrayList<>();
    String chain = "";
    for (String name : root.split("/", -1)) {
      if (!name.isEmpty()) {
        // systemd.slice(5): the name of a slice begins with those above it
        String stem = name.endsWith(SLICE) ? name.substring(0, name.length() - 6) : name;
        boolean whole = !chain.isEmpty() && stem.startsWith(chain + "-");
        chain = chain.isEmpty() || whole ? stem : chain + "-" + stem;
        plain.add(name);
        slices.add(chain + SLICE);
      }
    }
    return names.equals(plain) || names.equals(slices);
  }

  /** Where the innermost container's directories end; 0 when there is no container. */
  private static int endOfContainer(List<String> names) {
    int end = 0;
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      String parent = i == 0 ? "" : names.get(i - 1);
      boolean machine =
          parent.equals("lxc")
              || name.startsWith("lxc.payload.")
              || (name.startsWith("machine-") && name.endsWith(".scope"))
              || (name.equals("payload") && parent.endsWith(".service"));
      boolean other =
          (parent.equals("garden") && CgroupNames.isGardenId(name))
              || (names.getFirst().equals("ecs") && CgroupNames.isEcsId(name));
      if (machine || other || CgroupNames.container(name) != null) {
        end = i + 1;
      }
    }
    return end;
  }

  /**
   * Judges by names alone.
   *
   * @param holder the directories down to the container
   * @param within the directories from there to those of pods
   */
  private static boolean looksLikeNode(List<String> holder, List<String> within) {
    String name = holder.getLast();
    String parent = holder.size() < 2 ? "" : holder.get(holder.size() - 2);
    if (parent.equals("lxc")) {
      return within.equals(List.of("ns"));
    }
    boolean ofUser = holder.stream().anyMatch(CgroupNames::isHostUnit);
    if (ofUser) { // kind below rootless podman
      return within.stream().anyMatch(dir -> dir.equals("kubelet") || dir.equals("kubelet.slice"));
    }
    CgroupNames.ContainerName container = CgroupNames.container(name);
    return CgroupNames.isEcsId(name)
        || (container != null
            && (CgroupNames.runtimeOfParent(parent) == ContainerRuntime.DOCKER
                || container.runtime() == ContainerRuntime.DOCKER
                || container.runtime() == ContainerRuntime.PODMAN));
  }
}
