package io.seccompwatch.attribution;

import org.jspecify.annotations.Nullable;

/**
 * The spelling of single cgroup directory names: which one is a container, a pod, a monitor. No
 * state; everything works on the name alone, the place in the path is {@link CgroupPath}'s matter.
 */
final class CgroupNames {

  private static final String DELETED = " (deleted)";
  private static final String KUBEPODS = "kubepods";
  private static final int ID_LENGTH = 64;
  private static final int SHORT_ID = 12; // as docker and crictl print it
  private static final int LONGEST_UID = 128;

  /** The scope prefix of iSulad (openEuler), which is no runtime that users see by a label. */
  private static final String ISULAD = "isulad";

  private CgroupNames() {}

  /** A container's name: its bare id and what the name tells of the runtime. */
  record ContainerName(String id, ContainerRuntime runtime) {}

  /**
   * A pod's name.
   *
   * @param anywhere whether the name holds the kubepods prefix and so speaks for itself at any
   *     place; {@code pod<uid>} needs the right parent
   * @param container the container that containerd appends with colons, when its parent is a slice
   *     but it does not use systemd
   */
  record PodName(
      String uid, @Nullable QosClass qos, boolean anywhere, @Nullable ContainerName container) {

    /** Whether the UID has a form that the API server or the kubelet makes: UUID or 32 hex. */
    boolean generatedUid() {
      return isUuid(uid) || isHex(uid, 32);
    }
  }

  /** The kernel's mark of a removed cgroup, taken off once. */
  static String withoutDeleted(String path) {
    return path.endsWith(DELETED) ? path.substring(0, path.length() - DELETED.length()) : path;
  }

  static boolean isMarkedDeleted(String name) {
    return name.endsWith(DELETED);
  }

  /** {@code [<runtime>-]<64 hex>[.scope]} or {@code <anything>:<runtime>:<64 hex>}, else null. */
  static @Nullable ContainerName container(String name) {
    ContainerName colons = afterColons(name);
    if (colons != null) {
      return colons;
    }
    String unit = without(name, ".scope");
    int dash = unit.length() - ID_LENGTH;
    if (dash < 0 || !isHex(unit.substring(dash), ID_LENGTH)) {
      return null;
    }
    String id = unit.substring(dash);
    if (dash == 0) {
      return new ContainerName(id, ContainerRuntime.UNKNOWN);
    }
    String prefix = unit.substring(0, dash - 1);
    ContainerRuntime runtime = runtimeOf(prefix);
    boolean known = runtime != ContainerRuntime.UNKNOWN || prefix.equals(ISULAD);
    return known && unit.charAt(dash - 1) == '-' ? new ContainerName(id, runtime) : null;
  }

  /**
   * Reads the name of a container right below its pod, where only the runtime makes cgroups: an id
   * of another form counts there, too, if it is a UUID or at least 12 hex digits.
   */
  static @Nullable ContainerName containerInPod(String name) {
    ContainerName usual = container(name);
    boolean id =
        isUuid(name) || (name.length() >= SHORT_ID && name.length() <= LONGEST_UID && isHex(name));
    return usual == null && id ? new ContainerName(name, ContainerRuntime.UNKNOWN) : usual;
  }

  /** Whether only a CRI runtime uses this name, so that no Kubernetes node runs inside. */
  static boolean isCriContainer(String name) {
    return (name.startsWith("cri-containerd-") || name.startsWith("crio-"))
        && container(name) != null;
  }

  /** The two last colon-separated words of a name: {@code :<runtime>:<64 hex>}. */
  private static @Nullable ContainerName afterColons(String name) {
    int last = name.lastIndexOf(':');
    int before = last <= 0 ? -1 : name.lastIndexOf(':', last - 1);
    if (before < 0 || !isHex(name.substring(last + 1), ID_LENGTH)) {
      return null;
    }
    ContainerRuntime runtime = runtimeOf(name.substring(before + 1, last));
    return runtime == ContainerRuntime.UNKNOWN
        ? null
        : new ContainerName(name.substring(last + 1), runtime);
  }

  private static ContainerRuntime runtimeOf(String prefix) {
    return switch (prefix) {
      case "docker" -> ContainerRuntime.DOCKER;
      case "crio" -> ContainerRuntime.CRI_O;
      case "cri-containerd", "nerdctl" -> ContainerRuntime.CONTAINERD;
      case "libpod", "libpod-payload" -> ContainerRuntime.PODMAN;
      default -> ContainerRuntime.UNKNOWN;
    };
  }

  /** What a well-known parent directory tells of the runtime of a bare id below it. */
  static ContainerRuntime runtimeOfParent(@Nullable String parent) {
    return switch (parent) {
      case "docker", "actions_job" -> ContainerRuntime.DOCKER;
      case "k8s.io", "default" -> ContainerRuntime.CONTAINERD;
      case null, default -> ContainerRuntime.UNKNOWN;
    };
  }

  /** conmon, which watches a container from the host's side and lives next to it. */
  static boolean isMonitor(String name) {
    String unit = without(name, ".scope");
    int at = unit.indexOf("conmon");
    boolean starts = at == 0 || (at > 0 && unit.charAt(at - 1) == '-');
    int end = at + "conmon".length();
    return starts && (end == unit.length() || unit.charAt(end) == '-');
  }

  /** A unit that systemd of the host runs by itself; a container is only ever a scope. */
  static boolean isHostUnit(String name) {
    return name.endsWith(".service")
        || name.endsWith(".mount")
        || name.endsWith(".swap")
        || name.endsWith(".socket");
  }

  /**
   * Returns true for the service of a container runtime or a kubelet that makes containers below
   * itself: containerd does so when its cgroup parent is a slice and it does not use systemd.
   */
  static boolean isRuntimeService(String name) {
    return switch (name) {
      case "containerd.service",
          "crio.service",
          "docker.service",
          "kubelet.service",
          "k3s.service",
          "k3s-agent.service",
          "rke2-server.service",
          "rke2-agent.service",
          "k0scontroller.service",
          "k0sworker.service",
          "snap.microk8s.daemon-containerd.service",
          "snap.microk8s.daemon-kubelite.service" ->
          true;
      default -> false;
    };
  }

  /** {@code pod<uid>} or {@code (<root>-)*kubepods[-<qos>]-pod<uid>[.slice]}, else null. */
  static @Nullable PodName pod(String name) {
    int colon = name.indexOf(':');
    String unit = colon < 0 ? name : name.substring(0, colon);
    boolean slice = unit.endsWith(".slice");
    unit = without(unit, ".slice");
    ContainerName container = colon < 0 ? null : afterColons(name);
    int kubepods = unit.lastIndexOf(KUBEPODS + "-");
    if (kubepods == 0 || (kubepods > 0 && unit.charAt(kubepods - 1) == '-')) {
      String rest = unit.substring(kubepods + KUBEPODS.length() + 1);
      QosClass qos = QosClass.GUARANTEED;
      for (QosClass named : new QosClass[] {QosClass.BURSTABLE, QosClass.BESTEFFORT}) {
        if (rest.startsWith(named.label() + "-")) {
          qos = named;
          rest = rest.substring(named.label().length() + 1);
        }
      }
      String uid = uid(rest, slice || rest.indexOf('-') < 0);
      return uid == null ? null : new PodName(uid, qos, true, container);
    }
    String uid = slice ? null : uid(unit, false);
    return uid == null ? null : new PodName(uid, null, false, container);
  }

  /** {@code pod<uid>}; systemd names escape a dash as an underscore, which UUIDs undo. */
  private static @Nullable String uid(String name, boolean escaped) {
    String uid = name.startsWith("pod") ? name.substring(3) : "";
    if (uid.isEmpty() || uid.length() > LONGEST_UID) {
      return null;
    }
    for (int i = 0; i < uid.length(); i++) {
      char c = uid.charAt(i);
      boolean word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!word && c != '-' && c != '_' && c != '.') {
        return null;
      }
    }
    String dashes = uid.replace('_', '-');
    return escaped || isUuid(dashes) ? dashes : uid;
  }

  /** Whether two UIDs are one in the escaped space: systemd's names do not tell - from _. */
  static boolean sameUid(String a, String b) {
    return a.replace('-', '_').equals(b.replace('-', '_'));
  }

  /** {@code [<root>-]kubepods[-<qos>][.slice]}: a directory of pods. */
  static boolean isKubepods(String name) {
    String unit = without(name, ".slice");
    unit = without(without(unit, "-burstable"), "-besteffort");
    return unit.equals(KUBEPODS) || unit.endsWith("-" + KUBEPODS);
  }

  /** The class that a directory of pods is for, null when it is for all or no such directory. */
  static @Nullable QosClass qos(String name) {
    for (QosClass qos : new QosClass[] {QosClass.BURSTABLE, QosClass.BESTEFFORT}) {
      boolean slice = isKubepods(name) && without(name, ".slice").endsWith("-" + qos.label());
      if (slice || name.equals(qos.label())) {
        return qos;
      }
    }
    return null;
  }

  /** Cloud Foundry Garden's id, hex words joined by dashes, 28 characters. */
  static boolean isGardenId(String name) {
    return name.length() == 28 && isHexWords(name);
  }

  /** ECS on Fargate 1.4: {@code <32 hex>-<digits>}. */
  static boolean isEcsId(String name) {
    return name.length() > 33
        && name.length() <= 53
        && isHex(name.substring(0, 32), 32)
        && name.charAt(32) == '-'
        && isDigits(name, 33);
  }

  private static boolean isUuid(String text) {
    return text.length() == 36
        && text.charAt(8) == '-'
        && text.charAt(13) == '-'
        && text.charAt(18) == '-'
        && text.charAt(23) == '-'
        && text.chars().filter(c -> c == '-').count() == 4
        && isHexWords(text);
  }

  private static boolean isHexWords(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) != '-' && !isHexDigit(text.charAt(i))) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  private static boolean isHex(String text, int length) {
    return text.length() == length && isHex(text);
  }

  private static boolean isHex(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (!isHexDigit(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** Runtimes and the API server write lower case only. */
  private static boolean isHexDigit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  }

  static boolean isDigits(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return text.length() > from;
  }

  private static String without(String name, String suffix) {
    return name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : name;
  }
}
