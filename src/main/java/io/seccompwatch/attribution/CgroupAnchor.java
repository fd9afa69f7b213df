package io.seccompwatch.attribution;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the agent's own cgroup tells about where this kubelet keeps its pods. Only paths below these
 * roots are pods of this node; that settles nested clusters, {@code --cgroup-root} and cgroups made
 * to look like pods. Immutable.
 *
 * @param roots the directories, as names from the top, below which pods lie, with or without a
 *     directory per QoS class; empty when the agent is in no pod or cannot see it
 * @param privateNamespace whether the agent sees itself at the root, as in a private cgroup
 *     namespace, where others' paths begin with {@code /..}
 * @param ownPodUid the agent's own pod (downward API), null when it has none
 */
public record CgroupAnchor(
    List<List<String>> roots, boolean privateNamespace, @Nullable String ownPodUid) {

  /** No anchor: the grammar alone decides. */
  public static final CgroupAnchor NONE = new CgroupAnchor(List.of(), false, null);

  /** Copies the roots. */
  public CgroupAnchor {
    roots = List.copyOf(roots);
  }

  /**
   * Finds the anchor.
   *
   * @param ownCgroup the text of {@code <proc>/self/cgroup}; any text is accepted
   * @param ownPodUid the agent's pod UID from the downward API, null when not given
   */
  public static CgroupAnchor of(String ownCgroup, @Nullable String ownPodUid) {
    String uid = ownPodUid == null || ownPodUid.isBlank() ? null : ownPodUid.strip();
    List<List<String>> roots = new ArrayList<>();
    boolean allAtRoot = true;
    int lines = 0;
    for (String line : ownCgroup.split("\n", -1)) {
      CgroupPath path = CgroupParser.pathOf(line);
      if (path == null) {
        continue;
      }
      lines++;
      allAtRoot &= path.names().isEmpty();
      int pod = ownPod(path, uid);
      if (pod >= 0 && path.above() == 0) {
        List<String> root = List.copyOf(path.names().subList(0, path.rootEnd(pod)));
        if (!roots.contains(root)) {
          roots.add(root);
        }
      }
    }
    return new CgroupAnchor(roots, lines > 0 && allAtRoot, uid);
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
