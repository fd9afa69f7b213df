package io.seccompwatch.kubernetes;

import java.nio.file.Path;

/** How the API server is reached. Immutable. */
public sealed interface ApiAccess {

  /**
   * With the account of the agent's own pod.
   *
   * @param host the API server's address or name
   * @param port its port
   * @param account the directory with {@code token} and {@code ca.crt}, which the kubelet renews
   */
  record InCluster(String host, String port, Path account) implements ApiAccess {
    @Override
    public String toString() {
      String shown = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
      return "service account at https://" + shown + ":" + port;
    }
  }

  /**
   * With a kubeconfig's current context.
   *
   * @param file the kubeconfig
   */
  record Kubeconfig(Path file) implements ApiAccess {
    @Override
    public String toString() {
      return "kubeconfig " + file;
    }
  }
}
