package io.seccompwatch.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.EventsApi;
import io.seccompwatch.publish.EventsApi.NewEvent;
import io.seccompwatch.publish.EventsApi.Pod;
import io.seccompwatch.publish.EventsApi.Result;
import io.seccompwatch.publish.EventsApi.Series;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The answers are a kube-apiserver 1.36's own. */
class EventsClientTest {

  private static final Instant TIME = Instant.parse("2026-11-22T10:20:23.836Z");
  private static final Pod POD = new Pod("prod", "web-1", "the-uid", "spec.containers{app}");

  private final List<String> requests = new ArrayList<>();

  @Test
  void createsAnEventAboutAContainer() throws Exception {
    NewEvent event = event("keyctl (250, x86_64) denied with errno in container app", POD, null);
    assertThat(answering(201, null, "{}").create(event)).isEqualTo(new EventsApi.Done());
    assertThat(requests)
        .containsExactly(
            "POST /apis/events.k8s.io/v1/namespaces/prod/events application/json PT10S\n"
                + "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\","
                + "\"metadata\":{\"name\":\"web-1.0a\",\"namespace\":\"prod\"},"
                + "\"eventTime\":\"2026-11-22T10:20:23.836000Z\","
                + "\"reportingController\":\"seccomp-watch\",\"reportingInstance\":\"n1\","
                + "\"type\":\"Warning\",\"reason\":\"SeccompDenied\",\"action\":\"Syscall\",\"note\":\"keyctl"
                + " (250, x86_64) denied with errno in container app\","
                + "\"regarding\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"prod\","
                + "\"name\":\"web-1\",\"uid\":\"the-uid\",\"fieldPath\":\"spec.containers{app}\"}}");
  }

  @Test
  void createsOneWithItsRepeatsAndWithoutAContainer() throws Exception {
    Pod pod = new Pod("prod", "web-1", "the-uid", null);
    NewEvent event = event("\"ü\"", pod, new Series(2, TIME.plusNanos(1_999)));
    answering(201, null, "{}").create(event);
    assertThat(requests)
        .singleElement()
        .asString()
        .endsWith(
            "\"note\":\"\\\"\\u00FC\\\"\","
                + "\"regarding\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"prod\","
                + "\"name\":\"web-1\",\"uid\":\"the-uid\"},"
                + "\"series\":{\"count\":2,\"lastObservedTime\":\"2026-11-22T10:20:23.836001Z\"}}");
  }

  @Test
  void changesNothingButTheSeries() throws Exception {
    EventsClient client = answering(200, null, "{}");
    Result result = client.patch("prod", "web-1.0a", new Series(7_000, TIME));
    assertThat(result).isEqualTo(new EventsApi.Done());
    assertThat(requests)
        .containsExactly(
            "PATCH /apis/events.k8s.io/v1/namespaces/prod/events/web-1.0a"
                + " application/merge-patch+json PT10S\n"
                + "{\"series\":{\"count\":7000,"
                + "\"lastObservedTime\":\"2026-11-22T10:20:23.836000Z\"}}");
  }

  static Stream<Arguments> answers() {
    Duration wait = Duration.ofSeconds(7);
    return Stream.of(
        Arguments.of(
            409,
            null,
            status("AlreadyExists", "events.events.k8s.io \\\"web-1.0a\\\" already exists", ""),
            new EventsApi.AlreadyExists()),
        Arguments.of(
            409,
            null,
            status("Conflict", "the object has been modified", ""),
            new EventsApi.Unavailable("HTTP 409: the object has been modified", null)),
        Arguments.of(
            404,
            null,
            status("NotFound", "namespaces \\\"nowhere\\\" not found", ""),
            new EventsApi.NotFound()),
        Arguments.of(
            404,
            null,
            "404 page not found\n",
            new EventsApi.Unavailable("HTTP 404: events.k8s.io/v1 is not served", null)),
        Arguments.of(
            403,
            null,
            status(
                "Forbidden",
                "unable to create new content in namespace dying because it is being terminated",
                "{\"reason\":\"NamespaceTerminating\",\"message\":\"namespace dying is being"
                    + " terminated\",\"field\":\"metadata.namespace\"}"),
            new EventsApi.NamespaceTerminating()),
        Arguments.of(
            403,
            null,
            status("Forbidden", "User \\\"x\\\" cannot create resource \\\"events\\\"", ""),
            new EventsApi.Forbidden("HTTP 403: User \"x\" cannot create resource \"events\"")),
        Arguments.of(
            403,
            null,
            status("Forbidden", "NamespaceTerminating", ""),
            new EventsApi.Forbidden("HTTP 403: NamespaceTerminating")),
        Arguments.of(403, null, "<html>", new EventsApi.Forbidden("HTTP 403")),
        Arguments.of(
            422,
            null,
            status("Invalid", "message: can have at most 1024 characters", ""),
            new EventsApi.Invalid("HTTP 422: message: can have at most 1024 characters")),
        Arguments.of(
            400,
            null,
            status("BadRequest", "cannot be handled as a Event", ""),
            new EventsApi.Invalid("HTTP 400: cannot be handled as a Event")),
        Arguments.of(429, wait, status("TooManyRequests", "", ""), new EventsApi.Throttled(wait)),
        Arguments.of(429, null, "", new EventsApi.Throttled(null)),
        Arguments.of(
            401,
            null,
            status("Unauthorized", "Unauthorized", ""),
            new EventsApi.Unavailable("HTTP 401: Unauthorized", null)),
        Arguments.of(
            503,
            wait,
            "{\"kind\":\"Status\",\"reason\":\"ServiceUnavailable\",\"mess",
            new EventsApi.Unavailable("HTTP 503: ServiceUnavailable", wait)),
        Arguments.of(302, null, "", new EventsApi.Unavailable("HTTP 302", null)),
        Arguments.of(500, null, "[".repeat(60_000), new EventsApi.Unavailable("HTTP 500", null)));
  }

  @ParameterizedTest
  @MethodSource("answers")
  void tellsWhatAnAnswerMeans(int code, @Nullable Duration retryAfter, String body, Result result)
      throws Exception {
    assertThat(answering(code, retryAfter, body).create(event("note", POD, null)))
        .isEqualTo(result);
    assertThat(answering(code, retryAfter, body).patch("prod", "web-1.0a", new Series(2, TIME)))
        .isEqualTo(result);
  }

  @Test
  void noAnswerIsUnavailable() throws Exception {
    EventsClient client =
        new EventsClient(
            (method, path, contentType, body, timeout) -> {
              throw new IOException("connection refused");
            });
    assertThat(client.create(event("note", POD, null)))
        .isEqualTo(new EventsApi.Unavailable("no answer: connection refused", null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a/../b", "a?b", "A", "é", "a b", "a.b"})
  void aNamespaceThatIsNoneIsNotAskedFor(String namespace) throws Exception {
    EventsClient client = answering(201, null, "{}");
    Pod pod = new Pod(namespace, "web-1", "the-uid", null);
    assertThat(client.create(event("note", pod, null))).isInstanceOf(EventsApi.Invalid.class);
    assertThat(client.patch(namespace, "web-1.0a", new Series(2, TIME)))
        .isInstanceOf(EventsApi.Invalid.class);
    assertThat(requests).isEmpty();
  }

  private EventsClient answering(int code, @Nullable Duration retryAfter, String body) {
    return new EventsClient(
        (method, path, contentType, sent, timeout) -> {
          requests.add(
              method
                  + " "
                  + path
                  + " "
                  + contentType
                  + " "
                  + timeout
                  + "\n"
                  + new String(sent, UTF_8));
          return new ApiServer.Answer(code, retryAfter, body);
        });
  }

  private static String status(String reason, String message, String cause) {
    return "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
        + "\"message\":\""
        + message
        + "\",\"reason\":\""
        + reason
        + "\",\"details\":{\"name\":\"web-1.0a\",\"kind\":\"events\",\"causes\":["
        + cause
        + "]},\"code\":0}";
  }

  private static NewEvent event(String note, Pod pod, @Nullable Series series) {
    return new NewEvent("web-1.0a", TIME, "n1", "Syscall", "SeccompDenied", pod, note, series);
  }
}
