package io.seccompwatch.kubernetes;

import io.seccompwatch.attribution.ContainerType;
import io.seccompwatch.attribution.PodFacts;
import io.seccompwatch.attribution.PodFacts.Container;
import io.seccompwatch.attribution.PodFacts.Termination;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.attribution.SeccompProfile;
import io.seccompwatch.attribution.SelinuxCategories;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A pod while it is being read: its fields come in any order. For one thread. */
final class PodDraft {

  /** The annotation's value and the kind of a mirror's owner; the kubelet sets all three. */
  private static final String NODE = "Node";

  /** Categories that a pod may ask for in several ways: one for itself, one for each container. */
  private static final int MAX_LEVELS = 64;

  /** A container while it is being read. */
  static final class Run {
    final ContainerType type;
    @Nullable String image;
    @Nullable SeccompProfile profile;
    boolean privileged;
    final List<String> ids = new ArrayList<>(3);
    final List<Termination> sigsys = new ArrayList<>(0);

    Run(ContainerType type) {
      this.type = type;
    }
  }

  @Nullable String uid;
  @Nullable String namespace;
  @Nullable String name;
  @Nullable String nodeName;
  @Nullable String resourceVersion;
  @Nullable String templateHash;
  @Nullable String configHash;
  @Nullable String configMirror;
  @Nullable String controllerApiVersion;
  @Nullable String controllerKind;
  @Nullable String controllerName;
  @Nullable Instant created;
  @Nullable SeccompProfile profile;

  private final TreeSet<String> categories = new TreeSet<>();
  private final Map<String, Run> containers = new LinkedHashMap<>();

  /** The container of this name; null when there are too many. */
  @Nullable Run container(String containerName, ContainerType type) {
    Run known = containers.get(containerName);
    if (known == null && containers.size() < PodIndex.MAX_CONTAINERS) {
      known = new Run(type);
      containers.put(containerName, known);
    }
    return known;
  }

  void level(@Nullable String level) {
    String canonical = level == null ? null : SelinuxCategories.canonical(level);
    if (canonical != null && categories.size() < MAX_LEVELS) {
      categories.add(canonical);
    }
  }

  /** What was read; null when it is not enough to tell one pod from another. */
  @Nullable PodFacts facts() {
    if (uid == null || namespace == null || name == null) {
      return null;
    }
    Owner owner =
        controllerKind == null || controllerName == null
            ? null
            : Owner.of(controllerApiVersion, controllerKind, controllerName, templateHash, created);
    List<Container> built = new ArrayList<>(containers.size());
    containers.forEach(
        (containerName, run) ->
            built.add(
                new Container(
                    containerName,
                    run.type,
                    run.image,
                    run.profile == null ? profile : run.profile,
                    run.profile != null,
                    run.privileged,
                    run.ids,
                    run.sigsys)));
    return new PodFacts(
        uid,
        staticHash(),
        namespace,
        name,
        owner == null ? null : owner.kind(),
        owner == null ? null : owner.name(),
        profile,
        List.copyOf(categories),
        built);
  }

  /**
   * The hash of a static pod, for its mirror only: anyone may set the annotation on a pod of their
   * own. A mirror says twice whose it is, and its owner is its node, see {@code CreateMirrorPod} in
   * the kubelet's {@code pkg/kubelet/pod/mirror_client.go}.
   */
  private @Nullable String staticHash() {
    boolean mirror =
        configHash != null
            && configHash.equals(configMirror)
            && NODE.equals(controllerKind)
            && controllerName != null
            && controllerName.equals(nodeName);
    return mirror ? configHash : null;
  }
}
