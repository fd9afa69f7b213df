package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.RuntimeNames;
import io.seccompwatch.config.CanaryName;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.pipeline.WorkloadResolver.ThreadAttributor;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.testing.Await;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Violation;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of syslog and of better witnesses in, in any order; violations and balanced books out. */
class VouchingTest {

  private static final CanaryName CANARY = new CanaryName("abcdefgh", true);

  private final TestClock clock = new TestClock();
  private Instant made = clock.instant();
  private final Books books = new Books(clock, 100);
  private final List<Violation> published = new ArrayList<>();
  private final List<Instant> proofs = new ArrayList<>();
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  private final Deduplicator duplicates = new Deduplicator(true);
  private final ThreadAttributor attributor =
      new ThreadAttributor() {
        @Override
        public Attribution attribute(SeccompRecord record, Instant written) {
          return Samples.workload("a");
        }

        @Override
        public boolean mayImprove(SeccompRecord record) {
          return false;
        }
      };
  private final PendingViolations delivery =
      new PendingViolations(
          books,
          List.of(published::add),
          new WorkloadResolver(null, RuntimeNames.NONE, attributor, clock),
          PendingViolations.Limits.DEFAULT,
          clock::millis,
          VouchingTest::refuse);
  private final Vouching vouching = vouching("syslog", "kmsg");
  private final Pipeline syslog = pipeline(vouching, "syslog", Dialect.SYSLOG);
  private final Pipeline kmsg = pipeline(vouching, "kmsg", Dialect.KMSG);

  @BeforeEach
  void allSourcesHaveBeenReadForAMinute() {
    settle(vouching);
  }

  @AfterEach
  void theBooksBalance() {
    assertThat(books.balance()).matches(Books.Balance::balanced);
  }

  @Test
  void whatTheRingHasBroughtBeforeIsADuplicateAtOnce() {
    feed(kmsg, kmsg(1));
    feed(syslog, syslog(1));
    assertCounts(1, 1, 0, 0);
    assertThat(published.getFirst().source()).isEqualTo("kmsg");
  }

  @Test
  void whatTheRingBringsLaterIsPublishedAsTheRingsAndTheHeldOneIsTheDuplicate() {
    feed(syslog, syslog(1));
    assertCounts(0, 0, 0, 1);
    after(100);
    assertCounts(0, 0, 0, 1);
    feed(kmsg, kmsg(1));
    assertCounts(1, 0, 0, 1);
    after(100);
    assertCounts(1, 1, 0, 0);
    assertThat(published.getFirst().source()).isEqualTo("kmsg");
  }

  @Test
  void whatTheRingHasNotSeenIsRefusedAfterTheWindowAndShownInTheLog() {
    feed(syslog, syslog(1));
    feed(syslog, syslog(2));
    after(Vouching.WINDOW.toMillis() - 1);
    assertCounts(0, 0, 0, 2);
    after(1);
    assertCounts(0, 0, 2, 0);
    assertThat(books.balance().rejected()).containsEntry("untrusted_origin", 2L);
    assertThat(log.toString(StandardCharsets.UTF_8).lines())
        .singleElement() // one a minute
        .asString()
        .contains(" level=warn ", "source=syslog", "audit(", ":1): auid", "exe=\\\"/bin/kc\\\"")
        .hasSizeLessThan(900);
  }

  /** The ring has this machine's records only, and can say nothing of others'. */
  @Test
  void aRecordOfAnotherNodeIsNeitherHeldNorRefused() {
    feed(syslog, syslog(1).replace(" n1 ", " n2 "));
    feed(kmsg, kmsg(1));
    assertCounts(2, 0, 0, 0);
    assertThat(published).extracting(Violation::node).containsExactly("n2", "n1");
  }

  @Test
  void whatIsRefusedIsForgottenAndItsTrueCopyStillCounts() {
    feed(syslog, syslog(1));
    after(Vouching.WINDOW.toMillis());
    feed(kmsg, kmsg(1));
    assertCounts(1, 0, 1, 0);
  }

  @ParameterizedTest
  @CsvSource({
    // the ring's reader was overrun, so many ms before the record came or after
    "-5000, true",
    "1000,  true",
    "3900,  true",
    "-20000, false",
    "4100, false",
  })
  void whatTheRingsReaderMayHaveLostCounts(long lostAfter, boolean counts) {
    if (lostAfter < 0) {
      kmsg.lost(LossReason.SOCKET_OVERRUN, 3);
      after(-lostAfter);
      feed(syslog, syslog(1));
    } else {
      feed(syslog, syslog(1));
      after(lostAfter);
      kmsg.lost(LossReason.SOCKET_OVERRUN, 3);
    }
    after(Vouching.WINDOW.toMillis());
    assertCounts(counts ? 1 : 0, 0, counts ? 0 : 1, 0);
  }

  @Test
  void whatAWitnessCouldNotReadCounts() {
    Vouching with = vouching("syslog", "audit-netlink");
    settle(with, "audit-netlink");
    Pipeline lines = pipeline(with, "syslog", Dialect.SYSLOG);
    Pipeline netlink = pipeline(with, "audit-netlink", Dialect.AUDIT_NETLINK);
    feed(lines, syslog(1));
    netlink.lineTooLong(10_000);
    clock.advance(Vouching.WINDOW);
    with.round();
    assertCounts(1, 0, 0, 0);
  }

  @Test
  void aForgedNoticeOfLossOpensNoDoor() {
    feed(
        syslog,
        "2026-11-22T10:20:14+00:00 n1 kernel: audit: audit_lost=7 audit_rate_limit=0"
            + " audit_backlog_limit=64");
    feed(syslog, syslog(1));
    after(Vouching.WINDOW.toMillis());
    assertThat(books.balance().lost()).isEmpty();
    assertCounts(0, 0, 1, 0);
  }

  @Test
  void twoCopiesOfOneHeldRecordAreOneViolationWhenItCounts() {
    feed(syslog, syslog(1));
    feed(syslog, syslog(1));
    kmsg.lost(LossReason.SOCKET_OVERRUN, 1);
    after(Vouching.WINDOW.toMillis());
    assertCounts(1, 1, 0, 0);
  }

  /** The stamp is the forger's choice: it excuses nothing once the file's old part is read. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1_000_000_000, 99_999_999_999L})
  void aStampOfAnyTimeIsDoubted(long seconds) {
    feed(syslog, syslog(1).replaceFirst("audit\\(\\d+", "audit(" + seconds));
    after(Vouching.WINDOW.toMillis());
    assertCounts(0, 0, 1, 0);
  }

  @Test
  void whatWasMadeBeforeTheStartCountsWhileTheFileIsReadFromBefore() {
    Vouching fresh = vouching("syslog", "kmsg");
    Pipeline reading = pipeline(fresh, "syslog", Dialect.SYSLOG);
    made = clock.instant().minusSeconds(1);
    String old = syslog(1);
    for (int second = 0; second < 60; second += 2) {
      clock.advance(Duration.ofSeconds(2));
      fresh.look(List.of(status("kmsg", 0), status("syslog", 4_096)));
    }
    feed(reading, old);
    assertCounts(1, 0, 0, 0);
    made = clock.instant();
    feed(reading, syslog(2));
    assertCounts(1, 0, 0, 1);

    settle(fresh);
    feed(reading, old.replace(":1)", ":3)"));
    assertCounts(1, 0, 0, 2);
    fresh.close();
  }

  @Test
  void theFileIsReadFromBeforeTheStartForMinutesAtMost() {
    Vouching fresh = vouching("syslog", "kmsg");
    Pipeline reading = pipeline(fresh, "syslog", Dialect.SYSLOG);
    made = clock.instant().minusSeconds(1);
    String old = syslog(1);
    fresh.look(List.of(status("kmsg", 0), status("syslog", 4_096)));
    clock.advance(Duration.ofMinutes(5));
    fresh.look(List.of(status("kmsg", 0), status("syslog", 4_096)));
    feed(reading, old);
    assertCounts(0, 0, 0, 1);
    fresh.close();
  }

  @Test
  void theRingSaysNothingOfJournaldsRecords() {
    feed(syslog, journald());
    assertCounts(1, 0, 0, 0);
    feed(kmsg, kmsg(1));
    assertCounts(1, 1, 0, 0);
  }

  @Test
  void journaldsRecordIsHeldWhereTheMulticastIsReadAndPairedWithItsStampedOne() {
    Vouching with = vouching("syslog", "audit-netlink");
    settle(with, "audit-netlink");
    Pipeline lines = pipeline(with, "syslog", Dialect.SYSLOG);
    Pipeline netlink = pipeline(with, "audit-netlink", Dialect.AUDIT_LOG);
    feed(lines, journald());
    feed(lines, journald());
    assertCounts(0, 0, 0, 2);
    feed(netlink, audit(1));
    clock.advance(Duration.ofMillis(100));
    with.round();
    assertCounts(1, 1, 0, 1);
    clock.advance(Vouching.WINDOW);
    with.round();
    assertCounts(1, 1, 1, 0);
  }

  @Test
  void auditdsLogIsPutToTheProofAndWhatItThenStillHasNotSeenIsRefused() {
    Vouching with = vouching("syslog", "audit-log");
    settle(with, "audit-log");
    Pipeline lines = pipeline(with, "syslog", Dialect.SYSLOG);
    Pipeline auditLog = pipeline(with, "audit-log", Dialect.AUDIT_LOG);
    feed(lines, syslog(1));
    clock.advance(Vouching.PROOF_AFTER.minusMillis(1));
    with.round();
    assertThat(proofs).isEmpty();
    clock.advance(Duration.ofMillis(1));
    with.round();
    with.round();
    assertThat(proofs).hasSize(1);
    made = clock.instant();
    feed(auditLog, audit(2)); // as the canary's would come
    clock.advance(Vouching.WINDOW);
    with.round();
    assertCounts(1, 0, 1, 0);
    assertThat(proofs).hasSize(1);
  }

  /** Its name is in the kernel's log for all who may read that, and the stamp is the forger's. */
  @Test
  void aForgedCanaryDoesNotTakeARecordsPlace() {
    String forged = syslog(7).replace("comm=\"kc\"", "comm=\"" + CANARY.comm(1) + "\"");
    feed(syslog, forged.replace("syscall=165", "syscall=148").replace("0x50000", "0x7ffc0000"));
    assertThat(books.balance().canary()).isEqualTo(1);
    feed(kmsg, kmsg(7));
    assertCounts(1, 0, 0, 0);
  }

  /** auditd's socket was full, the kernel gave up on the record, and printk had it all the same. */
  @Test
  void whatIsMissingInAuditdsLogIsNoForgeryAlthoughTheGapIsCertainOnlyLater() {
    Vouching with = vouching("syslog", "audit-log");
    settle(with, "audit-log");
    Pipeline lines = pipeline(with, "syslog", Dialect.SYSLOG);
    Pipeline auditLog = pipeline(with, "audit-log", Dialect.AUDIT_LOG);
    feed(auditLog, audit(1));
    feed(lines, syslog(2));
    clock.advance(Duration.ofMillis(100));
    made = clock.instant();
    feed(auditLog, audit(3));
    passed(with, auditLog, Vouching.WINDOW);
    assertCounts(2, 0, 0, 1);
    passed(with, auditLog, Vouching.LONGEST.minus(Vouching.WINDOW));
    assertCounts(3, 0, 0, 0);
    assertThat(books.balance().lost()).isEqualTo(Map.of("serial_gap", 1L));
  }

  @Test
  void aGapThatClosesWasNoneAndExcusesNothing() {
    Vouching with = vouching("syslog", "audit-log");
    settle(with, "audit-log");
    Pipeline lines = pipeline(with, "syslog", Dialect.SYSLOG);
    Pipeline auditLog = pipeline(with, "audit-log", Dialect.AUDIT_LOG);
    feed(auditLog, audit(1));
    feed(lines, syslog(9));
    clock.advance(Duration.ofMillis(100));
    made = clock.instant();
    feed(auditLog, audit(3));
    feed(auditLog, audit(2));
    passed(with, auditLog, Vouching.WINDOW);
    assertCounts(3, 0, 1, 0);
  }

  @Test
  void aDeadDaemonsLogIsFoundOutAndWhatSyslogBringsCountsAtOnceFromThenOn() {
    Vouching with = vouching("syslog", "audit-log");
    settle(with, "audit-log");
    Pipeline lines = pipeline(with, "syslog", Dialect.SYSLOG);
    feed(lines, syslog(1));
    for (int tenth = 0; tenth < 40; tenth++) {
      clock.advance(Duration.ofMillis(100));
      with.round();
    }
    assertCounts(1, 0, 0, 0);
    assertThat(proofs).hasSize(1);
    feed(lines, syslog(2));
    assertCounts(2, 0, 0, 0);

    Pipeline auditLog = pipeline(with, "audit-log", Dialect.AUDIT_LOG);
    made = clock.instant();
    feed(auditLog, audit(3));
    feed(lines, syslog(4));
    assertCounts(3, 0, 0, 1);
    with.close();
  }

  @Test
  void aFloodIsBoundedAndTheOldestIsDecidedBeforeItsTime() {
    for (int i = 0; i < Vouching.MOST + 10; i++) {
      feed(syslog, syslog(i));
    }
    assertCounts(0, 0, 10, Vouching.MOST);
  }

  /** syslog's lines may have 64 KiB, nearly all of it a label that their writer chose. */
  @Test
  void aFloodOfLongLinesIsBoundedByTheirLength() {
    int longest = 60_000;
    for (int i = 0; i < 200; i++) {
      feed(syslog, syslog(i).replace(" pid=", " subj=" + "x".repeat(longest) + " pid="));
    }
    long held = books.balance().held();
    assertThat(held).isPositive().isLessThanOrEqualTo(Vouching.MOST_TEXT / longest);
    assertCounts(0, 0, 200 - held, held);
    after(Vouching.WINDOW.toMillis());
    feed(syslog, syslog(200));
    assertCounts(0, 0, 200, 1);
  }

  @Test
  void whatIsHeldAtTheEndIsDecidedWithWhatIsKnown() {
    feed(syslog, syslog(1));
    feed(syslog, syslog(2));
    feed(kmsg, kmsg(1));
    vouching.close();
    assertCounts(1, 1, 1, 0);
    feed(syslog, syslog(3)); // a thread that has not ended yet
    assertCounts(1, 1, 2, 0);
  }

  @Test
  void itsOwnThreadDecidesToo() throws Exception {
    vouching.start();
    feed(syslog, syslog(1));
    feed(kmsg, kmsg(1));
    Await.until("decided", () -> books.balance().held() == 0);
    vouching.close();
    assertCounts(1, 1, 0, 0);
  }

  private void assertCounts(long violations, long duplicate, long refused, long held) {
    Books.Balance balance = books.balance();
    assertThat(
            Map.of(
                "violations", balance.violations(),
                "duplicates", balance.duplicates(),
                "refused", balance.rejected().getOrDefault("untrusted_origin", 0L),
                "held", balance.held()))
        .isEqualTo(
            Map.of(
                "violations", violations,
                "duplicates", duplicate,
                "refused", refused,
                "held", held));
    assertThat(published).hasSize((int) violations);
  }

  private Vouching vouching(String... sources) {
    return new Vouching(
        new Vouchers(List.of(sources)),
        duplicates,
        books,
        delivery,
        () -> proofs.add(clock.instant()),
        clock,
        clock::millis,
        new AgentLog(new PrintStream(log, true, StandardCharsets.UTF_8), clock),
        VouchingTest::refuse);
  }

  private Pipeline pipeline(Vouching with, String source, Dialect dialect) {
    return new Pipeline(
        new Pipeline.Shared(
            duplicates,
            new Canary(
                CANARY.key(),
                comm -> new SeccompCanary.Result.Fired(clock.instant()),
                new SyscallTables(),
                books,
                clock),
            new SyscallTables(),
            books,
            delivery,
            with,
            new KernelLosses(books, true, clock::millis),
            VouchingTest::refuse,
            new NodeNames("n1", List.of(), true, new AgentLog(System.err, clock)),
            clock),
        source,
        dialect,
        attributor);
  }

  private void settle(Vouching fresh) {
    settle(fresh, "kmsg");
  }

  private void settle(Vouching fresh, String voucher) {
    for (int second = 0; second < 60; second += 2) {
      clock.advance(Duration.ofSeconds(2));
      fresh.look(List.of(status(voucher, 0), status("syslog", 0)));
    }
    made = clock.instant();
  }

  /** Tenth by tenth; the file is looked at again and again. */
  private void passed(Vouching with, Pipeline file, Duration time) {
    for (long tenths = time.toMillis() / 100; tenths > 0; tenths--) {
      clock.advance(Duration.ofMillis(100));
      file.idle();
      with.round();
    }
  }

  private void after(long millis) {
    clock.advance(Duration.ofMillis(millis));
    vouching.round();
  }

  private static void refuse(RuntimeException defect) {
    throw defect;
  }

  private static SourceStatus status(String source, long lag) {
    return new SourceStatus(source, "/" + source, true, null, lag, 0);
  }

  private static void feed(Pipeline pipeline, String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    pipeline.line(bytes, 0, bytes.length);
  }

  private String syslog(long serial) {
    return made + " n1 kernel: [  12.345678] audit: type=1326 " + stamped(serial);
  }

  private String journald() {
    return made + " n1 audit[7355]: SECCOMP " + body();
  }

  private String kmsg(long serial) {
    return "5,900,1,-;audit: type=1326 " + stamped(serial);
  }

  private String audit(long serial) {
    return "type=SECCOMP msg=" + stamped(serial);
  }

  private String stamped(long serial) {
    long millis = made.toEpochMilli();
    return "audit(%d.%03d:%d): %s".formatted(millis / 1_000, millis % 1_000, serial, body());
  }

  private static String body() {
    return "auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7355 comm=\"kc\" exe=\"/bin/kc\" sig=0"
        + " arch=c000003e syscall=165 compat=0 ip=0x439fea code=0x50000";
  }
}
