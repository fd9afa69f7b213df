package io.seccompwatch.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.http.ReviewCache.Verdict;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.TestClock;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
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
  private static final InetAddress PEER = InetAddress.ofLiteral("10.0.0.1");
  private static final InetAddress STRANGER = InetAddress.ofLiteral("10.0.0.66");

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
    assertThat(cache.verdict("good", PATH, PEER)).isEqualTo(Verdict.ALLOWED);
    clock.advance(Duration.ofMillis(59_999));
    assertThat(cache.verdict("good", PATH, PEER)).isEqualTo(Verdict.ALLOWED);
    assertThat(asked).hasSize(1);

    verdicts.put("good", Verdict.FORBIDDEN);
    clock.advance(Duration.ofMillis(1));
    assertThat(cache.verdict("good", PATH, PEER))
        .as("its role was taken away")
        .isEqualTo(Verdict.FORBIDDEN);
    assertThat(asked).hasSize(2);
  }

  @Test
  void a_refusal_holds_for_ten_seconds() {
    for (Verdict refusal : List.of(Verdict.FORBIDDEN, Verdict.UNKNOWN_TOKEN)) {
      String token = refusal.name();
      verdicts.put(token, refusal);
      assertThat(cache.verdict(token, PATH, PEER)).isEqualTo(refusal);
      verdicts.put(token, Verdict.ALLOWED);
      clock.advance(Duration.ofMillis(9_999));
      assertThat(cache.verdict(token, PATH, PEER)).isEqualTo(refusal);
      clock.advance(Duration.ofMillis(1));
      assertThat(cache.verdict(token, PATH, PEER)).isEqualTo(Verdict.ALLOWED);
      assertThat(timesAsked(token)).isEqualTo(2);
    }
  }

  @Test
  void a_right_to_one_path_is_none_to_another() {
    verdicts.put("good", Verdict.ALLOWED);
    cache.verdict("good", PATH, PEER);
    cache.verdict("good", "/api/v1/status", PEER);
    assertThat(asked).containsExactly("good /metrics", "good /api/v1/status");
  }

  @Test
  void no_answer_is_not_kept_and_neither_allows_nor_forbids() {
    verdicts.put("good", Verdict.UNAVAILABLE);
    assertThat(cache.verdict("good", PATH, PEER)).isEqualTo(Verdict.UNAVAILABLE);
    verdicts.put("good", Verdict.ALLOWED);
    assertThat(cache.verdict("good", PATH, PEER)).isEqualTo(Verdict.ALLOWED);
    verdicts.put("good", Verdict.UNAVAILABLE);
    clock.advance(Duration.ofMinutes(1));
    assertThat(cache.verdict("good", PATH, PEER))
        .as("a minute later")
        .isEqualTo(Verdict.UNAVAILABLE);
  }

  @Test
  void a_flood_of_bad_tokens_is_a_trickle_at_the_api_server() {
    List<Verdict> first =
        IntStream.range(0, 1_000).mapToObj(i -> cache.verdict("bad" + i, PATH, PEER)).toList();
    assertThat(first.subList(0, 23)).as("its first three").containsOnly(Verdict.UNKNOWN_TOKEN);
    assertThat(first.subList(23, 1_000)).containsOnly(Verdict.BUSY);
    assertThat(asked).hasSize(23);
    for (int second = 0; second < 60; second++) {
      clock.advance(Duration.ofSeconds(1));
      for (int i = 0; i < 100; i++) {
        cache.verdict("worse" + second + "-" + i, PATH, PEER);
      }
    }
    assertThat(asked).as("two a second, and one more first one a minute").hasSize(23 + 120 + 1);
  }

  @Test
  void a_flood_does_not_keep_out_who_was_let_in_lately() {
    verdicts.put("good", Verdict.ALLOWED);
    cache.verdict("good", PATH, PEER);
    for (int minute = 0; minute < 5; minute++) {
      clock.advance(Duration.ofMinutes(1));
      for (int i = 0; i < 1_000; i++) {
        cache.verdict("bad" + minute + "-" + i, PATH, PEER);
      }
      assertThat(cache.verdict("good", PATH, PEER)).isEqualTo(Verdict.ALLOWED);
    }
    assertThat(timesAsked("good")).isEqualTo(6);
  }

  /** A pod's token is another one every hour. */
  @Test
  void a_flood_does_not_keep_out_the_next_token_of_who_was_let_in_lately() {
    verdicts.put("good", Verdict.ALLOWED);
    verdicts.put("next", Verdict.ALLOWED);
    cache.verdict("good", PATH, PEER);
    clock.advance(Duration.ofMinutes(10).minusMillis(1));
    for (int i = 0; i < 1_000; i++) {
      cache.verdict("bad" + i, PATH, STRANGER);
    }
    assertThat(cache.verdict("next", PATH, STRANGER)).isEqualTo(Verdict.BUSY);
    assertThat(cache.verdict("next", PATH, PEER)).isEqualTo(Verdict.ALLOWED);
  }

  @Test
  void a_flood_does_not_keep_out_a_scraper_that_comes_for_the_first_time() {
    for (int i = 0; i < 1_000; i++) {
      cache.verdict("bad" + i, PATH, STRANGER);
    }
    for (int scraper = 1; scraper <= 10; scraper++) {
      verdicts.put("good" + scraper, Verdict.ALLOWED);
      assertThat(cache.verdict("good" + scraper, PATH, InetAddress.ofLiteral("10.0.1." + scraper)))
          .isEqualTo(Verdict.ALLOWED);
    }
  }

  /** As behind one address of many pods, or on the node's network. */
  @Test
  void a_flood_from_its_own_address_does_not_keep_out_a_service_accounts_token() {
    for (int i = 0; i < 1_000; i++) {
      cache.verdict("bad" + i, PATH, PEER);
      cache.verdict("e30.e30." + i, PATH, PEER);
    }
    String claims =
        "{\"iss\":\"https://k\",\"sub\":\"system:serviceaccount:monitoring:prometheus\"}";
    String token =
        "e30."
            + Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(claims.getBytes(StandardCharsets.UTF_8))
            + ".c2ln";
    verdicts.put(token, Verdict.ALLOWED);
    assertThat(cache.verdict("good", PATH, PEER)).isEqualTo(Verdict.BUSY);
    assertThat(cache.verdict(token, PATH, PEER)).isEqualTo(Verdict.ALLOWED);
  }

  /** Each of many addresses is new once; all of them together have a bound. */
  @Test
  void a_flood_from_many_addresses_is_a_trickle_too() {
    for (int i = 0; i < 5_000; i++) {
      cache.verdict("bad" + i, PATH, InetAddress.ofLiteral("10.1." + i / 250 + "." + i % 250));
    }
    assertThat(asked).hasSize(40);
  }

  @Test
  void who_was_let_in_lately_cannot_ask_without_end_either_and_is_not_known_for_ever() {
    verdicts.put("good", Verdict.ALLOWED);
    cache.verdict("good", PATH, PEER);
    for (int i = 0; i < 1_000; i++) {
      cache.verdict("bad" + i, PATH, PEER);
    }
    assertThat(asked).hasSize(1 + 20);
    clock.advance(Duration.ofMinutes(10));
    for (int i = 0; i < 1_000; i++) {
      cache.verdict("worse" + i, PATH, STRANGER);
    }
    for (int i = 0; i < ReviewCache.FIRST_TOKENS; i++) {
      assertThat(cache.verdict("first" + i, PATH, PEER)).isEqualTo(Verdict.UNKNOWN_TOKEN);
    }
    assertThat(cache.verdict("worst", PATH, PEER)).isEqualTo(Verdict.BUSY);
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
              .mapToObj(i -> threads.submit(() -> slow.verdict("token" + i % 5, PATH, PEER)))
              .toList();
      Await.until("five are asked about: a first one and four more", () -> asked.size() == 5);
      assertThat(slow.verdict("token6", PATH, PEER)).isEqualTo(Verdict.BUSY);
      answer.countDown();
      for (Future<Verdict> each : waiting) {
        assertThat(each.get()).isEqualTo(Verdict.ALLOWED);
      }
    }
    assertThat(asked).hasSize(5);
    assertThat(slow.verdict("token6", PATH, PEER)).isEqualTo(Verdict.ALLOWED);
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
      assertThat(broken.verdict("t", PATH, PEER)).isEqualTo(Verdict.UNAVAILABLE);
    }
  }
}
