package io.seccompwatch.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.seccompwatch.cluster.ApiServerUnderTest;
import io.seccompwatch.cluster.ContainerState;
import io.seccompwatch.cluster.TestPod;
import io.seccompwatch.node.OciContainer.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A node of a real cluster: an API server, an auditd, and containers in the cgroups of pods that
 * the server knows. What a kubelet does, the test does, in the same order: a pod is there, its
 * container is created and started, and then its status is written.
 */
final class KubernetesNode implements AutoCloseable {

  /** The node's name. */
  static final String NAME = "n1";

  /** The namespace of the tests' pods. */
  static final String NAMESPACE = "prod";

  /** The call of the machine's own ABI that {@link #denying} denies. */
  static final String DENIED = "163";

  /** A call that {@link #denying} allows and logs. */
  static final String LOGGED = "250";

  private static final String ACCOUNT = "system:serviceaccount:seccomp-watch:seccomp-watch";

  /** The API server writes down what the agent asks for, and nothing of others. */
  private static final String AUDIT_POLICY =
      """
      apiVersion: audit.k8s.io/v1
      kind: Policy
      rules:
        - level: Metadata
          users: ["%s"]
          omitStages: [RequestReceived]
        - level: None
      """
          .formatted(ACCOUNT);

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A request of the agent's, as the API server has it in its own audit log.
   *
   * @param what verb and resource, {@code list pods}
   * @param uri path and query
   * @param code the HTTP status
   */
  record Asked(String what, String uri, int code) {

    private static Asked of(String line) {
      try {
        JsonNode event = JSON.readTree(line);
        return new Asked(
            event.path("verb").asText() + " " + event.at("/objectRef/resource").asText(),
            event.path("requestURI").asText(),
            event.at("/responseStatus/code").asInt());
      } catch (IOException e) {
        throw new AssertionError("the API server's audit log has no JSON: " + line, e);
      }
    }
  }

  private final Path directory;
  private final ApiServerUnderTest server;
  private final Auditd auditd;

  private KubernetesNode(Path directory, ApiServerUnderTest server, Auditd auditd) {
    this.directory = directory;
    this.server = server;
    this.auditd = auditd;
  }

  /** Starts the API server and auditd, or skips the test where they cannot be had. */
  static KubernetesNode start(Path directory) throws IOException {
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    Engine.RUNC.isNeeded();
    Engine.CRUN.isNeeded();
    Agent.needsDistribution();
    Path policy = directory.resolve("audit-policy.yaml");
    Files.writeString(policy, AUDIT_POLICY);
    ApiServerUnderTest server =
        ApiServerUnderTest.start(
            directory,
            "--allow-privileged=true",
            "--audit-policy-file=" + policy,
            "--audit-log-path=" + directory.resolve("api-audit.log"));
    try {
      server.createNamespace(NAMESPACE);
      return new KubernetesNode(directory, server, Auditd.start(directory, Auditd.Format.RAW));
    } catch (AssertionError | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** Denies {@link #DENIED} with an error and tells the kernel's log, and logs {@link #LOGGED}. */
  static Filter denying() {
    return Filter.allowing().but("SCMP_ACT_ERRNO", "acct").but("SCMP_ACT_LOG", "keyctl").telling();
  }

  /** A pod of this node, without containers yet. */
  static TestPod pod(String name) {
    return TestPod.on(NAME, NAMESPACE, name);
  }

  /** The state of a container that has been started, as containerd's kubelet reports it. */
  static ContainerState running(OciContainer container) {
    return ContainerState.running(id(container));
  }

  /** The container's id as the kubelet reports it. */
  static String id(OciContainer container) {
    return "containerd://" + container.id();
  }

  ApiServerUnderTest server() {
    return server;
  }

  /** Starts an agent in this cluster and waits until it watches and knows the node's pods. */
  Agent agent(String... arguments) throws IOException {
    Agent agent = agentWithoutPods(arguments);
    try {
      awaitReady(agent);
      return agent;
    } catch (AssertionError e) {
      agent.close();
      throw e;
    }
  }

  /** The same but for the pods: the API server may not be there. */
  Agent agentWithoutPods(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--kubernetes", "required", "--node-name", NAME));
    all.addAll(List.of("--kubeconfig", server.agentKubeconfig().toString()));
    all.addAll(List.of(arguments));
    return agentOf(List.of(), all);
  }

  /** A doctor that asks the API server as the agent does. */
  DoctorRun doctor(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--kubernetes", "required", "--node-name", NAME));
    all.addAll(List.of("--kubeconfig", server.agentKubeconfig().toString()));
    all.addAll(List.of(arguments));
    return DoctorRun.through(directory, List.of(), all.toArray(String[]::new));
  }

  /** An agent that is told nothing of the cluster, through a command that executes it. */
  Agent agentOf(List<String> prefix, List<String> arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--source", auditd.source(), "--from", "end"));
    all.addAll(arguments);
    return Agent.startInCluster(directory, prefix, all.toArray(String[]::new));
  }

  /** Waits until the agent says that it is ready. */
  static void awaitReady(Agent agent) {
    Await.until(
        "the agent is ready",
        Await.PATIENCE,
        () -> agent.page("/readyz").statusCode() == 200,
        agent::state);
  }

  /** Gives the pod to the API server, and says the UID that it was given. */
  String create(TestPod pod) {
    return server.create(pod).getFirst().at("/metadata/uid").asText();
  }

  /** Writes the pod's status. */
  void report(TestPod pod) {
    server.writeStatus(pod);
  }

  /** Creates a container in the pod's cgroup; its program waits to be started. */
  OciContainer container(String podUid, Filter filter, String... steps) throws IOException {
    return OciContainer.inPod(podUid, Engine.CRUN, directory, filter, steps);
  }

  /** A container of {@link #denying} that makes one call that is denied, and stays. */
  OciContainer denied(String podUid) throws IOException {
    return container(podUid, denying(), DENIED, "pause");
  }

  /** The Events of a pod, as {@code kubectl} reads them. */
  List<JsonNode> events(TestPod pod) {
    List<JsonNode> events = new ArrayList<>();
    for (JsonNode event :
        server.admin().json("-n", pod.namespace(), "get", "events.events.k8s.io").get("items")) {
      if (event.at("/regarding/name").asText().equals(pod.name())) {
        events.add(event);
      }
    }
    return events;
  }

  /** What agents have asked the API server for so far. */
  List<Asked> asked() {
    return Command.text(directory.resolve("api-audit.log")).lines().map(Asked::of).toList();
  }

  @Override
  public void close() {
    auditd.close();
    server.close();
  }
}
