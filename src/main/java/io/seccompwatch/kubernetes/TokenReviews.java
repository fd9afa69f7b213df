package io.seccompwatch.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.violation.JsonEscapes;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Asks the API server who a bearer token belongs to ({@code TokenReview} of {@code
 * authentication.k8s.io/v1}) and whether they may get a path ({@code SubjectAccessReview} of {@code
 * authorization.k8s.io/v1}), as the API server's own delegating authorizers do. Thread-safe.
 */
public final class TokenReviews {

  private static final String WHO = "/apis/authentication.k8s.io/v1/tokenreviews";
  private static final String MAY = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

  /** Of each of the two requests, of which a scrape waits for both. */
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  /** What the API server said. */
  public enum Answer {
    /** The token's account may. */
    ALLOWED,
    /** The token is nobody's. */
    UNKNOWN_TOKEN,
    /** The token's account may not. */
    FORBIDDEN,
    /** Nothing, or nothing that can be understood. */
    NONE
  }

  /** Whom a token belongs to. */
  private record User(
      @Nullable String name,
      @Nullable String uid,
      List<String> groups,
      Map<String, List<String>> extra) {}

  private interface Fields {
    void write(JsonGenerator to) throws IOException;
  }

  /** What a review says, as it is read. */
  private static final class Status {
    private boolean yes;
    private boolean no;
    private @Nullable String name;
    private @Nullable String uid;
    private final List<String> groups = new ArrayList<>();
    private final Map<String, List<String>> extra = new LinkedHashMap<>();
  }

  private final JsonFactory json = JsonEscapes.factory().build();
  private final ApiServer server;
  private final AtomicReference<@Nullable String> problem = new AtomicReference<>();

  /** Reviews by this API server. */
  public TokenReviews(ApiServer server) {
    this.server = server;
  }

  /** Why the API server could not be asked the last time; null when it could. */
  public @Nullable String problem() {
    return problem.get();
  }

  /**
   * Whether a token's account may get a path.
   *
   * @param path a path of this agent's, which the account's role has as a {@code nonResourceURL}
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  public Answer mayGet(String token, String path) throws InterruptedException {
    try {
      Answer answer = ask(token, path);
      problem.set(null);
      return answer;
    } catch (IOException e) {
      problem.set(String.valueOf(e.getMessage()));
      return Answer.NONE;
    }
  }

  private Answer ask(String token, String path) throws IOException, InterruptedException {
    Status who =
        review(
            WHO,
            "authentication.k8s.io/v1",
            "TokenReview",
            "authenticated",
            to -> to.writeStringField("token", token));
    if (!who.yes || who.name == null || who.name.isEmpty()) {
      return Answer.UNKNOWN_TOKEN;
    }
    User user = new User(who.name, who.uid, who.groups, who.extra);
    Status may =
        review(
            MAY,
            "authorization.k8s.io/v1",
            "SubjectAccessReview",
            "allowed",
            to -> write(user, path, to));
    return may.yes && !may.no ? Answer.ALLOWED : Answer.FORBIDDEN;
  }

  private Status review(String path, String version, String kind, String verdict, Fields spec)
      throws IOException, InterruptedException {
    ByteArrayOutputStream body = new ByteArrayOutputStream(2_048);
    try (JsonGenerator to = json.createGenerator(body)) {
      to.writeStartObject();
      to.writeStringField("apiVersion", version);
      to.writeStringField("kind", kind);
      to.writeObjectFieldStart("spec");
      spec.write(to);
      to.writeEndObject();
      to.writeEndObject();
    }
    ApiServer.Answer answer =
        server.send("POST", path, "application/json", body.toByteArray(), TIMEOUT);
    if (!answer.ok()) {
      ApiStatus status = ApiStatus.read(json, answer.body());
      String said = status.message() == null ? status.reason() : status.message();
      throw new IOException(kind + ": HTTP " + answer.status() + (said == null ? "" : ": " + said));
    }
    return read(kind, answer.body(), verdict);
  }

  private static void write(User user, String path, JsonGenerator to) throws IOException {
    to.writeStringField("user", user.name());
    if (user.uid() != null) {
      to.writeStringField("uid", user.uid());
    }
    to.writeArrayFieldStart("groups");
    for (String group : user.groups()) {
      to.writeString(group);
    }
    to.writeEndArray();
    to.writeObjectFieldStart("extra");
    for (Map.Entry<String, List<String>> extra : user.extra().entrySet()) {
      to.writeArrayFieldStart(extra.getKey());
      for (String value : extra.getValue()) {
        to.writeString(value);
      }
      to.writeEndArray();
    }
    to.writeEndObject();
    to.writeObjectFieldStart("nonResourceAttributes");
    to.writeStringField("path", path);
    to.writeStringField("verb", "get");
    to.writeEndObject();
  }

  /** What a parser says may quote what it read, a token among it: only that it failed is told. */
  private static Status read(String kind, String body, String verdict) throws IOException {
    Status status = new Status();
    boolean[] seen = new boolean[1];
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    try (JsonWalk walk = new JsonWalk(new ByteArrayInputStream(bytes))) {
      if (walk.next()) {
        walk.fields(
            field -> {
              if (field.equals("status")) {
                seen[0] = walk.atObject();
                walk.fields(name -> readStatus(walk, name, verdict, status));
              } else {
                walk.skip();
              }
            });
      }
    } catch (IOException e) {
      throw new IOException(kind + ": the answer is no JSON, or too long", e);
    }
    if (!seen[0]) {
      throw new IOException(kind + ": the answer has no status");
    }
    return status;
  }

  private static void readStatus(JsonWalk walk, String name, String verdict, Status status)
      throws IOException {
    if (name.equals(verdict)) {
      status.yes = walk.isTrue();
    } else if (name.equals("denied")) {
      status.no = walk.isTrue();
    } else if (name.equals("user")) {
      walk.fields(field -> readUser(walk, field, status));
    } else {
      walk.skip();
    }
  }

  private static void readUser(JsonWalk walk, String field, Status status) throws IOException {
    switch (field) {
      case "username" -> status.name = walk.text();
      case "uid" -> status.uid = walk.text();
      case "groups" -> walk.items(() -> add(walk.text(), status.groups));
      case "extra" ->
          walk.fields(
              key -> {
                List<String> values = new ArrayList<>();
                walk.items(() -> add(walk.text(), values));
                status.extra.put(key, values);
              });
      default -> walk.skip();
    }
  }

  private static void add(@Nullable String text, List<String> to) {
    if (text != null) {
      to.add(text);
    }
  }
}
