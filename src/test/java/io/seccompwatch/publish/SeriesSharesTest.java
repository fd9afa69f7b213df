package io.seccompwatch.publish;

import static io.seccompwatch.testing.Samples.ERRNO;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.publish.Books.GaveWay;
import io.seccompwatch.publish.Books.PodName;
import io.seccompwatch.publish.FairTable.Tenant;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestClock;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cap of series holds for each metric, and no tenant fills it at the cost of the others. */
class SeriesSharesTest {

  private static final List<String> METRICS =
      List.of(
          "seccomp_denials_total",
          "seccomp_logged_syscalls_total",
          "seccomp_denial_last_timestamp_seconds");

  private final TestClock clock = new TestClock();

  private void deny(Books books, String syscall, Attribution attribution) {
    books.violation(
        books.open("audit-log"),
        Samples.violation(Samples.record(1, ERRNO, "kc"), syscall, attribution));
  }

  private static Attribution container(String id) {
    return new Attribution(Outcome.CONTAINER, Evidence.PROCFS, null, null, id, null);
  }

  /** What one container with filters of its own and short-lived children did to its neighbours. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 16, 150, 2_000})
  void aKnownPodFindsRoomBesideAFloodWithoutNamesAndTheCapHolds(int limit) throws IOException {
    Books books = new Books(clock, limit);
    for (int i = 0; i < 3_000; i++) {
      deny(books, "unknown" + i, Samples.unknown());
      deny(books, "nameless" + i, container("containerd://" + i % 100));
      deny(
          books,
          "host" + i,
          new Attribution(Outcome.HOST, Evidence.PROCFS, null, null, null, null));
    }
    List<String> pods =
        IntStream.range(0, Math.min(100, limit / 2)).mapToObj(i -> "p" + i).toList();
    pods.forEach(pod -> deny(books, "mount", Samples.workload(pod)));

    Scrape scrape = Scrape.of(Scrape.metrics(books));
    for (String metric : METRICS) {
      assertThat(scrape.series(metric).size()).as(metric).isLessThanOrEqualTo(limit);
    }
    for (String pod : pods) {
      assertThat(scrape.value("seccomp_denials_total", "pod", pod)).as(pod).isEqualTo(1);
      assertThat(scrape.series("seccomp_denial_last_timestamp_seconds").keySet())
          .anyMatch(labels -> pod.equals(labels.get("pod")));
    }
    assertThat(books.balance()).matches(Books.Balance::balanced);
  }

  @Test
  void aSeriesThatGivesWayIsRetiredAndReported() throws IOException {
    Books books = new Books(clock, 16); // two of them for the others
    for (String pod : List.of("a", "b", "greedy", "small")) {
      int calls = pod.equals("greedy") ? 4 : pod.equals("small") ? 2 : 3;
      IntStream.range(0, calls).forEach(i -> deny(books, "call" + i, Samples.workload(pod)));
    }
    deny(books, "call0", Samples.workload("c"));
    deny(books, "call1", Samples.workload("c"));
    assertThat(books.gaveWay()).as("it is full now").isEmpty();

    deny(books, "mount", Samples.workload("modest"));
    Scrape scrape = Scrape.of(Scrape.metrics(books));
    String denials = "seccomp_denials_total";
    assertThat(scrape.value(denials, "pod", "modest")).isEqualTo(1);
    assertThat(scrape.value("seccomp_watch_series_evicted_total", "metric", denials)).isEqualTo(1);
    assertThat(scrape.value("seccomp_watch_violations_retired_total", "metric", denials))
        .isEqualTo(1);
    assertThat(books.gaveWay()).containsExactly(new GaveWay("prod/greedy", 1));
    assertThat(books.gaveWay()).as("told once").isEmpty();
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(15L, Books.Balance::violations)
        .returns(1L, Books.Balance::retired);
  }

  @Test
  void theSeriesThatWasUsedLongestAgoGivesWay() throws IOException {
    Books books = new Books(clock, 16); // 14 beside the others, 4 of them for each pod
    for (String pod : List.of("a", "b", "c")) {
      IntStream.range(0, 4).forEach(i -> deny(books, "call" + i, Samples.workload(pod)));
    }
    deny(books, "call0", Samples.workload("a"));
    IntStream.range(0, 3).forEach(i -> deny(books, "call" + i, Samples.workload("d")));
    Map<Map<String, String>, Double> series =
        Scrape.of(Scrape.metrics(books)).series("seccomp_denials_total");
    assertThat(series.keySet())
        .anyMatch(each -> "a".equals(each.get("pod")) && "call0".equals(each.get("syscall")))
        .noneMatch(each -> "a".equals(each.get("pod")) && "call1".equals(each.get("syscall")));
  }

  /** Any order of any tenants: after each step nothing is lost, and each pod has its share. */
  @RepeatedTest(20)
  void sharesAndSumsHoldWhateverComes(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    int limit = 1 + random.nextInt(60);
    SeriesTable table = new SeriesTable(limit);
    int room = limit - SeriesTable.overflowLimit(limit);
    FairTable<String, Integer> shares = new FairTable<>(room, SeriesTable.limitOfTenant(limit));
    int tenants = 1 + random.nextInt(40);
    long counted = 0;
    for (int step = 0; step < 4_000; step++) {
      int who = random.nextInt(random.nextInt(tenants) + 1); // some much more than others
      Tenant tenant =
          who % 2 == 0
              ? new Tenant(new PodName("prod", "pod" + who), "")
              : new Tenant(null, "containerd://" + who);
      String call = "call" + random.nextInt(30);
      String pod = tenant.pod() == null ? "" : tenant.pod().pod();
      table.increment(
          new SeriesTable.Key("prod", pod, "app", "w" + who, "", call, "x86_64", "errno"),
          tenant,
          step,
          giver -> {});
      counted++;
      String key = who + call;
      if (shares.get(key) == null && shares.add(key, tenant, () -> 1, (giver, old) -> {}) == null) {
        int fair = room / (shares.tenants() + (shares.size(tenant) == 0 ? 1 : 0));
        assertThat(shares.size(tenant))
            .as("refused only with its fair share")
            .isGreaterThanOrEqualTo(
                Math.min(SeriesTable.limitOfTenant(limit), tenant.pod() == null ? fair - 1 : fair));
      }
      assertThat(table.size()).isLessThanOrEqualTo(limit);
      assertThat(shares.size()).isLessThanOrEqualTo(room);
      if (random.nextInt(200) == 0) {
        Set<PodName> gone = Set.of(new PodName("prod", "pod" + random.nextInt(tenants)));
        table.remove(gone);
        shares.remove(gone, (goneKey, old) -> {});
      }
      long[] sum = new long[1];
      table.forEach((each, series) -> sum[0] += series.count);
      assertThat(sum[0]).isEqualTo(table.total());
      assertThat(table.total() + table.removed()).isEqualTo(counted);
    }
  }

  @Test
  void tenantsOfOneSizeDoNotTakeFromEachOtherInTurns() {
    FairTable<String, Integer> table = new FairTable<>(4, 4);
    long[] evicted = new long[1];
    for (int round = 0; round < 100; round++) {
      for (int i = 0; i < 8; i++) {
        String key = i + "/" + round % 3;
        Tenant tenant =
            i % 2 == 0
                ? new Tenant(new PodName("prod", "pod" + i), "")
                : new Tenant(null, "containerd://" + i);
        if (table.get(key) == null) {
          table.add(key, tenant, () -> 1, (giver, old) -> evicted[0]++);
        }
      }
    }
    assertThat(table.pods()).as("the named ones have it all").hasSize(4);
    assertThat(evicted[0]).isLessThanOrEqualTo(8);
  }
}
