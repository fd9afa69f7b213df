package io.seccompwatch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {

  private final Backoff backoff =
      new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30), new Random(1));

  @Test
  void growsToItsBoundAndBeginsAnewAfterSuccess() {
    long[] grown = {500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000};
    for (long most : grown) {
      assertThat(backoff.next().toMillis()).isBetween(most / 2, most);
    }
    assertThat(backoff.failures()).isEqualTo(9);
    backoff.reset();
    assertThat(backoff.next().toMillis()).isBetween(250L, 500L);
  }

  @Test
  void isNotTheSameOnEveryNode() {
    List<Duration> waits = new ArrayList<>();
    for (int node = 0; node < 20; node++) {
      Random seed = new Random(node);
      waits.add(new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30), seed).next());
    }
    assertThat(waits).doesNotHaveDuplicates();
  }

  @Test
  void whatTheServerAskedForIsTheLeast() {
    assertThat(backoff.atLeast(Duration.ofSeconds(10)).toMillis()).isBetween(10_000L, 12_000L);
  }
}
