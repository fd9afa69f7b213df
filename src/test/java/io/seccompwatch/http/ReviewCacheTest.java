package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.http.ReviewCache.Verdict;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.TestClock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReviewCacheTest {

  private static final String PATH = "/metrics";

  private final TestClock clock = new TestClock();
  private final Map<String, Verdict> verdicts = new ConcurrentHashMap<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final ReviewCache cache = new ReviewCache(this::review, clock::millis);

  private Verdict review(String token, String path) {
    asked.add(token + " " + path);
    return verdicts.getOrDefault(token, Verdict.UNKNOWN_TOKEN);
  }

  private long timesAsked(String token) {
    return asked.stream().filter(each -> each.startsWith(token + " ")).count();
  }

  @Test
  void a_good_token_is_asked_about_once_a_minute() {
    verdicts.put("good", Verdict.ALLOWED);
    assertThat(cache.verdict("good", PATH)).isEqualTo(Verdict.ALLOWED);
    clock.advance(Duration.ofMillis(59_999));
    assertThat(cache.verdict("good", PATH)).isEqualTo(Verdict.ALLOWED);
    assertThat(asked).hasSize(1);

    verdicts.put("good", Verdict.FORBIDDEN);
    clock.advance(Duration.ofMillis(1));
    assertThat(cache.verdict("good", PATH))
        .as("its role was taken away")
        .isEqualTo(Verdict.FORBIDDEN);
    assertThat(asked).hasSize(2);
  }

  @Test
  void a_refusal_holds_for_ten_seconds() {
    for (Verdict refusal : List.of(Verdict.FORBIDDEN, Verdict.UNKNOWN_TOKEN)) {
      String token = refusal.name();
      verdicts.put(token, refusal);
      assertThat(cache.verdict(token, PATH)).isEqualTo(refusal);
      verdicts.put(token, Verdict.ALLOWED);
      clock.advance(Duration.ofMillis(9_999));
      assertThat(cache.verdict(token, PATH)).isEqualTo(refusal);
      clock.advance(Duration.ofMillis(1));
      assertThat(cache.verdict(token, PATH)).isEqualTo(Verdict.ALLOWED);
      assertThat(timesAsked(token)).isEqualTo(2);
    }
  }

  @Test
  void a_right_to_one_path_is_none_to_another() {
    verdicts.put("good", Verdict.ALLOWED);
    cache.verdict("good", PATH);
    cache.verdict("good", "/api/v1/status");
    assertThat(asked).containsExactly("good /metrics", "good /api/v1/status");
  }

  @Test
  void no_answer_is_not_kept_and_neither_allows_nor_forbids() {
    verdicts.put("good", Verdict.UNAVAILABLE);
    assertThat(cache.verdict("good", PATH)).isEqualTo(Verdict.UNAVAILABLE);
    verdicts.put("good", Verdict.ALLOWED);
    assertThat(cache.verdict("good", PATH)).isEqualTo(Verdict.ALLOWED);
    verdicts.put("good", Verdict.UNAVAILABLE);
    clock.advance(Duration.ofMinutes(1));
    assertThat(cache.verdict("good", PATH)).as("a minute later").isEqualTo(Verdict.UNAVAILABLE);
  }

  @Test
  void a_flood_of_bad_tokens_is_a_trickle_at_the_api_server() {
    List<Verdict> first =
        IntStream.range(0, 1_000).mapToObj(i -> cache.verdict("bad" + i, PATH)).toList();
    assertThat(first.subList(0, 20)).containsOnly(Verdict.UNKNOWN_TOKEN);
    assertThat(first.subList(20, 1_000)).containsOnly(Verdict.BUSY);
    assertThat(asked).hasSize(20);
    for (int second = 0; second < 60; second++) {
      clock.advance(Duration.ofSeconds(1));
      for (int i = 0; i < 100; i++) {
        cache.verdict("worse" + second + "-" + i, PATH);
      }
    }
    assertThat(asked).hasSize(20 + 120);
  }

  @Test
  void a_flood_does_not_keep_out_who_was_let_in_lately() {
    verdicts.put("good", Verdict.ALLOWED);
    cache.verdict("good", PATH);
    for (int minute = 0; minute < 5; minute++) {
      clock.advance(Duration.ofMinutes(1));
      for (int i = 0; i < 1_000; i++) {
        cache.verdict("bad" + minute + "-" + i, PATH);
      }
      assertThat(cache.verdict("good", PATH)).isEqualTo(Verdict.ALLOWED);
    }
    assertThat(timesAsked("good")).isEqualTo(6);
  }

  /** Who asks at the same time waits for the one answer; beyond a few tokens nobody waits. */
  @Test
  void a_token_is_asked_about_once_at_a_time_and_few_tokens_at_once() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    ReviewCache slow =
        new ReviewCache(
            (token, path) -> {
              asked.add(token + " " + path);
              answer.await();
              return Verdict.ALLOWED;
            },
            clock::millis);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Verdict>> waiting =
          IntStream.range(0, 20)
              .mapToObj(i -> threads.submit(() -> slow.verdict("token" + i % 4, PATH)))
              .toList();
      Await.until("four are asked about", () -> asked.size() == 4);
      assertThat(slow.verdict("token5", PATH)).isEqualTo(Verdict.BUSY);
      answer.countDown();
      for (Future<Verdict> each : waiting) {
        assertThat(each.get()).isEqualTo(Verdict.ALLOWED);
      }
    }
    assertThat(asked).hasSize(4);
    assertThat(slow.verdict("token5", PATH)).isEqualTo(Verdict.ALLOWED);
  }

  @Test
  void a_defect_lets_nobody_in_and_leaves_nobody_waiting() {
    ReviewCache broken =
        new ReviewCache(
            (token, path) -> {
              throw new IllegalStateException("a defect");
            },
            clock::millis);
    for (int i = 0; i < 3; i++) {
      assertThat(broken.verdict("t", PATH)).isEqualTo(Verdict.UNAVAILABLE);
    }
  }
}
