package io.seccompwatch.pipeline;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
    assertThat(canary.last()).isNull();
    Canary.Firing firing = canary.fire();
    assertThat(canary.last()).isSameAs(firing);
    assertThat(firing.seen()).isEmpty();

    assertThat(canary.owns(log(fired.getLast()), "kmsg")).isTrue();
    assertThat(firing.seen()).containsOnlyKeys("kmsg");
    assertThat(firing.seen().values()).noneMatch(Duration::isNegative);
  }

  @Test
  void eachSourceIsNotedOnceAndTheFirstOneComesFirst() {
    Canary.Firing firing = canary.fire();
    canary.owns(log(fired.getLast()), "kmsg");
    Duration first = firing.seen().get("kmsg");
    canary.owns(log(fired.getLast()), "audit-log");
    canary.owns(log(fired.getLast()), "kmsg");
    assertThat(firing.seen().keySet()).containsExactly("kmsg", "audit-log");
    assertThat(firing.seen()).containsEntry("kmsg", first);
  }

  @Test
  void aRecordThatTakesLongerThanTheNextFiringProvesItsOwn() {
    Canary.Firing early = canary.fire();
    Canary.Firing late = canary.fire();
    assertThat(canary.owns(log(fired.getFirst()), "kmsg")).isTrue();
    assertThat(early.seen()).containsOnlyKeys("kmsg");
    assertThat(late.seen()).isEmpty();
  }

  @Test
  void aRecordOfAnEarlierRunOrOfTheDoctorIsOwnedAndProvesNothing() {
    Canary.Firing firing = canary.fire();
    assertThat(canary.owns(log("swc" + KEY + "0000"), "audit-log")).isTrue();
    assertThat(firing.seen()).isEmpty();
    assertThat(books.canarySuccesses()).isEmpty();
  }

  @Test
  void ofVeryManyFiringsTheOldAreForgottenAndStillOwned() {
    Canary.Firing first = canary.fire();
    for (int i = 0; i < 100; i++) {
      canary.fire();
    }
    assertThat(canary.owns(log(fired.getFirst()), "kmsg")).isTrue();
    assertThat(first.seen()).isEmpty();
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
    Canary.Firing firing = canary.fire();
    assertThat(canary.owns(log(comm), "kmsg")).isFalse();
    assertThat(firing.seen()).isEmpty();
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
    Canary.Firing firing = canary.fire();
    assertThat(canary.owns(record(165, LOG, fired.getLast()), "kmsg")).isFalse();
    assertThat(firing.seen()).isEmpty();
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
    assertThat(starved.fire().unavailable()).contains("no thread");
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
    assertThat(quick.fire().seen()).containsOnlyKeys("kmsg");
  }

  @Test
  void whatCannotBeFiredSaysWhy() {
    Canary forbidden =
        new Canary(
            KEY,
            comm -> new SeccompCanary.Result.Unavailable("prctl", Errno.EINVAL, "allow it"),
            new SyscallTables(),
            books,
            clock);
    Canary.Firing firing = forbidden.fire();
    assertThat(firing.unavailable())
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

  private static SeccompRecord log(@Nullable String comm) {
    return record(148, LOG, comm);
  }

  private static SeccompRecord record(long syscall, int code, @Nullable String comm) {
    return Samples.record(
        new AuditStamp(1_795_342_823L, 836, 3, 1), 0xc000003e, syscall, code, comm, "/bin/kc");
  }
}
