package io.seccompwatch.kubernetes;

import io.seccompwatch.attribution.Inference.SelinuxCategories;
import io.seccompwatch.attribution.PodFacts;
import io.seccompwatch.attribution.PodFacts.Container;
import io.seccompwatch.attribution.PodFacts.Termination;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.attribution.Workload.ContainerType;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads a pod of the core/v1 API. Fields that are missing, of another type or beyond their bounds
 * are left out and, where that is not normal, counted. For one thread.
 */
final class PodReader {

  /** Namespaces and pods have 253 characters at most, as all names of the API. */
  static final int MAX_NAME = 253;

  /** A runtime's name and 64 hexadecimal digits. */
  static final int MAX_ID = 128;

  /** References of images have no bound in the API; the longest in use are some 200. */
  private static final int MAX_TEXT = 256;

  /** 128 + SIGSYS, as runtimes report a process that a signal ended. */
  private static final int SIGSYS_EXIT = 159;

  /** The one that nearly every container asks for. */
  private static final SeccompProfile RUNTIME_DEFAULT = new SeccompProfile("RuntimeDefault", null);

  private final JsonWalk json;
  private final SkipCounts skips;

  PodReader(JsonWalk json, SkipCounts skips) {
    this.json = json;
    this.skips = skips;
  }

  /** Reads the pod here to its end. */
  PodDraft read() throws IOException {
    PodDraft pod = new PodDraft();
    json.fields(
        field -> {
          switch (field) {
            case "metadata" -> metadata(pod);
            case "spec" -> spec(pod);
            case "status" -> status(pod);
            default -> json.skip();
          }
        });
    return pod;
  }

  private void metadata(PodDraft pod) throws IOException {
    json.fields(
        field -> {
          switch (field) {
            case "uid" -> pod.uid = text(MAX_NAME);
            case "namespace" -> pod.namespace = text(MAX_NAME);
            case "name" -> pod.name = text(MAX_NAME);
            case "resourceVersion" -> pod.resourceVersion = text(MAX_NAME);
            case "creationTimestamp" -> pod.created = instant(text(MAX_NAME));
            case "labels" -> labels(pod);
            case "annotations" -> annotations(pod);
            case "ownerReferences" -> json.items(() -> owner(pod));
            default -> json.skip();
          }
        });
  }

  private void labels(PodDraft pod) throws IOException {
    json.fields(
        field -> {
          switch (field) {
            case "pod-template-hash" -> pod.templateHash = text(MAX_NAME);
            default -> json.skip();
          }
        });
  }

  private void annotations(PodDraft pod) throws IOException {
    json.fields(
        field -> {
          switch (field) {
            case "kubernetes.io/config.hash" -> pod.configHash = text(MAX_NAME);
            case "kubernetes.io/config.mirror" -> pod.configMirror = text(MAX_NAME);
            default -> json.skip();
          }
        });
  }

  /** The one reference that is the controller's; the API server allows only one. */
  private void owner(PodDraft pod) throws IOException {
    @Nullable String[] reference = new @Nullable String[3];
    boolean[] controller = {false};
    json.fields(
        field -> {
          switch (field) {
            case "apiVersion" -> reference[0] = text(MAX_NAME);
            case "kind" -> reference[1] = text(MAX_NAME);
            case "name" -> reference[2] = text(MAX_NAME);
            case "controller" -> controller[0] = json.isTrue();
            default -> json.skip();
          }
        });
    if (controller[0]) {
      pod.controllerApiVersion = reference[0];
      pod.controllerKind = reference[1];
      pod.controllerName = reference[2];
    }
  }

  private void spec(PodDraft pod) throws IOException {
    json.fields(
        field -> {
          switch (field) {
            case "nodeName" -> pod.nodeName = text(MAX_NAME);
            case "securityContext" -> pod.profile = securityContext(pod).profile();
            case "containers" -> specified(pod, ContainerType.CONTAINER);
            case "initContainers" -> specified(pod, ContainerType.INIT);
            case "ephemeralContainers" -> specified(pod, ContainerType.EPHEMERAL);
            default -> json.skip();
          }
        });
  }

  private void specified(PodDraft pod, ContainerType type) throws IOException {
    json.items(
        () -> {
          @Nullable String[] named = new @Nullable String[2];
          Security[] asked = {Security.NOTHING};
          json.fields(
              field -> {
                switch (field) {
                  case "name" -> named[0] = text(MAX_NAME);
                  case "image" -> named[1] = text(MAX_TEXT);
                  case "securityContext" -> asked[0] = securityContext(pod);
                  default -> json.skip();
                }
              });
          PodDraft.Run container = container(pod, named[0], type);
          if (container != null && container.image == null) {
            container.image = named[1];
            container.profile = asked[0].profile();
            container.privileged = asked[0].privileged();
          }
        });
  }

  /** What is wanted of a security context; the annotations of before 1.27 are ignored, as there. */
  private record Security(@Nullable SeccompProfile profile, boolean privileged) {
    static final Security NOTHING = new Security(null, false);
  }

  /** Reads a security context, and notes the SELinux level. */
  private Security securityContext(PodDraft pod) throws IOException {
    @Nullable String[] profile = new @Nullable String[2];
    boolean[] privileged = {false};
    json.fields(
        field -> {
          switch (field) {
            case "privileged" -> privileged[0] = json.isTrue();
            case "seLinuxOptions" ->
                json.fields(
                    option -> {
                      switch (option) {
                        case "level" -> pod.level(json.text());
                        default -> json.skip();
                      }
                    });
            case "seccompProfile" ->
                json.fields(
                    part -> {
                      switch (part) {
                        case "type" -> profile[0] = text(MAX_NAME);
                        case "localhostProfile" -> profile[1] = text(MAX_TEXT);
                        default -> json.skip();
                      }
                    });
            default -> json.skip();
          }
        });
    if (RUNTIME_DEFAULT.type().equals(profile[0])) {
      return new Security(RUNTIME_DEFAULT, privileged[0]);
    }
    return new Security(
        profile[0] == null ? null : new SeccompProfile(profile[0], profile[1]), privileged[0]);
  }

  private void status(PodDraft pod) throws IOException {
    json.fields(
        field -> {
          switch (field) {
            case "containerStatuses" -> statuses(pod, ContainerType.CONTAINER);
            case "initContainerStatuses" -> statuses(pod, ContainerType.INIT);
            case "ephemeralContainerStatuses" -> statuses(pod, ContainerType.EPHEMERAL);
            default -> json.skip();
          }
        });
  }

  private void statuses(PodDraft pod, ContainerType type) throws IOException {
    json.items(
        () -> {
          PodDraft.Run seen = new PodDraft.Run(type);
          @Nullable String[] name = new @Nullable String[1];
          @Nullable String[] current = new @Nullable String[1];
          json.fields(
              field -> {
                switch (field) {
                  case "name" -> name[0] = text(MAX_NAME);
                  case "containerID" -> current[0] = id();
                  case "state", "lastState" -> state(seen);
                  default -> json.skip();
                }
              });
          PodDraft.Run container = container(pod, name[0], type);
          if (container == null) {
            return;
          }
          add(container, current[0]);
          seen.ids.forEach(id -> add(container, id));
          container.sigsys.addAll(seen.sigsys);
        });
  }

  private void state(PodDraft.Run seen) throws IOException {
    json.fields(
        state -> {
          switch (state) {
            case "terminated" -> terminated(seen);
            default -> json.skip();
          }
        });
  }

  private void terminated(PodDraft.Run seen) throws IOException {
    @Nullable String[] text = new @Nullable String[2];
    int[] exit = {-1};
    json.fields(
        field -> {
          switch (field) {
            case "containerID" -> text[0] = id();
            case "exitCode" -> exit[0] = json.number();
            case "finishedAt" -> text[1] = text(MAX_NAME);
            default -> json.skip();
          }
        });
    add(seen, text[0]);
    Instant finished = instant(text[1]);
    if (exit[0] == SIGSYS_EXIT && text[0] != null && finished != null) {
      seen.sigsys.add(new Termination(text[0], finished));
    }
  }

  private static void add(PodDraft.Run container, @Nullable String id) {
    if (id != null && container.ids.size() < 8 && !container.ids.contains(id)) {
      container.ids.add(id);
    }
  }

  private PodDraft.@Nullable Run container(
      PodDraft pod, @Nullable String name, ContainerType type) {
    PodDraft.Run container = name == null ? null : pod.container(name, type);
    if (container == null) {
      skips.count(SkipReason.CONTAINER);
    }
    return container;
  }

  /** {@code <runtime>://<id>}; null before the container's first start, and for what is none. */
  private @Nullable String id() throws IOException {
    String id = json.text();
    if (id == null || id.isEmpty()) {
      return null;
    }
    int at = id.indexOf("://");
    if (at <= 0 || at + 3 == id.length() || id.length() > MAX_ID || !isPrintable(id)) {
      skips.count(SkipReason.CONTAINER_ID);
      return null;
    }
    return id;
  }

  /** A text that is neither empty nor beyond its bound nor unprintable. */
  private @Nullable String text(int max) throws IOException {
    String text = json.text();
    if (text == null || text.isEmpty()) {
      return null;
    }
    if (text.length() > max || !isPrintable(text)) {
      skips.count(SkipReason.TEXT);
      return null;
    }
    return text;
  }

  /** All that is read here is ASCII by the API's own rules. */
  private static boolean isPrintable(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) <= ' ' || text.charAt(i) > '~') {
        return false;
      }
    }
    return true;
  }

  private static @Nullable Instant instant(@Nullable String text) {
    try {
      return text == null ? null : Instant.parse(text);
    } catch (DateTimeException e) {
      return null; // Nothing is inferred from it then
    }
  }

  /** A pod while it is being read: its fields come in any order. For one thread. */
  static final class PodDraft {

    /** The annotation's value and the kind of a mirror's owner; the kubelet sets all three. */
    private static final String NODE = "Node";

    /**
     * Categories that a pod may ask for in several ways: one for itself, one for each container.
     */
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

    /** Returns the pod; null when its UID, namespace or name was not read. */
    @Nullable PodFacts facts() {
      if (uid == null || namespace == null || name == null) {
        return null;
      }
      Owner owner =
          controllerKind == null || controllerName == null
              ? null
              : Owner.of(
                  controllerApiVersion, controllerKind, controllerName, templateHash, created);
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
     * The hash of a static pod, for its mirror only: anyone may set the annotation on a pod of
     * their own. A mirror says twice whose it is, and its owner is its node, see {@code
     * CreateMirrorPod} in the kubelet's {@code pkg/kubelet/pod/mirror_client.go}.
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

  /**
   * The workload that owns a pod, as far as the pod itself tells. Immutable.
   *
   * @param kind {@code Deployment}, {@code DaemonSet} …
   * @param name its name, in the pod's namespace; a node's name for a static pod
   */
  record Owner(String kind, String name) {

    /** A node's clock may be behind that of the controller. */
    private static final Duration EARLY = Duration.ofMinutes(5);

    /** A Job may start late, after the one before it has ended, and its pods are tried again. */
    private static final Duration LATE = Duration.ofDays(7);

    /** Digits of a number of minutes from 1989 to 2160: names with more or fewer are no times. */
    private static final int MINUTES_DIGITS = 8;

    /**
     * The workload behind the controller of a pod, without asking for the controller.
     *
     * <p>A Deployment names its ReplicaSets {@code <deployment>-<hash>} and gives the pods the same
     * hash as a label, which nothing else does. A CronJob names its Jobs {@code
     * <cronjob>-<minutes>} by the minutes from 1970 to the time for which they are scheduled
     * ({@code getJobName} in {@code pkg/controller/cronjob/utils.go}). Others may do so, too, but
     * hardly with the time at which the pod was made: when it is not that time, the Job is named.
     *
     * @param apiVersion of the controller
     * @param kind of the controller
     * @param name of the controller
     * @param templateHash the pod's label {@code pod-template-hash}; null when it has none
     * @param created when the pod was made; null when that is not known
     */
    static Owner of(
        @Nullable String apiVersion,
        String kind,
        String name,
        @Nullable String templateHash,
        @Nullable Instant created) {
      String api = apiVersion == null ? "" : apiVersion;
      if (kind.equals("Job") && api.startsWith("batch/") && created != null) {
        String cronJob = cronJob(name, created);
        return cronJob == null ? new Owner(kind, name) : new Owner("CronJob", cronJob);
      }
      boolean replicaSet = kind.equals("ReplicaSet") && api.startsWith("apps/");
      if (replicaSet && templateHash != null && !templateHash.isEmpty()) {
        String suffix = "-" + templateHash;
        if (name.endsWith(suffix) && name.length() > suffix.length()) {
          return new Owner("Deployment", name.substring(0, name.length() - suffix.length()));
        }
      }
      return new Owner(kind, name);
    }

    private static @Nullable String cronJob(String job, Instant created) {
      int dash = job.length() - MINUTES_DIGITS - 1;
      if (dash < 1 || job.charAt(dash) != '-') {
        return null;
      }
      String digits = job.substring(dash + 1);
      if (!digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return null;
      }
      Instant scheduled = Instant.ofEpochSecond(Long.parseLong(digits) * 60);
      boolean now =
          created.isAfter(scheduled.minus(EARLY)) && created.isBefore(scheduled.plus(LATE));
      return now ? job.substring(0, dash) : null;
    }
  }
}
