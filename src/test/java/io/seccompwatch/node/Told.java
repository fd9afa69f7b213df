package io.seccompwatch.node;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** A violation as the agent told it: what the tests look at of its JSON line. */
record Told(
    String auditId,
    String source,
    String verdict,
    String action,
    String code,
    int signal,
    String arch,
    int number,
    @Nullable String syscall,
    long pid,
    String comm,
    String exe,
    String outcome,
    @Nullable String by,
    @Nullable String reason,
    @Nullable String podUid,
    @Nullable String containerId) {

  static Told of(JsonNode json) {
    if (!json.path("schema").asText().equals("seccomp-watch/v1")) {
      throw new AssertionError("not of this schema: " + json);
    }
    return new Told(
        json.at("/auditId").asText(),
        json.at("/source").asText(),
        json.at("/verdict").asText(),
        json.at("/action").asText(),
        json.at("/code").asText(),
        json.at("/signal").asInt(-1),
        json.at("/arch").asText(),
        json.at("/syscall/number").asInt(-1),
        text(json, "/syscall/name"),
        json.at("/process/pid").asLong(-1),
        json.at("/process/comm").asText(),
        json.at("/process/exe").asText(),
        json.at("/attribution/outcome").asText(),
        text(json, "/attribution/by"),
        text(json, "/attribution/reason"),
        text(json, "/workload/podUid"),
        text(json, "/workload/containerId"));
  }

  private static @Nullable String text(JsonNode json, String pointer) {
    JsonNode value = json.at(pointer);
    return value.isTextual() ? value.asText() : null;
  }
}
