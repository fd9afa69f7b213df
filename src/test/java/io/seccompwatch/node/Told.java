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
    @Nullable String containerId,
    Names names) {

  /**
   * What Kubernetes calls it.
   *
   * @param owner the owner's kind and name, {@code Deployment/api}
   * @param profile the profile's type and, for a local one, its path: {@code Localhost a.json}
   */
  record Names(
      @Nullable String namespace,
      @Nullable String pod,
      @Nullable String container,
      @Nullable String image,
      @Nullable String owner,
      @Nullable String profile) {

    /** Of what Kubernetes does not know. */
    static final Names NONE = new Names(null, null, null, null, null, null);

    private static Names of(JsonNode workload) {
      return new Names(
          text(workload, "/namespace"),
          text(workload, "/pod"),
          text(workload, "/container"),
          text(workload, "/image"),
          joined("/", text(workload, "/owner/kind"), text(workload, "/owner/name")),
          joined(
              " ", text(workload, "/profile/type"), text(workload, "/profile/localhostProfile")));
    }

    private static @Nullable String joined(
        String by, @Nullable String first, @Nullable String second) {
      return first == null || second == null ? first : first + by + second;
    }
  }

  /** The audit id's number, which grows from record to record. */
  long serial() {
    return Long.parseLong(auditId.substring(auditId.indexOf(':') + 1));
  }

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
        text(json, "/workload/containerId"),
        Names.of(json.path("workload")));
  }

  private static @Nullable String text(JsonNode json, String pointer) {
    JsonNode value = json.at(pointer);
    return value.isTextual() ? value.asText() : null;
  }
}
