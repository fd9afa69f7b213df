package io.seccompwatch.cluster;

import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real kube-apiserver on loopback with a fresh etcd, as {@code src/test/kubernetes/cluster}
 * starts them: RBAC, and a ServiceAccount with the agent's rights. There is no controller, no
 * scheduler and no kubelet: what they would write, the test writes as the administrator. Not
 * thread-safe.
 */
public final class ApiServerUnderTest implements AutoCloseable {

  private static final Path SCRIPT = Path.of("src", "test", "kubernetes", "cluster");

  private static final Path RIGHTS = SCRIPT.resolveSibling("rbac.yaml");

  /** Set to 1 where the tests must not be skipped. */
  private static final String REQUIRED = "TEST_REQUIRE_KUBERNETES";

  /** The script's exit code for a missing program. */
  private static final int CANNOT_BE_HAD = 3;

  private static final String ACCOUNT = "seccomp-watch";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process script;
  private final BufferedReader answers;
  private final Writer words;
  private final Path directory;
  private final Path errors;

  private ApiServerUnderTest(Process script, Path directory, Path errors) {
    this.script = script;
    this.answers = script.inputReader();
    this.words = script.outputWriter();
    this.directory = directory;
    this.errors = errors;
  }

  /**
   * Starts one in a new directory below the parent, and waits until it is ready. Where the programs
   * for it are missing the test is skipped, or fails when TEST_REQUIRE_KUBERNETES is 1.
   *
   * @param options more options of kube-apiserver
   */
  public static ApiServerUnderTest start(Path parent, String... options) throws IOException {
    Path directory = Files.createTempDirectory(parent, "cluster");
    Path errors = directory.resolveSibling(directory.getFileName() + ".stderr");
    List<String> command = new ArrayList<>(List.of(SCRIPT.toString(), directory.toString()));
    command.addAll(List.of(options));
    Process script = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    ApiServerUnderTest server = new ApiServerUnderTest(script, directory, errors);
    try {
      server.expect("ready");
    } catch (AssertionError e) {
      server.close();
      if (script.exitValue() == CANNOT_BE_HAD && !"1".equals(System.getenv(REQUIRED))) {
        abort(Files.readString(errors).strip());
      }
      throw e;
    }
    return server;
  }

  /** Ends the API server as an update of it does: watches are closed, then the connections. */
  public void stop() {
    tell("stop", "stopped");
  }

  /** Ends the API server without a word to its clients. */
  public void kill() {
    tell("kill", "stopped");
  }

  /** Starts it again at the same address with what it stored, and waits until it is ready. */
  public void startAgain() {
    tell("start", "ready");
  }

  /** {@code kubectl} as the administrator, who may do everything. */
  public Kubectl admin() {
    return new Kubectl(directory, "admin.kubeconfig");
  }

  /** {@code kubectl} as the agent's ServiceAccount. */
  public Kubectl agent() {
    return new Kubectl(directory, "agent.kubeconfig");
  }

  /** The administrator's configuration, for tools that do not come with the cluster. */
  public Path adminKubeconfig() {
    return directory.resolve("admin.kubeconfig");
  }

  /** The configuration for the agent's {@code --kubeconfig}: its token is read from a file. */
  public Path agentKubeconfig() {
    return directory.resolve("agent.kubeconfig");
  }

  /** The directory of token, ca.crt and namespace, as a pod has it mounted. */
  public Path serviceAccount() {
    return directory.resolve("serviceaccount");
  }

  /** Its address, with the scheme. */
  public URI address() {
    JsonNode config = admin().json("config", "view");
    return URI.create(config.at("/clusters/0/cluster/server").asText());
  }

  /** Requests with the agent's credentials, for what kubectl does not send. */
  public AgentRequests agentRequests() {
    return new AgentRequests(address().toString(), serviceAccount());
  }

  /**
   * Gives the agent another token, as the kubelet does from time to time; the old one stays good.
   */
  public void renewToken() throws IOException {
    Path renewed = serviceAccount().resolve("token.new");
    Files.writeString(renewed, admin().text("-n", ACCOUNT, "create", "token", ACCOUNT).strip());
    Files.move(
        renewed,
        serviceAccount().resolve("token"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Makes the tokens given so far worthless, as if they had expired. The server answers 401 to them
   * as soon as it has forgotten that they were good, after ten seconds at most
   * (tokenSuccessCacheTTL).
   */
  public void revokeTokens() {
    admin().text("-n", ACCOUNT, "delete", "serviceaccount", ACCOUNT);
    admin().text("-n", ACCOUNT, "create", "serviceaccount", ACCOUNT);
  }

  /** Gives the agent's account its rights back, whatever was taken from them. */
  public void giveRights() {
    admin().text("apply", "-f", RIGHTS.toString());
  }

  /** Makes a namespace. */
  public void createNamespace(String name) {
    admin().text("create", "namespace", name);
  }

  /** Makes a node, not that pods need one here. */
  public void createNode(String name) {
    ObjectNode node = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "Node");
    node.putObject("metadata").put("name", name);
    admin().textOf(node, "create", "-f", "-");
  }

  /** Makes pods and writes their status, as a kubelet does; gives them as the server has them. */
  public List<JsonNode> create(TestPod... pods) {
    ArrayNode items = JSON.createArrayNode();
    for (TestPod pod : pods) {
      items.add(pod.json());
    }
    admin().textOf(list(items), "create", "-f", "-");
    for (TestPod pod : pods) {
      addEphemeralContainers(pod);
    }
    return writeStatus(pods);
  }

  /** Writes the status that the pods have come to; gives them as the server has them. */
  public List<JsonNode> writeStatus(TestPod... pods) {
    ArrayNode items = JSON.createArrayNode();
    for (TestPod pod : pods) {
      items.add(pod.json());
    }
    JsonNode written =
        parse(
            admin()
                .textOf(list(items), "replace", "--subresource=status", "-o", "json", "-f", "-"));
    List<JsonNode> answers = new ArrayList<>();
    if (written.path("kind").asText().equals("List")) {
      written.get("items").forEach(answers::add);
    } else {
      answers.add(written);
    }
    return answers;
  }

  /** Removes a pod at once, as a kubelet does when its containers are gone. */
  public void delete(TestPod pod) {
    admin().text("-n", pod.namespace(), "delete", "pod", pod.name(), "--grace-period=0", "--force");
  }

  @Override
  public void close() {
    try {
      words.close();
      if (!script.waitFor(30, TimeUnit.SECONDS)) {
        script.destroyForcibly().waitFor();
        throw new AssertionError("does not end: " + state());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      script.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** What a failed wait may show: what the script said, and the end of the server's log. */
  public String state() {
    try {
      Path log = directory.resolve("apiserver.log");
      List<String> lines = Files.exists(log) ? Files.readAllLines(log) : List.of();
      List<String> end = lines.subList(Math.max(0, lines.size() - 20), lines.size());
      return Files.readString(errors) + "kube-apiserver's last lines:\n" + String.join("\n", end);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The one way to a container that was not there when the pod was made: its own subresource. */
  private void addEphemeralContainers(TestPod pod) {
    if (pod.ephemeralContainers().isEmpty()) {
      return;
    }
    String path = "/api/v1/namespaces/" + pod.namespace() + "/pods/" + pod.name();
    ObjectNode made = (ObjectNode) parse(admin().text("get", "--raw", path));
    ((ObjectNode) made.get("spec")).set("ephemeralContainers", pod.ephemeralContainers());
    admin().textOf(made, "replace", "--raw", path + "/ephemeralcontainers", "-f", "-");
  }

  private static ObjectNode list(ArrayNode items) {
    ObjectNode list = JSON.createObjectNode().put("apiVersion", "v1").put("kind", "List");
    list.set("items", items);
    return list;
  }

  private static JsonNode parse(String text) {
    return Kubectl.parse(text);
  }

  private void tell(String word, String answer) {
    try {
      words.write(word + "\n");
      words.flush();
    } catch (IOException e) {
      throw new AssertionError("the cluster has ended: " + state(), e);
    }
    expect(answer);
  }

  /** The script bounds its own waits, so that a line or its end comes. */
  private void expect(String answer) {
    try {
      String line = answers.readLine();
      if (!answer.equals(line)) {
        throw new AssertionError("expected " + answer + ", was told " + line + ": " + state());
      }
    } catch (IOException e) {
      throw new AssertionError("cannot read the cluster's answers: " + state(), e);
    }
  }
}
