package io.seccompwatch.pipeline;

import static io.seccompwatch.testing.Samples.LOG;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.Errno;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is concluded, counted and said of which sources brought the canary. */
class CanaryWatchTest {

  private final TestClock clock = new TestClock();
  private final Books books = new Books(clock, 10);
  private final List<String> fired = new ArrayList<>();
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  private final List<SourceStatus> sources =
      new ArrayList<>(List.of(status("audit-log", true), status("kmsg", true)));
  private final Canary canary =
      new Canary(
          "abcdefgh",
          comm -> {
            fired.add(comm);
            return new SeccompCanary.Result.Fired(clock.instant());
          },
          new SyscallTables(),
          books,
          clock);
  private final CanaryWatch watch =
      new CanaryWatch(
          () -> sources,
          books,
          new AgentLog(new PrintStream(log, true, StandardCharsets.UTF_8), clock));

  @Test
  void itIsCompleteWhenEverySourceThatIsUpHasBroughtIt() {
    Canary.Firing firing = canary.fire();
    assertThat(watch.isComplete(firing)).isFalse();
    assertThat(watch.result(firing)).isNull();
    bring("kmsg");
    assertThat(watch.isComplete(firing)).isFalse();
    assertThat(watch.result(firing)).matches("seen by kmsg after \\d+ ms");
    bring("audit-log");
    assertThat(watch.isComplete(firing)).isTrue();
    assertThat(watch.result(firing)).startsWith("seen by kmsg");
  }

  @Test
  void aSourceThatIsDownIsNotWaitedForNorSaidToBeSilent() {
    sources.set(1, status("kmsg", false));
    Canary.Firing firing = canary.fire();
    bring("audit-log");
    assertThat(watch.isComplete(firing)).isTrue();
    watch.judge(firing);
    assertThat(said()).isEmpty();
  }

  @Test
  void theKernelsLogMayDropTheCanaryWithoutAnAuditd() {
    judge("audit-netlink");
    assertThat(said())
        .anySatisfy(
            line -> assertThat(line).contains("source=kmsg", "at most ten in five seconds"));
  }

  @ParameterizedTest
  @CsvSource({
    "kmsg, audit-log, level=info, normal: auditd takes the records",
    "audit-log, kmsg, level=warn, that auditd runs and writes this file",
  })
  void aSourceThatStopsBringingItIsNamedOnceAndAgainWhenItIsBack(
      String silent, String other, String level, String why) {
    for (int i = 0; i < 3; i++) {
      judge(other);
    }
    judge(other, silent);
    judge(other, silent);
    assertThat(said())
        .satisfiesExactly(
            line ->
                assertThat(line)
                    .contains(level, "did not come through", "source=" + silent, "seenBy=" + other)
                    .contains(why),
            line -> assertThat(line).contains("comes through this source again", silent));
    assertThat(books.canariesMissed()).isZero();
    assertThat(watch.problem()).isNull();
  }

  @Test
  void whenNobodyBringsItThatIsAMissAndAProblemUntilSomebodyDoes() {
    judge();
    judge();
    assertThat(books.canariesFired()).isEqualTo(2);
    assertThat(books.canariesMissed()).isEqualTo(2);
    assertThat(watch.problem()).isEqualTo("was not seen: a denial would not be seen either");
    judge("kmsg", "audit-log");
    assertThat(watch.problem()).isNull();
    assertThat(said())
        .satisfiesExactly(
            line -> assertThat(line).contains("level=warn", "audit-log=/audit-log, kmsg=/kmsg"),
            line -> assertThat(line).contains("level=warn", "canary was not seen"),
            line -> assertThat(line).contains("level=info", "seen again", "source=kmsg"));
  }

  /** printk may hold a record back for longer than the time between two firings. */
  @Test
  void aFiringThatComesLateIsJudgedByItselfAndNotByTheNext() {
    Canary.Firing early = canary.fire();
    Canary.Firing late = canary.fire();
    bring("audit-log");
    bring(fired.getFirst(), "audit-log");
    watch.judge(early);
    watch.judge(late);
    assertThat(books.canariesMissed()).isZero();
  }

  @Test
  void whatCannotBeFiredIsNoMiss() {
    Canary forbidden =
        new Canary(
            "abcdefgh",
            comm -> new SeccompCanary.Result.Unavailable("prctl", Errno.EINVAL, "allow it"),
            new SyscallTables(),
            books,
            clock);
    Canary.Firing firing = forbidden.fire();
    assertThat(watch.isComplete(firing)).isTrue();
    assertThat(watch.result(firing)).isEqualTo("unavailable");
    watch.judge(firing);
    assertThat(books.canariesMissed()).isZero();
    assertThat(said()).singleElement().asString().contains("cannot be fired", "allow it");
  }

  private void judge(String... broughtBy) {
    Canary.Firing firing = canary.fire();
    for (String source : broughtBy) {
      bring(source);
    }
    clock.advance(Duration.ofMinutes(5));
    watch.judge(firing);
  }

  private void bring(String source) {
    bring(fired.getLast(), source);
  }

  private void bring(String comm, String source) {
    AuditStamp stamp = new AuditStamp(1_795_342_823L, 836, 3, 1);
    assertThat(
            canary.owns(Samples.record(stamp, Samples.X86_64, 148, LOG, comm, "/bin/java"), source))
        .isTrue();
  }

  private List<String> said() {
    return log.toString(StandardCharsets.UTF_8).lines().toList();
  }

  private static SourceStatus status(String name, boolean up) {
    return new SourceStatus(name, "/" + name, up, up ? null : "gone", 0, 0);
  }
}
