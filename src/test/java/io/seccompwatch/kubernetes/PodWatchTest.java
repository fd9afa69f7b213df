package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.kubernetes.PodWatch.PodWatchStatus.State;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.PodJson;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PodWatchTest {

  /** Longer than any machine takes, so that only what a test is about runs out of time. */
  private static final Duration AGES = Duration.ofMinutes(5);

  /** Tries again at once, and gives up nothing. */
  private static final PodWatch.Timing PATIENT =
      new PodWatch.Timing(
          Duration.ofMillis(5),
          Duration.ofMillis(100),
          Duration.ofMillis(200),
          AGES,
          AGES,
          AGES,
          AGES,
          AGES);

  @TempDir Path directory;

  private final PodIndex index = new PodIndex(Clock.systemUTC(), PodIndex.Limits.DEFAULT);
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final List<Duration> retries = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private MockApi api;

  @BeforeEach
  void serve() throws IOException {
    api = new MockApi();
    open.add(api);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable part : open.reversed()) {
      part.close();
    }
  }

  private PodWatch start() throws IOException {
    return start(PATIENT);
  }

  /** The timing with another patience for the begin of an answer, for a list and for silence. */
  private static PodWatch.Timing givingUpAfter(Duration answer, Duration list, Duration silence) {
    return new PodWatch.Timing(
        PATIENT.firstRetry(),
        PATIENT.longestRetry(),
        PATIENT.refused(),
        answer,
        list,
        PATIENT.watch(),
        silence,
        PATIENT.steady());
  }

  private PodWatch start(PodWatch.Timing timing) throws IOException {
    ApiConnection connection =
        ApiConnection.open(new ApiAccess.Kubeconfig(api.kubeconfig(directory)), "seccomp-watch/t");
    open.add(connection);
    PodWatch started =
        new PodWatch(
            connection,
            PodJson.NODE,
            index,
            Clock.systemUTC(),
            timing,
            new Random(1),
            new PodWatch.Listener() {
              @Override
              public void synced(int pods, int failures) {
                told.add("synced " + pods);
              }

              @Override
              public void failed(State state, String error, Duration retry) {
                told.add(state.label() + " " + error);
                retries.add(retry);
              }
            });
    open.add(started);
    started.start();
    return started;
  }

  private boolean knows(PodJson pod) {
    Attribution found = new Attribution(Outcome.POD, Evidence.PROCFS, null, pod.uid(), null, null);
    return index.name(found).attribution().workload() != null;
  }

  private static PodJson pod(int number) {
    return PodJson.node(number + 1).get(number);
  }

  @Test
  void listsThisNodesPodsAndWatchesFromThere() throws Exception {
    api.lists.add(MockApi.json(200, PodJson.list("100", PodJson.node(110))));
    PodWatch started = start();
    Await.until("a watch", () -> !api.watched.isEmpty());
    assertThat(index.size().live()).isEqualTo(110);
    assertThat(index.synced()).isTrue();
    assertThat(api.listed).containsExactly("fieldSelector=spec.nodeName=n1&resourceVersion=0");
    assertThat(api.watched.getFirst())
        .matches(
            "fieldSelector=spec\\.nodeName=n1&watch=1&allowWatchBookmarks=true"
                + "&timeoutSeconds=\\d+&resourceVersion=100");
    assertThat(started.status().state()).isEqualTo(State.SYNCED);
    assertThat(told).containsExactly("synced 110");
  }

  @Test
  void takesWhatTheWatchTells() throws Exception {
    start();
    api.tell(PodJson.event("ADDED", pod(1)));
    Await.until("the pod", () -> knows(pod(1)));
    api.tell(PodJson.event("DELETED", pod(1)));
    Await.until("its end", () -> index.size().deleted() == 1);
    assertThat(knows(pod(1))).isTrue();
  }

  @Test
  void goesOnFromWhereTheLastWatchEnded() throws Exception {
    start();
    api.tell("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"205\"}}}\n");
    api.endWatch();
    Await.until("a second watch", () -> api.watched.size() == 2);
    assertThat(api.watched.get(1)).endsWith("resourceVersion=205");
    assertThat(api.listed).hasSize(1);
    assertThat(index.synced()).isTrue();
  }

  @Test
  void readsAListInPages() throws Exception {
    String first =
        PodJson.text(
            PodJson.object(
                "metadata", PodJson.object("resourceVersion", "100", "continue", "a/b="),
                "items", PodJson.list(pod(0).pod())));
    api.lists.add(MockApi.json(200, first));
    api.lists.add(MockApi.json(200, PodJson.list("100", List.of(pod(1)))));
    start();
    Await.until("both pages", () -> index.size().live() == 2);
    assertThat(api.listed.get(1))
        .isEqualTo("fieldSelector=spec.nodeName=n1&limit=500&continue=a/b=");
  }

  @Test
  void listsAgainWhenTheVersionIsTooOldAndForgetsPodsThatVanished() throws Exception {
    api.lists.add(MockApi.json(200, PodJson.list("100", List.of(pod(0), pod(1)))));
    api.lists.add(MockApi.json(200, PodJson.list("300", List.of(pod(1)))));
    start();
    Await.until("both", () -> index.size().live() == 2);
    api.tell("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n");
    Await.until("one gone", () -> index.size().deleted() == 1);
    assertThat(api.listed.get(1)).endsWith("resourceVersion=100");
    Await.until("a watch", () -> api.watched.size() == 2);
    assertThat(api.watched.get(1)).endsWith("resourceVersion=300");
    assertThat(told).containsExactly("synced 2");
  }

  @Test
  void listsAgainWhenTheWatchIsAnsweredWith410() throws Exception {
    api.watches.add(MockApi.refuse(410, "expired"));
    start();
    Await.until("a second list", () -> api.listed.size() == 2 && api.watched.size() == 2);
    assertThat(index.synced()).isTrue();
  }

  @Test
  void isOutOfTouchFromAnExpiredVersionUntilTheListIsRead() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    start();
    Await.until("a watch", () -> !api.watched.isEmpty() && index.synced());
    api.lists.add(
        exchange -> {
          read.await();
          MockApi.json(200, PodJson.list("300", List.of())).to(exchange);
        });
    api.tell("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n");
    Await.until("a second list", () -> api.listed.size() == 2);
    assertThat(index.synced()).isFalse();
    read.countDown();
    Await.until("in touch", index::synced);
  }

  @Test
  void takesAnyVersionWhenTheServerDoesNotKnowTheLast() throws Exception {
    api.watches.add(MockApi.refuse(410, "expired"));
    api.lists.add(MockApi.json(200, PodJson.list("100", List.of())));
    api.lists.add(MockApi.refuse(504, "Too large resource version"));
    start();
    Await.until("a third list", () -> api.listed.size() == 3);
    assertThat(api.listed)
        .extracting(query -> query.substring(query.lastIndexOf('=') + 1))
        .containsExactly("0", "100", "0");
    Await.until("in touch", index::synced);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(MockApi.refuse(500, "boom"), "unavailable HTTP 500: boom"),
        Arguments.of(MockApi.refuse(401, "who"), "unauthorized HTTP 401: who"),
        Arguments.of(MockApi.refuse(403, "no"), "forbidden HTTP 403: no"),
        Arguments.of(MockApi.json(302, ""), "unavailable HTTP 302"),
        Arguments.of(MockApi.json(200, "{}"), "unavailable not a list of pods"),
        Arguments.of(MockApi.json(200, "<html>"), "unavailable not JSON: Unexpected character"),
        Arguments.of(MockApi.truncated(PodJson.list("1", PodJson.node(20))), "unavailable "));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void saysWhatFailsAndComesBackByItself(MockApi.Answer failure, String said) throws Exception {
    for (int i = 0; i < 3; i++) {
      api.lists.add(failure);
    }
    PodWatch started = start();
    Await.until("a failure", () -> !told.isEmpty());
    assertThat(told.getFirst()).startsWith(said);
    Await.until("in touch", index::synced);
    assertThat(index.outOfTouchSince()).isNull();
    assertThat(api.listed).hasSize(4);
    Await.until("it is said", () -> told.getLast().equals("synced 0"));
    assertThat(started.status())
        .satisfies(
            status -> {
              assertThat(status.failures()).isPositive();
              assertThat(status.lastError()).isNotNull();
              assertThat(status.state()).isEqualTo(State.SYNCED);
            });
  }

  @Test
  void anAnswerThatDoesNotBeginIsGivenUp() throws Exception {
    api.lists.add(MockApi.silence());
    start(givingUpAfter(Duration.ofMillis(300), AGES, AGES));
    Await.until("it is said", () -> !told.isEmpty());
    assertThat(told.getFirst()).startsWith("unavailable request timed out");
    Await.until("in touch", index::synced);
  }

  /** Until it has read its rules, an API server that comes back forbids everything. */
  @Test
  void doesNotBelieveAtOnceThatItIsForbiddenAfterAnOutage() throws Exception {
    for (int i = 0; i < 8; i++) {
      api.lists.add(MockApi.refuse(500, "starting"));
    }
    for (int i = 0; i < 4; i++) {
      api.lists.add(MockApi.refuse(403, "no rules yet"));
    }
    start(
        new PodWatch.Timing(
            PATIENT.firstRetry(),
            PATIENT.longestRetry(),
            AGES,
            PATIENT.answer(),
            PATIENT.list(),
            PATIENT.watch(),
            PATIENT.silence(),
            PATIENT.steady()));
    Await.until("in touch", index::synced);
    assertThat(api.listed).hasSize(13);
  }

  @Test
  void waitsAsLongAsTheServerAsks() throws Exception {
    api.lists.add(MockApi.refuseFor(429, "1"));
    start();
    Await.until("in touch", index::synced);
    assertThat(retries).hasSize(1);
    assertThat(retries.getFirst()).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void isOutOfTouchWhileTheServerIsGoneAndKeepsWhatItKnows() throws Exception {
    api.lists.add(MockApi.json(200, PodJson.list("100", List.of(pod(0)))));
    start();
    Await.until("a watch", () -> !api.watched.isEmpty());
    int port = api.port();
    api.close();
    Await.until("out of touch", () -> index.outOfTouchSince() != null);
    assertThat(knows(pod(0))).isTrue();
    assertThat(index.isGoneSince("prod", "nobody", Clock.systemUTC().instant())).isFalse();
    Await.until("more than one attempt", () -> told.size() > 3);

    MockApi again = new MockApi(port);
    open.add(again);
    Await.until("in touch", index::synced);
    assertThat(again.listed).as("the watch goes on from where it was").isEmpty();
    assertThat(knows(pod(0))).isTrue();
  }

  @Test
  void aServerThatIsNotThereAtTheStartIsWaitedFor() throws Exception {
    int port = api.port();
    api.close();
    start();
    Await.until("more than one attempt", () -> told.size() > 3);
    assertThat(index.synced()).isFalse();
    open.add(new MockApi(port));
    Await.until("in touch", index::synced);
  }

  @Test
  void garbageInAWatchIsCountedAndTheListReadAnew() throws Exception {
    PodWatch started = start();
    Await.until("a watch", () -> !api.watched.isEmpty());
    api.tell("{\"type\":\"ADDED\",\"object\":{]\n");
    api.lists.add(MockApi.json(200, PodJson.list("300", List.of(pod(0)))));
    Await.until("the new list", () -> knows(pod(0)));
    Await.until("in touch", index::synced);
    assertThat(started.status().skipped()).containsEntry(SkipReason.MALFORMED, 1L);
  }

  @Test
  void anOversizedObjectInAWatchIsCountedAndTheListReadAnew() throws Exception {
    PodWatch started = start();
    api.tell("{\"type\":\"ADDED\",\"object\":{\"a\":\"" + "x".repeat(33 << 20));
    api.endWatch();
    Await.until("a second list", () -> api.listed.size() == 2);
    Await.until("in touch", index::synced);
    assertThat(started.status().skipped()).containsEntry(SkipReason.OBJECT_TOO_LARGE, 1L);
  }

  @Test
  void watchesThatEndAtOnceAreSlowedDownAndSaid() throws Exception {
    api.usualWatch = MockApi.json(200, "");
    start();
    Await.until("it is said", () -> told.contains("unavailable watches end at once"));
    api.usualWatch = MockApi.silence();
    int before = api.watched.size();
    assertThat(before).isLessThan(50);
  }

  @Test
  void aWatchThatSaysNothingForTooLongIsTakenForDead() throws Exception {
    ApiConnection connection =
        ApiConnection.open(new ApiAccess.Kubeconfig(api.kubeconfig(directory)), "seccomp-watch/t");
    open.add(connection);
    try (ApiConnection.Streamed answer =
        connection.get("/?watch=1", AGES, Duration.ofMillis(50), AGES)) {
      assertThat(answer.status()).isEqualTo(200);
      assertThatThrownBy(() -> answer.body().read()).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void aWatchThatFallsSilentAfterABookmarkIsTakenForDead() throws Exception {
    start(givingUpAfter(AGES, AGES, Duration.ofSeconds(1)));
    api.tell("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"205\"}}}\n");
    Await.until("a second watch", () -> api.watched.size() == 2);
    assertThat(told).contains("unavailable no data for 1 s");
    assertThat(api.watched.get(1)).endsWith("resourceVersion=205");
  }

  @Test
  void aWatchThatBreaksAfterAWhileIsTriedAgainAsSoonAsTheFirst() throws Exception {
    api.usualWatch =
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write("{".getBytes(StandardCharsets.UTF_8));
          exchange.getResponseBody().flush();
          throw new IOException("the connection broke");
        };
    start(
        new PodWatch.Timing(
            PATIENT.firstRetry(),
            PATIENT.longestRetry(),
            PATIENT.refused(),
            PATIENT.answer(),
            PATIENT.list(),
            PATIENT.watch(),
            PATIENT.silence(),
            Duration.ZERO));
    Await.until("some failures", () -> retries.size() >= 5);
    assertThat(retries).allMatch(wait -> wait.compareTo(PATIENT.firstRetry()) <= 0);
  }

  @Test
  void aListThatDripsIsGivenUp() throws Exception {
    api.lists.add(MockApi.dripping(200, "{\"items\":["));
    start(givingUpAfter(AGES, Duration.ofSeconds(1), AGES));
    Await.until("it is said", () -> !told.isEmpty());
    assertThat(told.getFirst()).isEqualTo("unavailable the answer did not end in time");
    Await.until("in touch", index::synced);
  }

  @Test
  void aRefusalOfAWatchThatDripsIsNotWaitedFor() throws Exception {
    api.watches.add(MockApi.dripping(503, "{\"message\":\""));
    start(givingUpAfter(Duration.ofMillis(300), AGES, AGES));
    Await.until("it is said", () -> told.contains("unavailable HTTP 503"));
    Await.until("in touch", index::synced);
  }

  @Test
  void closingStopsItAtOnceAndLeavesTheIndex() throws Exception {
    api.lists.add(MockApi.json(200, PodJson.list("100", List.of(pod(0)))));
    PodWatch started = start();
    Await.until("a watch", () -> !api.watched.isEmpty());
    started.close();
    Await.until("stopped", () -> started.status().state() == State.STOPPED);
    assertThat(knows(pod(0))).isTrue();
    assertThat(index.synced()).isFalse();
  }

  @Test
  void aListenerThatFailsDoesNotEndTheWatch() throws Exception {
    ApiConnection connection =
        ApiConnection.open(new ApiAccess.Kubeconfig(api.kubeconfig(directory)), "seccomp-watch/t");
    open.add(connection);
    PodWatch.Listener failing =
        new PodWatch.Listener() {
          @Override
          public void synced(int pods, int failures) {
            throw new IllegalStateException("a defect");
          }

          @Override
          public void failed(State state, String error, Duration retry) {
            throw new IllegalStateException("a defect");
          }
        };
    PodWatch started =
        new PodWatch(
            connection, PodJson.NODE, index, Clock.systemUTC(), PATIENT, new Random(1), failing);
    open.add(started);
    started.start();
    Await.until("a watch after all", () -> !api.watched.isEmpty());
    assertThat(index.synced()).isTrue();
  }
}
