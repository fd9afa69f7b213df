package io.seccompwatch.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.seccompwatch.violation.JsonEscapes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;

/**
 * Asks the API server what the agent may do, without doing it: a {@code SelfSubjectAccessReview} of
 * {@code authorization.k8s.io/v1}, which the role {@code system:basic-user} lets everybody create.
 * Thread-safe.
 */
public final class AccessReview {

  private static final String PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /** What the server said. */
  public enum Answer {
    YES,
    NO,
    /** Nothing, or nothing that can be understood. */
    UNKNOWN
  }

  /**
   * An answer.
   *
   * @param why the server's reason, or why it is not known; may be empty
   */
  public record Result(Answer answer, String why) {}

  private final JsonFactory json = JsonEscapes.factory().build();
  private final ApiServer server;

  /** Reviews by this API server. */
  public AccessReview(ApiServer server) {
    this.server = server;
  }

  /**
   * Whether the agent's account may do this in every namespace.
   *
   * @param group the API group; empty for the core
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  public Result may(String verb, String group, String resource) throws InterruptedException {
    try {
      ApiServer.Answer answer =
          server.send("POST", PATH, "application/json", review(verb, group, resource), TIMEOUT);
      return answer.ok() ? allowed(answer.body()) : refused(answer);
    } catch (IOException e) {
      return new Result(Answer.UNKNOWN, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Whether any pod is bound to a node of this name.
   *
   * @param node a DNS-1123 subdomain, which needs no escaping
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  public Result hasPods(String node) throws InterruptedException {
    String path = "/api/v1/pods?limit=1&fieldSelector=spec.nodeName%3D" + node;
    try {
      ApiServer.Answer answer = server.send("GET", path, null, new byte[0], TIMEOUT);
      return answer.ok()
          ? new Result(hasItem(answer.body()) ? Answer.YES : Answer.NO, "")
          : refused(answer);
    } catch (IOException e) {
      return new Result(Answer.UNKNOWN, String.valueOf(e.getMessage()));
    }
  }

  private byte[] review(String verb, String group, String resource) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try (JsonGenerator to = json.createGenerator(body)) {
      to.writeStartObject();
      to.writeStringField("apiVersion", "authorization.k8s.io/v1");
      to.writeStringField("kind", "SelfSubjectAccessReview");
      to.writeObjectFieldStart("spec");
      to.writeObjectFieldStart("resourceAttributes");
      to.writeStringField("verb", verb);
      to.writeStringField("group", group);
      to.writeStringField("resource", resource);
      to.writeEndObject();
      to.writeEndObject();
      to.writeEndObject();
    }
    return body.toByteArray();
  }

  private Result allowed(String body) {
    Answer answer = Answer.UNKNOWN;
    String why = "";
    try (JsonParser parser = json.createParser(body)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token.isScalarValue()) {
          switch (parser.getParsingContext().pathAsPointer().toString()) {
            case "/status/allowed" ->
                answer = token == JsonToken.VALUE_TRUE ? Answer.YES : Answer.NO;
            case "/status/reason" -> why = parser.getText();
            default -> {
              // The question, repeated
            }
          }
        }
      }
    } catch (IOException e) {
      return new Result(Answer.UNKNOWN, "the answer is no JSON");
    }
    return new Result(answer, why);
  }

  /** Whether the list holds an item; a body that was cut after its beginning says so, too. */
  private boolean hasItem(String body) {
    try (JsonParser parser = json.createParser(body)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.START_OBJECT
            && parser.getParsingContext().pathAsPointer().toString().equals("/items/0")) {
          return true;
        }
      }
    } catch (IOException e) {
      return false;
    }
    return false;
  }

  private Result refused(ApiServer.Answer answer) {
    ApiStatus status = ApiStatus.read(json, answer.body());
    String said = status.message() == null ? status.reason() : status.message();
    return new Result(
        Answer.UNKNOWN, "HTTP " + answer.status() + (said == null ? "" : ": " + said));
  }
}
