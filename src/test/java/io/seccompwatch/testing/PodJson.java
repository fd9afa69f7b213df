package io.seccompwatch.testing;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Pods as an API server writes them, some 10 KB each: with managed fields, environment, volumes and
 * conditions, none of which anybody here wants. Objects are maps and lists; {@link #text} writes
 * them.
 */
public final class PodJson {

  /** Whose pods these are. */
  public static final String NODE = "n1";

  private final String uid;
  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, Object> spec = new LinkedHashMap<>();
  private final Map<String, Object> status = new LinkedHashMap<>();

  /** A running pod of a Deployment with one container, {@code app}. */
  public PodJson(String namespace, String name, String uid) {
    this.uid = uid;
    metadata.put("name", name);
    metadata.put("generateName", name.substring(0, Math.max(1, name.lastIndexOf('-') + 1)));
    metadata.put("namespace", namespace);
    metadata.put("uid", uid);
    metadata.put("resourceVersion", "1000");
    metadata.put("creationTimestamp", "2026-11-22T10:00:00Z");
    metadata.put("labels", object("app", "api", "pod-template-hash", "7d9f"));
    metadata.put("annotations", object("cni.example/networks", "[{\"ips\":[\"10.0.0.7\"]}]"));
    owner("apps/v1", "ReplicaSet", "api-7d9f");
    metadata.put("managedFields", managedFields(uid));
    spec.put("volumes", volumes());
    spec.put("containers", new ArrayList<>(List.of(container("app", "registry.example/app:1"))));
    spec.put("nodeName", NODE);
    spec.put("securityContext", object("runAsNonRoot", true));
    spec.put("tolerations", list(object("operator", "Exists", "effect", "NoExecute")));
    status.put("phase", "Running");
    status.put("conditions", conditions());
  }

  /** Sets a field of the metadata; null takes it away. */
  public PodJson metadata(String field, @Nullable Object value) {
    return set(metadata, field, value);
  }

  /** Sets a field of the specification; null takes it away. */
  public PodJson spec(String field, @Nullable Object value) {
    return set(spec, field, value);
  }

  /** Sets a field of the status; null takes it away. */
  public PodJson status(String field, @Nullable Object value) {
    return set(status, field, value);
  }

  private PodJson set(Map<String, Object> part, String field, @Nullable Object value) {
    if (value == null) {
      part.remove(field);
    } else {
      part.put(field, value);
    }
    return this;
  }

  /** Sets the controller. */
  public PodJson owner(String apiVersion, String kind, String name) {
    return metadata(
        "ownerReferences",
        list(
            object(
                "apiVersion",
                apiVersion,
                "kind",
                kind,
                "name",
                name,
                "uid",
                "u",
                "controller",
                true)));
  }

  /** A running container's status, for {@code app}. */
  public PodJson running(String id) {
    return status("containerStatuses", list(containerStatus("app", id)));
  }

  /** A container's status that names its current run. */
  public static Map<String, Object> containerStatus(String name, String id) {
    return object(
        "name",
        name,
        "state",
        object("running", object("startedAt", "2026-11-22T10:00:05Z")),
        "lastState",
        object(),
        "ready",
        true,
        "restartCount",
        0,
        "image",
        "registry.example/app:1",
        "imageID",
        "registry.example/app@sha256:" + "0".repeat(64),
        "containerID",
        id,
        "started",
        true);
  }

  /** {@code state} or {@code lastState} of a run that has ended. */
  public static Map<String, Object> terminated(String id, int exitCode, String finishedAt) {
    return object(
        "terminated",
        object(
            "exitCode", exitCode,
            "reason", "Error",
            "startedAt", "2026-11-22T10:00:00Z",
            "finishedAt", finishedAt,
            "containerID", id));
  }

  /** A container of the specification. */
  public static Map<String, Object> container(String name, String image) {
    List<Object> env = new ArrayList<>();
    for (int i = 0; i < 56; i++) {
      env.add(object("name", "SETTING_" + i, "value", "a value of some length, number " + i));
    }
    return object(
        "name",
        name,
        "image",
        image,
        "env",
        env,
        "resources",
        object("limits", object("memory", "128Mi"), "requests", object("cpu", "10m")),
        "volumeMounts",
        list(object("name", "data", "mountPath", "/data")),
        "terminationMessagePath",
        "/dev/termination-log",
        "imagePullPolicy",
        "IfNotPresent");
  }

  /** The UID that it was made with. */
  public String uid() {
    return uid;
  }

  /** The pod as it is. */
  public Map<String, Object> pod() {
    return object(
        "kind", "Pod", "apiVersion", "v1", "metadata", metadata, "spec", spec, "status", status);
  }

  @Override
  public String toString() {
    return text(pod());
  }

  /** A {@code PodList}. */
  public static String list(String resourceVersion, List<PodJson> pods) {
    return text(
        object(
            "kind",
            "PodList",
            "apiVersion",
            "v1",
            "metadata",
            object("resourceVersion", resourceVersion),
            "items",
            pods.stream().map(PodJson::pod).toList()));
  }

  /** A {@code WatchEvent} of a pod, on a line of its own. */
  public static String event(String type, PodJson pod) {
    return text(object("type", type, "object", pod.pod())) + "\n";
  }

  /** Pods for a node that is full: each its own container and ids. */
  public static List<PodJson> node(int pods) {
    List<PodJson> all = new ArrayList<>();
    for (int i = 0; i < pods; i++) {
      String uid = String.format(Locale.ROOT, "%08x-0000-4000-8000-%012x", i, i);
      all.add(
          new PodJson("prod", "api-7d9f-" + Integer.toString(10_000 + i, 36), uid)
              .running("containerd://" + String.format(Locale.ROOT, "%064x", i)));
    }
    return all;
  }

  /** An object of names and values by turns. */
  public static Map<String, Object> object(Object... namesAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return object;
  }

  /** An array. */
  public static List<Object> list(Object... items) {
    return List.of(items);
  }

  /** JSON. */
  public static String text(Object value) {
    return switch (value) {
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> text(entry.getKey()) + ":" + text(entry.getValue()))
              .collect(Collectors.joining(",", "{", "}"));
      case List<?> items ->
          items.stream().map(PodJson::text).collect(Collectors.joining(",", "[", "]"));
      case String string -> quoted(string);
      default -> value.toString();
    };
  }

  private static String quoted(String string) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }

  private static List<Object> managedFields(String uid) {
    List<Object> managers = new ArrayList<>();
    for (String manager : List.of("kube-controller-manager", "kubelet")) {
      Map<String, Object> fields = new LinkedHashMap<>();
      for (int i = 0; i < 40; i++) {
        fields.put("k:{\"name\":\"SETTING_" + i + "\"}", object(".", object(), "f:name", object()));
      }
      fields.put("k:{\"uid\":\"" + uid + "\"}", object());
      managers.add(
          object(
              "manager", manager,
              "operation", "Update",
              "time", "2026-11-22T10:00:00Z",
              "fieldsType", "FieldsV1",
              "fieldsV1", object("f:metadata", fields)));
    }
    return managers;
  }

  private static List<Object> volumes() {
    List<Object> volumes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      volumes.add(
          object("name", "v" + i, "configMap", object("name", "c" + i, "defaultMode", 420)));
    }
    return volumes;
  }

  private static List<Object> conditions() {
    List<Object> conditions = new ArrayList<>();
    for (String type : List.of("Initialized", "Ready", "ContainersReady", "PodScheduled")) {
      conditions.add(
          object("type", type, "status", "True", "lastTransitionTime", "2026-11-22T10:00:05Z"));
    }
    return conditions;
  }
}
