package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.Books.Balance;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Violation;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BooksTest {

  private static final int WRITERS = 4;
  private static final int OPERATIONS = 5_000;

  private final TestClock clock = new TestClock();

  @Test
  void everyKindOfRecordHasItsAccount() {
    Books books = new Books(clock, 10);
    SourceBook book = books.open("audit-log");
    IntStream.range(0, 7).forEach(i -> book.line());
    books.violation(book, Samples.denied(1));
    books.violation(book, Samples.denied(2));
    books.violation(book, Samples.logged(3));
    books.duplicate(book);
    books.canary(book);
    books.held(5);
    books.held(-1);
    books.rejected(book, RejectReason.TRUNCATED);
    books.lost(book, LossReason.KERNEL_BACKLOG, 12);

    assertThat(books.balance())
        .isEqualTo(
            new Balance(
                7,
                5,
                1,
                1,
                0,
                4,
                3,
                2,
                1,
                0,
                3,
                Map.of("truncated", 1L),
                Map.of("kernel_backlog", 12L)))
        .matches(Balance::balanced);
  }

  @Test
  void theTotalsAreThoseOfAllSources() {
    Books books = new Books(clock, 10);
    books.violation(books.open("audit-log"), Samples.denied(1));
    books.duplicate(books.open("kmsg"));
    assertThat(books.balance().records()).isEqualTo(2);
    assertThat(books.balance().balanced()).isTrue();
  }

  @Test
  void sourcesOfOneNameShareAPage() {
    Books books = new Books(clock, 10);
    assertThat(books.open("syslog")).isSameAs(books.open("syslog")).isNotSameAs(books.open("kmsg"));
  }

  @Test
  void whatDoesNotAddUpIsSaid() {
    assertThat(List.of(balance(3, 1, 1, 1), balance(1, 0, 0, 1))).allMatch(Balance::balanced);
    assertThat(List.of(balance(2, 1, 1, 1), balance(1, 0, 0, 0))).noneMatch(Balance::balanced);
  }

  /** Readers look all the time: no moment may show a record counted here and not there. */
  @Test
  void theBooksBalanceAtEveryMoment() throws Exception {
    Books books = new Books(clock, 5);
    AgentMetrics metrics = Scrape.metrics(books);
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 2)) {
      List<Future<Long>> written =
          IntStream.range(0, WRITERS).mapToObj(i -> threads.submit(() -> write(books, i))).toList();
      Future<Boolean> balances =
          threads.submit(
              () -> {
                boolean balanced = true;
                while (!done.get()) {
                  balanced &= books.balance().balanced();
                }
                return balanced;
              });
      Future<Boolean> scrapes =
          threads.submit(
              () -> {
                boolean balanced = true;
                while (!done.get()) {
                  balanced &= balanced(Scrape.of(metrics));
                }
                return balanced;
              });
      long records = 0;
      for (Future<Long> writer : written) {
        records += writer.get();
      }
      done.set(true);
      assertThat(balances.get()).isTrue();
      assertThat(scrapes.get()).isTrue();
      assertThat(books.balance().records()).isEqualTo(records);
      assertThat(balanced(Scrape.of(metrics))).isTrue();
    }
  }

  private static long write(Books books, int seed) {
    Random random = new Random(seed);
    SourceBook book = books.open("source" + seed % 2);
    long records = 0;
    for (int i = 0; i < OPERATIONS; i++) {
      int what = random.nextInt(6);
      records += what < 4 ? 1 : 0;
      switch (what) {
        case 0 -> books.duplicate(book);
        case 1 -> books.canary(book);
        case 2 -> books.violation(book, Samples.deniedIn("pod" + random.nextInt(20)));
        case 3 -> books.violation(book, Samples.logged(i));
        case 4 -> books.rejected(book, RejectReason.MALFORMED);
        default -> book.line();
      }
    }
    return records;
  }

  private static boolean balanced(Scrape scrape) {
    double violations =
        scrape.sum("seccomp_denials_total") + scrape.sum("seccomp_logged_syscalls_total");
    return violations == scrape.sum("seccomp_watch_attributions_total")
        && violations == scrape.sum("seccomp_watch_detection_delay_seconds_count")
        && scrape.sum("seccomp_watch_records_total")
            == scrape.sum("seccomp_watch_records_duplicate_total")
                + scrape.sum("seccomp_watch_canary_records_total")
                + scrape.sum("seccomp_watch_violations_pending")
                + violations;
  }

  @Test
  void seriesBeyondTheCapAreOneAndTheTotalStaysTrue() throws IOException {
    Books books = new Books(clock, 3);
    SourceBook book = books.open("audit-log");
    for (int i = 0; i < 100; i++) {
      books.violation(book, Samples.deniedIn("pod" + i));
      books.violation(book, Samples.deniedIn("pod0"));
    }
    Scrape scrape = Scrape.of(Scrape.metrics(books));

    assertThat(scrape.series("seccomp_denials_total")).as("the other one included").hasSize(3);
    assertThat(scrape.sum("seccomp_denials_total")).isEqualTo(200);
    assertThat(scrape.value("seccomp_denials_total", "pod", "pod0")).isEqualTo(101);
    assertThat(scrape.value("seccomp_denials_total", "pod", "other")).isEqualTo(98);
    assertThat(scrape.value("seccomp_denials_total", "container", "other")).isEqualTo(98);
    assertThat(
            scrape.value("seccomp_watch_series_overflow_total", "metric", "seccomp_denials_total"))
        .isEqualTo(98);
    assertThat(scrape.series("seccomp_denial_last_timestamp_seconds")).hasSize(3);
    assertThat(books.balance().balanced()).isTrue();
  }

  @Test
  void aPodThatIsCalledOtherDoesNotClashWithTheOverflow() throws IOException {
    Books books = new Books(clock, 1);
    SourceBook book = books.open("audit-log");
    for (String pod : List.of("other", "a", "b")) {
      books.violation(book, Samples.deniedIn(pod));
    }
    assertThat(Scrape.of(Scrape.metrics(books)).sum("seccomp_denials_total")).isEqualTo(3);
  }

  @Test
  void namesThatAProcessChoosesNeverBecomeLabels() throws IOException {
    Books books = new Books(clock, 100);
    SourceBook book = books.open("audit-log");
    for (int i = 0; i < 50; i++) {
      Violation hostile =
          Samples.violation(
              Samples.record(null, 0xdead0000 + i, 10_000 + i, ERRNO | i, "comm" + i, "/exe" + i),
              null,
              Samples.unknown());
      books.violation(book, hostile);
    }
    assertThat(Scrape.of(Scrape.metrics(books)).series("seccomp_denials_total"))
        .containsOnlyKeys(
            Map.of(
                "namespace", "",
                "pod", "",
                "container", "",
                "workload", "",
                "workload_type", "",
                "syscall", "unknown",
                "arch", "unknown",
                "action", "errno"));
  }

  private static Balance balance(long records, long duplicates, long canary, long violations) {
    return new Balance(
        0, records, duplicates, canary, 0, 7, violations, 1, 0, 0, 1, Map.of(), Map.of());
  }
}
