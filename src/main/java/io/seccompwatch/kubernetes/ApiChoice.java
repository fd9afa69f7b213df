package io.seccompwatch.kubernetes;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Whether pods are read from the API server, how, and why. */
public sealed interface ApiChoice {

  /** Where the kubelet mounts a pod's account. */
  Path SERVICE_ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  /**
   * They are read.
   *
   * @param access how the API server is reached
   * @param nodeName whose pods are read
   * @param why in words
   */
  record On(ApiAccess access, String nodeName, String why) implements ApiChoice {}

  /** They are not read, for a reason in words. */
  record Off(String why) implements ApiChoice {}

  /** They must be read and cannot be. */
  record Impossible(String problem, String remedy) implements ApiChoice {}

  /**
   * Decides for {@code --kubernetes auto} or {@code required}.
   *
   * @param required whether to do without is an error
   * @param kubeconfig the file that was given; null when none was
   * @param environment the process's environment
   * @param account where a pod's account is mounted, {@link #SERVICE_ACCOUNT}
   * @param nodeName this node's name; null when it is not known
   */
  static ApiChoice of(
      boolean required,
      @Nullable Path kubeconfig,
      Map<String, String> environment,
      Path account,
      @Nullable String nodeName) {
    String host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
    String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "443");
    ApiAccess access;
    if (kubeconfig != null) {
      access = new ApiAccess.Kubeconfig(kubeconfig);
    } else if (host.isEmpty()) {
      return without(
          required, "neither in a pod nor a kubeconfig was given", "give --kubeconfig FILE");
    } else if (!Files.isReadable(account.resolve("token"))) {
      return without(
          required,
          "in a pod without an account: no " + account.resolve("token"),
          "let the pod's service account be mounted, or give --kubeconfig FILE");
    } else {
      access = new ApiAccess.InCluster(host, port, account);
    }
    if (nodeName == null || nodeName.isBlank()) {
      return without(
          required,
          "the node's name is not known",
          "give --node-name, spec.nodeName of the pod in a cluster");
    }
    return new On(access, nodeName, access.toString());
  }

  /** Where a pod's account is mounted; the variable is the Kubernetes client's own. */
  static Path account(Map<String, String> environment) {
    String token = environment.get("KUBERNETES_AUTH_SERVICEACCOUNT_TOKEN");
    Path directory = token == null ? null : Path.of(token).toAbsolutePath().getParent();
    return directory == null ? SERVICE_ACCOUNT : directory;
  }

  private static ApiChoice without(boolean required, String problem, String remedy) {
    return required ? new Impossible(problem, remedy) : new Off(problem + ": " + remedy);
  }
}
