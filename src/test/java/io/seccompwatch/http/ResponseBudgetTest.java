package io.seccompwatch.http;

import static java.lang.Thread.State.TIMED_WAITING;
import static java.lang.Thread.State.WAITING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.seccompwatch.http.Site.RefusedRequests;
import io.seccompwatch.http.Site.ResponseBudget;
import io.seccompwatch.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ResponseBudgetTest {

  private final RefusedRequests denials = new RefusedRequests();
  private final ResponseBudget answers = new ResponseBudget(10, denials);

  private static Response of(int bytes) {
    return new Response(200, "text/plain", new byte[bytes]);
  }

  private int statusOf(int bytes) throws IOException {
    AtomicInteger status = new AtomicInteger();
    answers.answer(() -> of(bytes), response -> status.set(response.status()));
    return status.get();
  }

  @Test
  void those_that_are_being_written_share_the_bytes_and_give_them_back() throws IOException {
    List<Integer> inside = new ArrayList<>();
    answers.answer(
        () -> of(6),
        first -> {
          inside.add(first.status());
          inside.add(statusOf(5));
          inside.add(statusOf(4));
          inside.add(statusOf(4));
        });
    assertThat(inside).containsExactly(200, 503, 200, 200);
    assertThat(statusOf(10)).isEqualTo(200);
    assertThat(denials.byReason()).containsEntry("too_many_answers", 1L);
  }

  @Test
  void one_that_is_larger_than_all_of_it_has_it_for_itself() throws IOException {
    answers.answer(
        () -> of(1_000),
        response -> {
          assertThat(response.status()).isEqualTo(200);
          assertThat(statusOf(1)).isEqualTo(503);
          assertThat(statusOf(0)).isEqualTo(200);
        });
    assertThat(statusOf(1)).isEqualTo(200);
  }

  @Test
  void a_client_that_hangs_up_and_a_page_that_fails_give_back_what_they_had() throws IOException {
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(
              () ->
                  answers.answer(
                      () -> of(10),
                      response -> {
                        throw new IOException("hung up");
                      }))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(
              () ->
                  answers.answer(
                      () -> {
                        throw new IllegalStateException("a defect");
                      },
                      response -> {}))
          .isInstanceOf(IllegalStateException.class);
    }
    assertThat(statusOf(10)).isEqualTo(200);
  }

  @Test
  void one_is_made_at_a_time() throws Exception {
    AtomicInteger making = new AtomicInteger();
    CountDownLatch made = new CountDownLatch(1);
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      answers.answer(
                          () -> {
                            making.incrementAndGet();
                            await(made);
                            return of(1);
                          },
                          response -> {});
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  }));
    }
    Await.until(
        "one is being made, and the others wait",
        () ->
            making.get() >= 1
                && clients.stream()
                    .map(Thread::getState)
                    .allMatch(Set.of(WAITING, TIMED_WAITING)::contains));
    assertThat(making).hasValue(1);
    made.countDown();
    for (Thread client : clients) {
      client.join();
    }
    assertThat(making).hasValue(4);
  }

  /** While the first one is read without end, the second is made and refused, not kept waiting. */
  @Test
  void a_slow_reader_keeps_nobody_waiting() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    AtomicInteger reading = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> slow =
          threads.submit(
              () -> {
                answers.answer(
                    () -> of(9),
                    response -> {
                      reading.incrementAndGet();
                      await(read);
                    });
                return null;
              });
      Await.until("the first one is read", () -> reading.get() == 1);
      assertThat(statusOf(2)).isEqualTo(503);
      assertThat(statusOf(1)).isEqualTo(200);
      read.countDown();
      slow.get();
    }
    assertThat(statusOf(2)).isEqualTo(200);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
