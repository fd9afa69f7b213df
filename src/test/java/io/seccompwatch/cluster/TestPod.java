package io.seccompwatch.cluster;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A pod as a scheduler, a controller and a kubelet would have made it: bound to a node, owned, with
 * containers in given states. Changed in place; what the server has is not changed by it, see
 * {@link ApiServerUnderTest#create} and {@link ApiServerUnderTest#writeStatus}. Not thread-safe.
 */
public final class TestPod {

  private static final String IMAGE = "registry.example/app:1";

  /**
   * The lists of the specification that hold containers; their statuses' names are made of them.
   */
  private enum Sort {
    CONTAINER("containers", "containerStatuses"),
    INIT("initContainers", "initContainerStatuses"),
    EPHEMERAL("ephemeralContainers", "ephemeralContainerStatuses");

    private final String specs;
    private final String statuses;

    Sort(String specs, String statuses) {
      this.specs = specs;
      this.statuses = statuses;
    }
  }

  private record Container(
      Sort sort,
      ContainerState state,
      @Nullable String profileType,
      @Nullable String profile,
      boolean privileged) {

    private Container(
        Sort sort, ContainerState state, @Nullable String profileType, @Nullable String profile) {
      this(sort, state, profileType, profile, false);
    }

    private Container with(ContainerState newState) {
      return new Container(sort, newState, profileType, profile, privileged);
    }
  }

  private final String namespace;
  private final String name;
  private final ObjectNode metadata = JsonNodeFactory.instance.objectNode();
  private final ObjectNode spec = JsonNodeFactory.instance.objectNode();
  private final Map<String, Container> containers = new LinkedHashMap<>();
  private String phase = "Running";

  private TestPod(String namespace, String name, String node) {
    this.namespace = namespace;
    this.name = name;
    metadata.put("namespace", namespace).put("name", name);
    spec.put("nodeName", node);
  }

  /** A pod without containers yet; it needs one before it can be created. */
  public static TestPod on(String node, String namespace, String name) {
    return new TestPod(namespace, name, node);
  }

  /** Gives it a label. */
  public TestPod label(String key, String value) {
    metadata.withObjectProperty("labels").put(key, value);
    return this;
  }

  /** Gives it an annotation. */
  public TestPod annotation(String key, String value) {
    metadata.withObjectProperty("annotations").put(key, value);
    return this;
  }

  /** Gives it a controller, of v1 (a Node, of mirror pods), batch/v1 or apps/v1. */
  public TestPod owner(String kind, String owner) {
    metadata
        .withArrayProperty("ownerReferences")
        .addObject()
        .put("apiVersion", version(kind))
        .put("kind", kind)
        .put("name", owner)
        .put("uid", UUID.randomUUID().toString())
        .put("controller", true);
    return this;
  }

  private static String version(String kind) {
    return switch (kind) {
      case "Node" -> "v1";
      case "Job" -> "batch/v1";
      default -> "apps/v1";
    };
  }

  /** Asks for a seccomp profile for all of its containers. */
  public TestPod seccomp(String type, @Nullable String localhostProfile) {
    spec.withObjectProperty("securityContext").set("seccompProfile", ask(type, localhostProfile));
    return this;
  }

  /** Adds a container. */
  public TestPod container(String container, ContainerState state) {
    return add(container, new Container(Sort.CONTAINER, state, null, null));
  }

  /** Adds a container that asks for a seccomp profile of its own. */
  public TestPod container(
      String container, ContainerState state, String type, @Nullable String localhostProfile) {
    return add(container, new Container(Sort.CONTAINER, state, type, localhostProfile));
  }

  /** Adds a container that is privileged. */
  public TestPod privileged(String container, ContainerState state) {
    return add(container, new Container(Sort.CONTAINER, state, null, null, true));
  }

  /** Adds an init container. */
  public TestPod init(String container, ContainerState state) {
    return add(container, new Container(Sort.INIT, state, null, null));
  }

  /** Adds a container for debugging, which is put into the pod after its creation. */
  public TestPod ephemeral(String container, ContainerState state) {
    return add(container, new Container(Sort.EPHEMERAL, state, null, null));
  }

  /** The container comes to another state. */
  public TestPod now(String container, ContainerState state) {
    if (containers.computeIfPresent(container, (any, had) -> had.with(state)) == null) {
      throw new IllegalArgumentException("no container " + container + " in " + name);
    }
    return this;
  }

  /** The pod comes to another phase; it is Running at first. */
  public TestPod phase(String newPhase) {
    this.phase = newPhase;
    return this;
  }

  /** The pod's name. */
  public String name() {
    return name;
  }

  /** The pod's namespace. */
  public String namespace() {
    return namespace;
  }

  /**
   * The manifest with its status, but without the containers for debugging in its specification.
   */
  ObjectNode json() {
    ObjectNode pod = JsonNodeFactory.instance.objectNode();
    pod.put("apiVersion", "v1").put("kind", "Pod");
    pod.set("metadata", metadata.deepCopy());
    ObjectNode whole = spec.deepCopy();
    ObjectNode status = pod.putObject("status").put("phase", phase);
    containers.forEach(
        (container, it) -> {
          if (it.sort() != Sort.EPHEMERAL) {
            whole.withArrayProperty(it.sort().specs).add(specification(container, it));
          }
          status.withArrayProperty(it.sort().statuses).add(it.state().status(container, IMAGE));
        });
    pod.set("spec", whole);
    return pod;
  }

  /** The specifications of its containers for debugging. */
  ArrayNode ephemeralContainers() {
    ArrayNode specifications = JsonNodeFactory.instance.arrayNode();
    containers.forEach(
        (container, it) -> {
          if (it.sort() == Sort.EPHEMERAL) {
            specifications.add(specification(container, it));
          }
        });
    return specifications;
  }

  private TestPod add(String container, Container it) {
    if (containers.putIfAbsent(container, it) != null) {
      throw new IllegalArgumentException("two containers " + container + " in " + name);
    }
    return this;
  }

  private static ObjectNode specification(String container, Container it) {
    ObjectNode specification = JsonNodeFactory.instance.objectNode();
    specification.put("name", container).put("image", IMAGE);
    if (it.profileType() != null) {
      specification
          .putObject("securityContext")
          .set("seccompProfile", ask(it.profileType(), it.profile()));
    }
    if (it.privileged()) {
      specification.withObjectProperty("securityContext").put("privileged", true);
    }
    return specification;
  }

  private static ObjectNode ask(String type, @Nullable String localhostProfile) {
    ObjectNode profile = JsonNodeFactory.instance.objectNode().put("type", type);
    if (localhostProfile != null) {
      profile.put("localhostProfile", localhostProfile);
    }
    return profile;
  }
}
