package io.seccompwatch.config;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** This node's name in Kubernetes. */
public final class NodeName {

  private NodeName() {}

  /**
   * The name that was given, or outside a pod the host's; null when it is not known. In a pod the
   * host's name is the pod's: better none than that.
   */
  public static @Nullable String of(AgentConfig config, Map<String, String> environment) {
    if (config.nodeName() != null || environment.containsKey("KUBERNETES_SERVICE_HOST")) {
      return config.nodeName();
    }
    try {
      return Files.readString(config.proc().resolve("sys/kernel/hostname")).strip();
    } catch (IOException e) {
      return null;
    }
  }
}
