package io.seccompwatch.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.publish.EventsApi;
import io.seccompwatch.violation.JsonEscapes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Events as the API server takes them. Which fields it wants and which it forbids is in its {@code
 * pkg/apis/core/validation/events.go}. Thread-safe.
 */
public final class EventsClient implements EventsApi {

  /** Who reports: a qualified name without a domain, as the kubelet and the scheduler have. */
  static final String CONTROLLER = "seccomp-watch";

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int LONGEST_NAMESPACE = 63;

  /** {@code metav1.RFC3339Micro}: the server's parser insists on six digits. */
  private static final DateTimeFormatter MICRO_TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private interface Fields {
    void write(JsonGenerator to) throws IOException;
  }

  private final JsonFactory json = JsonEscapes.factory().build();
  private final ApiServer server;

  /** Events by way of this API server. */
  public EventsClient(ApiServer server) {
    this.server = server;
  }

  @Override
  public Result create(NewEvent event) throws InterruptedException {
    String namespace = event.regarding().namespace();
    if (!isNamespace(namespace)) {
      return new Invalid("the name of the namespace is none");
    }
    return send("POST", path(namespace), "application/json", to -> write(event, to));
  }

  @Override
  public Result patch(String namespace, String name, Series series) throws InterruptedException {
    if (!isNamespace(namespace)) {
      return new Invalid("the name of the namespace is none");
    }
    return send(
        "PATCH",
        path(namespace) + "/" + name,
        "application/merge-patch+json",
        to -> write(series, to));
  }

  /** A DNS-1123 label, which needs no escaping in a path. */
  private static boolean isNamespace(String namespace) {
    return !namespace.isEmpty()
        && namespace.length() <= LONGEST_NAMESPACE
        && namespace
            .chars()
            .allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
  }

  private static String path(String namespace) {
    return "/apis/events.k8s.io/v1/namespaces/" + namespace + "/events";
  }

  private Result send(String method, String path, String contentType, Fields fields)
      throws InterruptedException {
    try {
      byte[] body = body(fields);
      return result(server.send(method, path, contentType, body, TIMEOUT));
    } catch (IOException e) {
      String message = e.getMessage();
      return new Unavailable(
          "no answer: " + (message == null ? "the connection failed" : message), null);
    }
  }

  private byte[] body(Fields fields) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream(1_024);
    try (JsonGenerator to = json.createGenerator(body)) {
      to.writeStartObject();
      fields.write(to);
      to.writeEndObject();
    }
    return body.toByteArray();
  }

  private static void write(NewEvent event, JsonGenerator to) throws IOException {
    Pod pod = event.regarding();
    to.writeStringField("apiVersion", "events.k8s.io/v1");
    to.writeStringField("kind", "Event");
    to.writeObjectFieldStart("metadata");
    to.writeStringField("name", event.name());
    to.writeStringField("namespace", pod.namespace());
    to.writeEndObject();
    to.writeStringField("eventTime", MICRO_TIME.format(event.eventTime()));
    to.writeStringField("reportingController", CONTROLLER);
    to.writeStringField("reportingInstance", event.reportingInstance());
    to.writeStringField("type", "Warning");
    to.writeStringField("reason", event.reason());
    to.writeStringField("action", event.action());
    to.writeStringField("note", event.note());
    to.writeObjectFieldStart("regarding");
    to.writeStringField("apiVersion", "v1");
    to.writeStringField("kind", "Pod");
    to.writeStringField("namespace", pod.namespace());
    to.writeStringField("name", pod.name());
    to.writeStringField("uid", pod.uid());
    if (pod.fieldPath() != null) {
      to.writeStringField("fieldPath", pod.fieldPath());
    }
    to.writeEndObject();
    if (event.series() != null) {
      write(event.series(), to);
    }
  }

  private static void write(Series series, JsonGenerator to) throws IOException {
    Instant last = series.lastObserved();
    to.writeObjectFieldStart("series");
    to.writeNumberField("count", series.count());
    to.writeStringField("lastObservedTime", MICRO_TIME.format(last));
    to.writeEndObject();
  }

  private Result result(ApiServer.Answer answer) {
    if (answer.ok()) {
      return new Done();
    }
    Duration retryAfter = answer.retryAfter();
    ApiStatus status = ApiStatus.read(json, answer.body());
    String message = message(answer.status(), status);
    return switch (answer.status()) {
      case 403 ->
          status.hasCause("NamespaceTerminating")
              ? new NamespaceTerminating()
              : new Forbidden(message);
      // What answers without a Status is no API server, or one that does not know this API
      case 404 ->
          status.isStatus()
              ? new NotFound()
              : new Unavailable(message + ": events.k8s.io/v1 is not served", retryAfter);
      case 409 ->
          "AlreadyExists".equals(status.reason())
              ? new AlreadyExists()
              : new Unavailable(message, retryAfter);
      case 400, 405, 406, 413, 415, 422 -> new Invalid(message);
      case 429 -> new Throttled(retryAfter);
      default -> new Unavailable(message, retryAfter);
    };
  }

  private static String message(int code, ApiStatus status) {
    @Nullable String said = status.message() == null ? status.reason() : status.message();
    return said == null ? "HTTP " + code : "HTTP " + code + ": " + said;
  }
}
