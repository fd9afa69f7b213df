package io.seccompwatch.attribution;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the agent's own cgroup tells about where this kubelet keeps its pods. Only paths below these
 * roots are pods of this node; that settles nested clusters, {@code --cgroup-root} and cgroups made
 * to look like pods. Immutable.
 *
 * <p>In a private cgroup namespace the agent reads {@code /} of itself. Where the node's cgroup
 * file systems are mounted, the agent finds its own process in {@code cgroup.procs}, which only the
 * kernel writes; from then on every path is read from the root of the hierarchy. Without them the
 * depth tells: the agent's ancestors are the kubelet's directories, so that another pod leaves them
 * with its own name, with or without the directory of its QoS class, and a cgroup in any other
 * place leaves them with another name.
 *
 * @param roots the directories, as names from the top, below which pods lie, with or without a
 *     directory per QoS class; empty when the agent is in no pod or cannot see it
 * @param privateNamespace whether the agent sees itself at the root, as in a private cgroup
 *     namespace, where others' paths begin with {@code /..}
 * @param ownPodUid the agent's own pod (downward API), null when it has none
 * @param namespaceRoots the place of the agent's private cgroup namespace in each hierarchy, by the
 *     controllers of its line; empty where the agent sees whole paths or does not know the place
 */
public record CgroupAnchor(
    List<List<String>> roots,
    boolean privateNamespace,
    @Nullable String ownPodUid,
    Map<String, List<String>> namespaceRoots) {

  /** No anchor: the grammar alone decides. */
  public static final CgroupAnchor NONE = new CgroupAnchor(List.of(), false, null, Map.of());

  /** Copies the collections. */
  public CgroupAnchor {
    roots = List.copyOf(roots);
    namespaceRoots = Map.copyOf(namespaceRoots);
  }

  /**
   * Finds the anchor in the text alone.
   *
   * @param ownCgroup the text of {@code <proc>/self/cgroup}; any text is accepted
   * @param ownPodUid the agent's pod UID from the downward API, null when not given
   */
  public static CgroupAnchor of(String ownCgroup, @Nullable String ownPodUid) {
    return of(ownCgroup, ownPodUid, CgroupTree.NONE, 0);
  }

  /**
   * Finds the anchor; looks into every cgroup of the node when the text hides the agent's place.
   *
   * @param ownCgroup the text of {@code <proc>/self/cgroup}; any text is accepted
   * @param ownPodUid the agent's pod UID from the downward API, null when not given
   * @param tree the node's cgroup file systems
   * @param pid the agent's own PID, in the agent's PID namespace
   */
  public static CgroupAnchor of(
      String ownCgroup, @Nullable String ownPodUid, CgroupTree tree, long pid) {
    String uid = ownPodUid == null || ownPodUid.isBlank() ? null : ownPodUid.strip();
    List<List<String>> roots = new ArrayList<>();
    Map<String, List<String>> namespaceRoots = new HashMap<>();
    boolean allAtRoot = true;
    int lines = 0;
    for (String line : ownCgroup.split("\n", -1)) {
      CgroupPath seen = CgroupParser.pathOf(line);
      if (seen == null) {
        continue;
      }
      lines++;
      allAtRoot &= seen.names().isEmpty();
      CgroupPath path = seen;
      if (seen.names().isEmpty() && seen.above() == 0) {
        String controllers = CgroupParser.controllersOf(line);
        List<String> place = tree.locate(controllers, pid);
        if (place != null && !place.isEmpty()) {
          namespaceRoots.put(controllers, place);
          path = new CgroupPath(0, place);
        }
      }
      int pod = ownPod(path, uid);
      if (pod >= 0 && path.above() == 0) {
        List<String> root = List.copyOf(path.names().subList(0, path.rootEnd(pod)));
        if (!roots.contains(root)) {
          roots.add(root);
        }
      }
    }
    return new CgroupAnchor(roots, lines > 0 && allAtRoot, uid, namespaceRoots);
  }

  /**
   * Reads the anchor; none if the agent's own cgroup cannot be read.
   *
   * @param proc the node's procfs
   * @param ownPodUid the agent's pod UID from the downward API, null when not given
   * @param tree the node's cgroup file systems
   */
  public static CgroupAnchor read(Path proc, @Nullable String ownPodUid, CgroupTree tree) {
    try {
      Path own = proc.resolve("self/cgroup");
      String text = Files.readString(own, StandardCharsets.ISO_8859_1);
      return of(text, ownPodUid, tree, ProcessHandle.current().pid());
    } catch (IOException e) {
      return NONE;
    }
  }

  boolean hasNamespaceRoots() {
    return !namespaceRoots.isEmpty();
  }

  /**
   * Completes a path to one from the root of the hierarchy.
   *
   * @param controllers the second field of the line
   * @param path as printed in the agent's cgroup namespace
   * @return null if the place of a private namespace is not known
   */
  @Nullable CgroupPath whole(String controllers, CgroupPath path) {
    List<String> place = namespaceRoots.get(controllers);
    if (place != null && path.above() <= place.size()) {
      List<String> names = new ArrayList<>(place.subList(0, place.size() - path.above()));
      names.addAll(path.names());
      return new CgroupPath(0, names);
    }
    boolean own = privateNamespace && ownPodUid != null && roots.isEmpty();
    return path.above() > 0 || own ? null : path;
  }

  /** The agent's own path is its own: the innermost pod is it, or the one with its UID. */
  private static int ownPod(CgroupPath path, @Nullable String uid) {
    int innermost = -1;
    for (int i = 0; i < path.names().size(); i++) {
      CgroupNames.PodName pod = path.isPod(i) ? CgroupNames.pod(path.names().get(i)) : null;
      if (pod != null && uid != null && CgroupNames.sameUid(pod.uid(), uid)) {
        return i;
      }
      innermost = pod != null ? i : innermost;
    }
    return innermost;
  }
}
