package io.seccompwatch.agent;

import static io.seccompwatch.testing.Samples.ERRNO;
import static io.seccompwatch.testing.Samples.LOG;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.Errno;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.publish.Books;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestClock;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanaryTest {

  private static final String KEY = "abcdefgh";

  private final TestClock clock = new TestClock();
  private final Books books = new Books(clock, 10);
  private final List<String> fired = new ArrayList<>();
  private final Canary canary =
      new Canary(
          KEY,
          comm -> {
            fired.add(comm);
            return new SeccompCanary.Result.Fired(clock.instant());
          },
          new SyscallTables(),
          books,
          clock);

  @Test
  void firesUnderItsKeyAndACounter() {
    canary.fire();
    canary.fire();
    assertThat(fired)
        .hasSize(2)
        .doesNotHaveDuplicates()
        .allMatch(comm -> comm.matches("swcabcdefgh[0-9a-z]{4}"))
        .allMatch(comm -> comm.length() == SeccompCanary.MAX_COMM_BYTES);
  }

  @Test
  void waitsUntilItsRecordComesBackAndNamesWhoBroughtIt() {
    assertThat(canary.status()).isNull();
    canary.fire();
    assertThat(status().isWaiting()).isTrue();

    assertThat(canary.owns(log(fired.getLast()), "kmsg")).isTrue();
    assertThat(status().isWaiting()).isFalse();
    assertThat(status().seenBy()).isEqualTo("kmsg");
    assertThat(status().delay()).matches(delay -> delay != null && !delay.isNegative());
  }

  @Test
  void theDelayIsThatOfTheFirstSourceToBringIt() {
    canary.fire();
    canary.owns(log(fired.getLast()), "kmsg");
    Canary.Status first = status();
    assertThat(canary.owns(log(fired.getLast()), "audit-log")).isTrue();
    assertThat(status()).isSameAs(first);
  }

  @Test
  void aRecordThatIsLateIsOwnedAndProvesNothing() {
    canary.fire();
    canary.fire();
    assertThat(canary.owns(log(fired.getFirst()), "kmsg")).isTrue();
    assertThat(status().isWaiting()).isTrue();
  }

  @Test
  void aRecordOfAnEarlierRunIsOwned() {
    assertThat(canary.owns(log("swc" + KEY + "0000"), "audit-log")).isTrue();
    assertThat(canary.status()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "swc",
        "swcabcdefgh",
        "swcabcdefgh000",
        "swcabcdefgh00000",
        "swcabcdefgi0000",
        "Swcabcdefgh0000",
        "xswcabcdefgh000",
        "",
        "nginx",
      })
  void anImitatorIsAViolationLikeAnyOther(String comm) {
    canary.fire();
    assertThat(canary.owns(log(comm), "kmsg")).isFalse();
    assertThat(status().isWaiting()).isTrue();
  }

  @Test
  void aRecordWithoutANameIsNotOwned() {
    assertThat(canary.owns(Samples.record(1, LOG, null), "kmsg")).isFalse();
  }

  /** The canary's filter only logs: whoever learns its name still cannot hide a denial. */
  @ParameterizedTest
  @ValueSource(ints = {ERRNO, 0, 0x80000000, 0x30000, 0x7ff00000, 0x7fc00000, 0x7fff0000})
  void nothingThatWasBlockedIsOwned(int code) {
    canary.fire();
    assertThat(canary.owns(record(148, code, fired.getLast()), "kmsg")).isFalse();
  }

  @Test
  void anotherCallUnderTheCanarysNameIsAViolation() {
    canary.fire();
    assertThat(canary.owns(record(165, LOG, fired.getLast()), "kmsg")).isFalse();
    assertThat(status().isWaiting()).isTrue();
  }

  @Test
  void aCanaryThatCannotRunSaysSoAndMayBeFiredAgain() {
    Canary starved =
        new Canary(
            KEY,
            comm -> {
              throw new IllegalStateException("no thread");
            },
            new SyscallTables(),
            books,
            clock);
    starved.fire();
    assertThat(Objects.requireNonNull(starved.status()).unavailable()).contains("no thread");
  }

  @Test
  void aRecordThatComesBeforeTheCallReturnsIsSeen() {
    List<Canary> self = new ArrayList<>();
    Canary quick =
        new Canary(
            KEY,
            comm -> {
              self.getFirst().owns(log(comm), "kmsg");
              return new SeccompCanary.Result.Fired(clock.instant());
            },
            new SyscallTables(),
            books,
            clock);
    self.add(quick);
    quick.fire();
    assertThat(Objects.requireNonNull(quick.status()).seenBy()).isEqualTo("kmsg");
  }

  @Test
  void whatCannotBeFiredSaysWhyAndIsNotAwaited() {
    Canary forbidden =
        new Canary(
            KEY,
            comm -> new SeccompCanary.Result.Unavailable("prctl", Errno.EINVAL, "allow it"),
            new SyscallTables(),
            books,
            clock);
    forbidden.fire();
    Canary.Status status = Objects.requireNonNull(forbidden.status());
    assertThat(status.isWaiting()).isFalse();
    assertThat(status.unavailable())
        .startsWith("prctl: ")
        .contains("EINVAL")
        .endsWith(": allow it");
  }

  @Test
  void theMetricsTellWhenItWasLastSeen() throws IOException {
    String success = "seccomp_watch_canary_last_success_timestamp_seconds";
    assertThat(Scrape.of(Scrape.metrics(books)).series(success).values()).containsExactly(0.0);
    canary.fire();
    canary.owns(log(fired.getLast()), "kmsg");
    assertThat(Scrape.of(Scrape.metrics(books)).sum(success))
        .isEqualTo((double) TestClock.START.getEpochSecond());
  }

  private Canary.Status status() {
    return Objects.requireNonNull(canary.status());
  }

  private static SeccompRecord log(@Nullable String comm) {
    return record(148, LOG, comm);
  }

  private static SeccompRecord record(long syscall, int code, @Nullable String comm) {
    return Samples.record(
        new AuditStamp(1_795_342_823L, 836, 3, 1), 0xc000003e, syscall, code, comm, "/bin/kc");
  }
}
