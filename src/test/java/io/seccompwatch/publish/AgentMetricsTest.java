package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.publish.ContainerTable.ContainerSeries;
import io.seccompwatch.record.Line.RejectReason;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestClock;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The metrics table of the contract: names, types, labels. */
class AgentMetricsTest {

  private final TestClock clock = new TestClock();
  private final Books books = new Books(clock, 10);
  private final AgentMetrics metrics = Scrape.metrics(books);
  private final SourceBook book = books.open("audit-log");

  @ParameterizedTest
  @CsvSource({
    "seccomp_watch_lines_read_total,                         counter,   source",
    "seccomp_watch_records_total,                            counter,   source",
    "seccomp_watch_records_duplicate_total,                  counter,   source",
    "seccomp_watch_records_foreign_total,                    counter,   source",
    "seccomp_watch_canary_records_total,                     counter,   source",
    "seccomp_watch_records_rejected_total,                   counter,   reason source",
    "seccomp_watch_records_lost_total,                       counter,   reason source",
    "seccomp_watch_attributions_total,                       counter,   by outcome",
    "seccomp_watch_violations_pending,                       gauge,     ''",
    "seccomp_watch_source_lag_bytes,                         gauge,     source",
    "seccomp_watch_source_last_record_timestamp_seconds,     gauge,     source",
    "seccomp_watch_source_rotations_total,                   counter,   source",
    "seccomp_watch_series_overflow_total,                    counter,   metric",
    "seccomp_watch_series_evicted_total,                     counter,   metric",
    "seccomp_watch_violations_retired_total,                 counter,   metric",
    "seccomp_watch_log_lines_total,                          counter,   result",
  })
  void isThereAtZeroBeforeAnyRecord(String name, String type, String labels) throws IOException {
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.types()).containsEntry(name, type);
    assertThat(scrape.series(name)).isNotEmpty();
    assertThat(scrape.series(name).values()).containsOnly(0.0);
    assertThat(scrape.series(name).keySet())
        .allSatisfy(series -> assertThat(new TreeSet<>(series.keySet())).isEqualTo(words(labels)));
  }

  @Test
  void everyReasonIsThereAtZero() throws IOException {
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.series("seccomp_watch_records_rejected_total"))
        .hasSize(RejectReason.values().length);
    assertThat(scrape.series("seccomp_watch_records_lost_total"))
        .hasSize(LossReason.values().length);
  }

  @Test
  void theHistogramOfDelaysIsThereAtZero() throws IOException {
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.types()).containsEntry("seccomp_watch_detection_delay_seconds", "histogram");
    assertThat(scrape.series("seccomp_watch_detection_delay_seconds_count").values())
        .containsExactly(0.0);
    assertThat(scrape.series("seccomp_watch_detection_delay_seconds_bucket")).hasSize(16);
  }

  @Test
  void aSourceIsUpOrDown() throws IOException {
    assertThat(Scrape.of(metrics).value("seccomp_watch_source_up", "source", "audit-log"))
        .isEqualTo(1);
  }

  @Test
  void saysWhatItWasBuiltFrom() throws IOException {
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.types()).containsEntry("seccomp_watch_build_info", "gauge");
    assertThat(scrape.text())
        .contains(
            "seccomp_watch_build_info{java_version=\"25\",revision=\"abc\",version=\"1.2.3\"} 1\n");
  }

  @ParameterizedTest
  @CsvSource({
    "denied, seccomp_denials_total, action arch container namespace pod syscall workload"
        + " workload_type",
    "logged, seccomp_logged_syscalls_total, arch container namespace pod syscall workload"
        + " workload_type",
  })
  void aViolationIsCountedUnderItsNames(String verdict, String name, String labels)
      throws IOException {
    books.violation(book, verdict.equals("denied") ? Samples.denied(1) : Samples.logged(1));
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.types()).containsEntry(name, "counter");
    assertThat(scrape.series(name))
        .hasSize(1)
        .allSatisfy(
            (series, value) -> {
              assertThat(value).isEqualTo(1);
              assertThat(new TreeSet<>(series.keySet())).isEqualTo(words(labels));
              assertThat(series)
                  .containsEntry("namespace", "prod")
                  .containsEntry("pod", "api-7d9f-x2x")
                  .containsEntry("container", "app")
                  .containsEntry("workload", "api")
                  .containsEntry("workload_type", "deployment")
                  .containsEntry("syscall", "mount")
                  .containsEntry("arch", "x86_64");
            });
  }

  @Test
  void aContainersPostureIsToldUnderItsNames() throws IOException {
    Scrape scrape =
        Scrape.of(
            Scrape.metrics(
                books,
                new ContainerSeries.Bounded(
                    List.of(
                        new ContainerSeries(
                            "prod", "api-1", "app", "Localhost", "a/b.json", "filter", false)),
                    3)));
    assertThat(scrape.types())
        .containsEntry("seccomp_container_info", "gauge")
        .containsEntry("seccomp_container_denials_visible", "gauge");
    assertThat(scrape.series("seccomp_container_info"))
        .isEqualTo(
            Map.of(
                Map.of(
                    "namespace",
                    "prod",
                    "pod",
                    "api-1",
                    "container",
                    "app",
                    "profile_type",
                    "Localhost",
                    "localhost_profile",
                    "a/b.json",
                    "mode",
                    "filter"),
                1.0));
    assertThat(scrape.series("seccomp_container_denials_visible"))
        .isEqualTo(Map.of(Map.of("namespace", "prod", "pod", "api-1", "container", "app"), 0.0));
    for (String metric : ContainerMetrics.NAMES) {
      assertThat(scrape.value("seccomp_watch_series_overflow_total", "metric", metric))
          .isEqualTo(3);
    }
  }

  @Test
  void theLastDenialIsThatOfTheKernelsStampAndOnlyOfDenials() throws IOException {
    books.violation(book, Samples.logged(1));
    assertThat(Scrape.of(metrics).series("seccomp_denial_last_timestamp_seconds")).isEmpty();
    books.violation(book, Samples.denied(1));
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.types()).containsEntry("seccomp_denial_last_timestamp_seconds", "gauge");
    assertThat(scrape.sum("seccomp_denial_last_timestamp_seconds")).isEqualTo(1_795_342_823.836);
  }

  @Test
  void theDelayIsFromTheKernelsStampToThePublication() throws IOException {
    books.violation(book, Samples.denied(1));
    double delay = TestClock.START.toEpochMilli() / 1_000.0 - 1_795_342_823.836;
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.sum("seccomp_watch_detection_delay_seconds_sum"))
        .isCloseTo(delay, within(1e-6));
    assertThat(scrape.value("seccomp_watch_detection_delay_seconds_bucket", "le", "5.0")).isZero();
    assertThat(scrape.value("seccomp_watch_detection_delay_seconds_bucket", "le", "10.0"))
        .isEqualTo(1);
    assertThat(scrape.value("seccomp_watch_detection_delay_seconds_bucket", "le", "+Inf"))
        .isEqualTo(1);
  }

  @Test
  void aStampFromTheFutureIsNoNegativeDelay() throws IOException {
    clock.advance(Duration.ofDays(-30));
    books.violation(book, Samples.denied(1));
    assertThat(Scrape.of(metrics).sum("seccomp_watch_detection_delay_seconds_sum")).isZero();
  }

  @Test
  void aClockThatWasSetByDaysIsInTheLastBucketAndNotInTheSum() throws IOException {
    books.violation(book, Samples.denied(1));
    double before = Scrape.of(metrics).sum("seccomp_watch_detection_delay_seconds_sum");
    clock.advance(Duration.ofDays(30));
    books.violation(book, Samples.denied(2));
    Scrape scrape = Scrape.of(metrics);
    assertThat(scrape.sum("seccomp_watch_detection_delay_seconds_sum")).isEqualTo(before);
    assertThat(scrape.sum("seccomp_watch_detection_delay_seconds_count")).isEqualTo(2);
    assertThat(scrape.value("seccomp_watch_detection_delay_seconds_bucket", "le", "60.0"))
        .isEqualTo(1);
    assertThat(scrape.value("seccomp_watch_detection_delay_seconds_bucket", "le", "+Inf"))
        .isEqualTo(2);
  }

  @Test
  void aDelayOfMinutesIsInTheSum() throws IOException {
    clock.advance(Duration.ofMinutes(30));
    books.violation(book, Samples.denied(1));
    assertThat(Scrape.of(metrics).sum("seccomp_watch_detection_delay_seconds_sum"))
        .isBetween(1_800.0, 1_900.0);
  }

  @Test
  void aCanaryThatIsFiredAndWasNeverSeenIsZeroAndOneThatIsOffIsNotThere() throws IOException {
    String success = "seccomp_watch_canary_last_success_timestamp_seconds";
    String delay = "seccomp_watch_canary_delay_seconds";
    assertThat(Scrape.of(metrics).series(success)).isEmpty();

    books.canaryAwaited();
    assertThat(Scrape.of(metrics).series(success).values()).containsExactly(0.0);
    assertThat(Scrape.of(metrics).series(delay)).isEmpty();

    books.canarySeen("audit-log", clock.instant(), Duration.ofMillis(12), true);
    books.canaryAwaited();
    assertThat(Scrape.of(metrics).sum(success))
        .isEqualTo((double) TestClock.START.getEpochSecond());
    assertThat(Scrape.of(metrics).sum(delay)).isEqualTo(0.012);
  }

  @Test
  void theCanarysIntervalIsToldSoThatAlertsNeedNotKnowIt() throws IOException {
    String interval = "seccomp_watch_canary_interval_seconds";
    assertThat(Scrape.of(metrics).series(interval)).isEmpty();

    books.canaryEvery(Duration.ofMinutes(5));
    assertThat(Scrape.of(metrics).series(interval).values()).containsExactly(300.0);
  }

  @Test
  void theCanaryIsToldForEachSourceByItself() throws IOException {
    String success = "seccomp_watch_source_canary_last_success_timestamp_seconds";
    String delay = "seccomp_watch_source_canary_delay_seconds";
    books.open("kmsg");
    assertThat(Scrape.of(metrics).series(success)).isEmpty();
    books.canaryAwaited();
    assertThat(Scrape.of(metrics).series(success).values()).containsExactly(0.0, 0.0);

    books.canarySeen("kmsg", clock.instant(), Duration.ofMillis(4), true);
    clock.advance(Duration.ofSeconds(1));
    books.canarySeen("audit-log", clock.instant(), Duration.ofMillis(1004), false);

    Scrape scrape = Scrape.of(metrics);
    double start = TestClock.START.getEpochSecond();
    assertThat(scrape.value(success, "source", "kmsg")).isEqualTo(start);
    assertThat(scrape.value(success, "source", "audit-log")).isEqualTo(start + 1);
    assertThat(scrape.value(delay, "source", "kmsg")).isEqualTo(0.004);
    assertThat(scrape.value(delay, "source", "audit-log")).isEqualTo(1.004);
    assertThat(scrape.sum("seccomp_watch_canary_last_success_timestamp_seconds"))
        .isEqualTo(start + 1);
    assertThat(scrape.sum("seccomp_watch_canary_delay_seconds")).isEqualTo(0.004);
  }

  @Test
  void theCanarysFiringsAndMissesAreCountedFromZero() throws IOException {
    String fired = "seccomp_watch_canary_fired_total";
    String missed = "seccomp_watch_canary_missed_total";
    assertThat(Scrape.of(metrics).series(fired).values()).containsExactly(0.0);
    assertThat(Scrape.of(metrics).series(missed).values()).containsExactly(0.0);
    books.canaryFired();
    books.canaryFired();
    books.canaryMissed();
    assertThat(Scrape.of(metrics).sum(fired)).isEqualTo(2);
    assertThat(Scrape.of(metrics).sum(missed)).isEqualTo(1);
  }

  @Test
  void whatIsHeldIsAGaugeAndInNoAccount() throws IOException {
    books.held(3);
    books.held(-1);
    assertThat(Scrape.of(metrics).sum("seccomp_watch_records_held")).isEqualTo(2);
    assertThat(Scrape.of(metrics).sum("seccomp_watch_records_total")).isZero();
  }

  @Test
  void theLastRecordOfASourceIsWhenItCame() throws IOException {
    clock.advance(Duration.ofSeconds(3));
    books.duplicate(book);
    assertThat(Scrape.of(metrics).sum("seccomp_watch_source_last_record_timestamp_seconds"))
        .isEqualTo((double) (TestClock.START.getEpochSecond() + 3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"} 1\nforged{a=\"", "back\\slash", "new\nline", "\u202e"})
  void labelValuesAreEscaped(String hostile) throws IOException {
    books.violation(
        book, Samples.violation(Samples.record(1, ERRNO, "kc"), Samples.workload(hostile)));
    String escaped = hostile.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    assertThat(Scrape.of(metrics).value("seccomp_denials_total", "pod", escaped)).isEqualTo(1);
    assertThat(Scrape.openMetrics(metrics)).contains("pod=\"" + escaped + "\"");
  }

  @Test
  void theKernelsOwnFiguresAreGaugesAndItsPidIsOnlyWhetherThereIsOne() throws IOException {
    String text = Scrape.of(Scrape.metrics(new Books(new TestClock(), 10))).text();
    assertThat(text)
        .contains("\nseccomp_watch_kernel_audit_enabled 1.0\n")
        .contains("\nseccomp_watch_kernel_audit_daemon_registered 1.0\n")
        .contains("\nseccomp_watch_kernel_audit_rate_limit 50.0\n")
        .contains("\nseccomp_watch_kernel_audit_backlog_limit 64.0\n")
        .contains("\nseccomp_watch_kernel_audit_backlog 3.0\n")
        .contains("\nseccomp_watch_kernel_audit_lost 1000.0\n");
  }

  @Test
  void whoOnlyTellsOfLossesIsNoSource() throws IOException {
    Books books = new Books(new TestClock(), 10);
    books.lost(books.openLosses("kernel"), LossReason.KERNEL_BACKLOG, 3);
    assertThat(Scrape.of(Scrape.metrics(books)).text().lines().filter(l -> l.contains("kernel\"")))
        .isNotEmpty()
        .allMatch(line -> line.startsWith("seccomp_watch_records_lost_total{"))
        .anyMatch(line -> line.contains("kernel_backlog") && line.endsWith(" 3.0"));
  }

  @Test
  void openMetricsHasTheSameMetricsAndAnEnd() throws IOException {
    books.violation(book, Samples.denied(1));
    String text = Scrape.openMetrics(metrics);
    assertThat(text).endsWith("# EOF\n");
    assertThat(text)
        .contains("# TYPE seccomp_denials counter\n", "\nseccomp_denials_total{")
        .contains("# TYPE seccomp_watch_build info\n", "\nseccomp_watch_build_info{");
  }

  private static Set<String> words(String text) {
    return text.isEmpty() ? Set.of() : new TreeSet<>(Arrays.asList(text.split(" ")));
  }
}
