package io.seccompwatch.node;

import static io.seccompwatch.cluster.ContainerState.waiting;
import static io.seccompwatch.node.KubernetesNode.pod;
import static io.seccompwatch.node.KubernetesNode.running;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.cluster.TestPod;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The agent as a pod starts it: nobody tells it where the API server is. */
@Tag("node")
@Tag("kubernetes")
@ExtendWith(KernelTurn.class)
class InClusterTest {

  /** A /run of its own with the account's directory where a kubelet mounts it. */
  private static final String AS_IN_A_POD =
      """
      account=$1 host=$2 port=$3
      shift 3
      mount -t tmpfs none /run
      mkdir -p /run/secrets/kubernetes.io/serviceaccount
      mount --bind "$account" /run/secrets/kubernetes.io/serviceaccount
      export KUBERNETES_SERVICE_HOST="$host" KUBERNETES_SERVICE_PORT="$port" HOME=/nonexistent
      unset KUBECONFIG
      exec "$@"
      """;

  @Test
  void finds_the_api_server_by_its_pods_account(@TempDir Path directory) throws Exception {
    try (KubernetesNode node = KubernetesNode.start(directory)) {
      URI address = node.server().address();
      List<String> inPod =
          List.of(
              "unshare",
              "--mount",
              "sh",
              "-ec",
              AS_IN_A_POD,
              "in-a-pod",
              node.server().serviceAccount().toAbsolutePath().toString(),
              address.getHost(),
              Integer.toString(address.getPort()));
      TestPod pod = pod("api").container("app", waiting("ContainerCreating"));
      String uid = node.create(pod);
      try (Agent agent = node.agentOf(inPod, List.of("--node-name", KubernetesNode.NAME));
          OciContainer container = node.denied(uid).start()) {
        KubernetesNode.awaitReady(agent);
        assertThat(agent.json("/api/v1/status").at("/kubernetes/on").asBoolean()).isTrue();
        node.report(pod.now("app", running(container)));
        Told told = agent.awaitViolation(container, any -> true);
        assertThat(told.names().pod()).isEqualTo("api");
        assertThat(told.names().container()).isEqualTo("app");
      }
      assertThat(node.asked()).isNotEmpty().allMatch(asked -> asked.code() < 300);
    }
  }
}
