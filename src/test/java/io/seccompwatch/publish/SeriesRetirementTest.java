package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.Books.PodName;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestClock;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The series of a deleted pod go after their grace; what they counted stays in the books. */
class SeriesRetirementTest {

  private static final Duration GRACE = Duration.ofMinutes(15);

  private final TestClock clock = new TestClock();
  private final Books books = new Books(clock, 2_000);
  private final SourceBook book = books.open("audit-log");
  private final Set<PodName> gone = new HashSet<>();
  private final SeriesRetirement retirement = new SeriesRetirement(books, GRACE, clock);

  @Test
  void aDeletedPodsSeriesGoWhenItsGraceIsOverAndNotBefore() throws IOException {
    books.violation(book, Samples.deniedIn("a"));
    books.violation(book, Samples.deniedIn("b"));
    gone.add(new PodName("prod", "a"));
    round();
    clock.advance(GRACE.minusMillis(1));
    round();
    assertThat(scrape()).contains("pod=\"a\"").contains("pod=\"b\"");
    clock.advance(Duration.ofMillis(1));
    round();
    assertThat(scrape())
        .doesNotContain("pod=\"a\"")
        .contains("pod=\"b\"")
        .contains("seccomp_watch_violations_retired_total{metric=\"seccomp_denials_total\"} 1.0");
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(2L, Books.Balance::violations)
        .returns(1L, Books.Balance::denials)
        .returns(1L, Books.Balance::retired);
  }

  @Test
  void aPodThatComesBackUnderItsNameBeginsItsGraceAnew() {
    books.violation(book, Samples.deniedIn("web-0"));
    gone.add(new PodName("prod", "web-0"));
    round();
    clock.advance(GRACE.minusMillis(1));
    gone.clear();
    round();
    gone.add(new PodName("prod", "web-0"));
    clock.advance(Duration.ofMillis(1));
    round();
    assertThat(books.pods()).hasSize(1);
  }

  @Test
  void whatIsNamedByNoPodStays() {
    books.violation(book, Samples.violation(Samples.record(1, ERRNO, "kc"), Samples.unknown()));
    retirement.round(pod -> true);
    clock.advance(GRACE);
    retirement.round(pod -> true);
    assertThat(books.balance().denials()).isEqualTo(1);
  }

  @Test
  void fiveThousandPodsPassThroughWithoutGrowth() throws IOException {
    for (int i = 0; i < 5_000; i++) {
      PodName pod = new PodName("prod", "pod-" + i);
      books.violation(book, Samples.deniedIn(pod.pod()));
      gone.add(pod);
      clock.advance(Duration.ofSeconds(10));
      round();
      assertThat(books.pods()).hasSizeLessThanOrEqualTo(91);
    }
    clock.advance(GRACE);
    round();
    assertThat(books.pods()).isEmpty();
    assertThat(scrape().lines().filter(line -> line.startsWith("seccomp_denial"))).isEmpty();
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(5_000L, Books.Balance::retired)
        .returns(0L, Books.Balance::denials);
  }

  @Test
  void onePodMayHaveAQuarterOfTheSeriesAndItsNeighboursHaveTheRest() {
    Books small = new Books(clock, 100);
    SourceBook page = small.open("audit-log");
    IntStream.range(0, 1_000)
        .forEach(
            i ->
                small.violation(
                    page,
                    Samples.violation(
                        Samples.record(i, ERRNO, "kc"), "call" + i, Samples.workload("greedy"))));
    assertThat(small.denials.overflowed()).isEqualTo(975);
    small.violation(page, Samples.deniedIn("modest"));
    assertThat(small.denials.overflowed()).isEqualTo(975);
    assertThat(small.balance()).matches(Books.Balance::balanced);
  }

  private void round() {
    retirement.round(gone::contains);
  }

  private String scrape() throws IOException {
    return Scrape.of(Scrape.metrics(books)).text();
  }
}
