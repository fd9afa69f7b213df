package io.seccompwatch.cluster;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * What a kubelet would report of a container. Immutable.
 *
 * @param kind running, terminated or waiting
 * @param containerId with its runtime, {@code containerd://…}; null before the first creation
 * @param exitCode of a terminated one
 * @param reason of a waiting one
 * @param last how the container ended before, when it was restarted
 */
public record ContainerState(
    Kind kind,
    @Nullable String containerId,
    int exitCode,
    String reason,
    @Nullable ContainerState last) {

  /** The three states of the API, by its names. */
  public enum Kind {
    RUNNING,
    TERMINATED,
    WAITING
  }

  private static final String SINCE = "2026-11-22T10:00:00Z";
  private static final String UNTIL = "2026-11-22T10:00:01Z";

  /** It runs. */
  public static ContainerState running(String containerId) {
    return new ContainerState(Kind.RUNNING, containerId, 0, "", null);
  }

  /** It has ended. */
  public static ContainerState terminated(String containerId, int exitCode) {
    return new ContainerState(Kind.TERMINATED, containerId, exitCode, "", null);
  }

  /** It was never created. */
  public static ContainerState waiting(String reason) {
    return new ContainerState(Kind.WAITING, null, 0, reason, null);
  }

  /** It waits to be restarted; the status keeps the id of the one that ended. */
  public static ContainerState crashed(String containerId, int exitCode) {
    return new ContainerState(Kind.WAITING, containerId, 0, "CrashLoopBackOff", null)
        .after(terminated(containerId, exitCode));
  }

  /** The same, restarted after another one ended. */
  public ContainerState after(ContainerState ended) {
    return new ContainerState(kind, containerId, exitCode, reason, ended);
  }

  /** The element of {@code containerStatuses}. */
  ObjectNode status(String name, String image) {
    ObjectNode status = JsonNodeFactory.instance.objectNode().put("name", name);
    status.put("image", image).put("imageID", "").put("ready", kind == Kind.RUNNING);
    status.put("restartCount", last == null ? 0 : 1);
    if (containerId != null) {
      status.put("containerID", containerId);
    }
    status.set("state", state());
    if (last != null) {
      status.set("lastState", last.state());
    }
    return status;
  }

  private ObjectNode state() {
    ObjectNode state = JsonNodeFactory.instance.objectNode();
    switch (kind) {
      case RUNNING -> state.putObject("running").put("startedAt", SINCE);
      case WAITING -> state.putObject("waiting").put("reason", reason);
      case TERMINATED ->
          state
              .putObject("terminated")
              .put("containerID", containerId)
              .put("exitCode", exitCode)
              .put("reason", exitCode == 0 ? "Completed" : "Error")
              .put("startedAt", SINCE)
              .put("finishedAt", UNTIL);
    }
    return state;
  }
}
