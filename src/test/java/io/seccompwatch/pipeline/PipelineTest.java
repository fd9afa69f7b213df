package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.RuntimeNames;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.pipeline.WorkloadResolver.ThreadAttributor;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.Books;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.syscall.SyscallTables;
import io.seccompwatch.testing.Samples;
import io.seccompwatch.testing.Scrape;
import io.seccompwatch.testing.TestClock;
import io.seccompwatch.violation.Violation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes of lines in; violations and balanced books out. */
class PipelineTest {

  private final TestClock clock = new TestClock();
  private final Books books = new Books(clock, 100);
  private final List<Violation> published = new ArrayList<>();
  private final List<RuntimeException> defects = new ArrayList<>();
  private final List<String> canaries = new ArrayList<>();
  private final Canary canary =
      new Canary(
          "abcdefgh",
          comm -> {
            canaries.add(comm);
            return new SeccompCanary.Result.Fired(clock.instant());
          },
          new SyscallTables(),
          books,
          clock);
  private final Attribution attribution = Samples.workload("a");
  private final ThreadAttributor attributor =
      new ThreadAttributor() {
        @Override
        public Attribution attribute(SeccompRecord record, Instant written) {
          if ("defective".equals(record.comm())) {
            throw new IllegalStateException("a defect");
          }
          return attribution;
        }

        @Override
        public boolean mayImprove(SeccompRecord record) {
          return false;
        }
      };
  private final Pipeline.Shared shared =
      new Pipeline.Shared(
          new Deduplicator(true),
          canary,
          new SyscallTables(),
          books,
          new PendingViolations(
              books,
              List.of(published::add),
              new WorkloadResolver(null, RuntimeNames.NONE, attributor, clock),
              PendingViolations.Limits.DEFAULT,
              clock::millis,
              defect -> {
                throw defect;
              }),
          null,
          new KernelLosses(books, true, clock::millis),
          defects::add,
          new NodeNames("n1", List.of(), true, new AgentLog(System.err, clock)),
          clock);
  private final Pipeline auditLog = pipeline("audit-log", Dialect.AUDIT_LOG);

  @Test
  void aRecordIsNamedAttributedCountedAndPublished() {
    feed(auditLog, audit(1, "kc", "0x50000"));
    assertThat(published).hasSize(1);
    Violation violation = published.getFirst();
    assertThat(violation.syscallName()).isEqualTo("mount");
    assertThat(violation.attribution()).isSameAs(attribution);
    assertThat(violation.source()).isEqualTo("audit-log");
    assertThat(violation.node()).isEqualTo("n1");
    assertThat(violation.time()).hasToString("2026-11-22T10:20:23.836Z");
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(1L, Books.Balance::lines)
        .returns(1L, Books.Balance::denials);
  }

  @Test
  void aRecordOfAnotherNodeIsCountedUnderItsNodesNameAndNeverLookedUp() throws IOException {
    feed(auditLog, "node=other.example " + audit(1, "kc", "0x50000"));
    feed(auditLog, "node=other.example " + audit(1, "kc", "0x50000"));
    Pipeline syslog = pipeline("syslog", Dialect.SYSLOG);
    feed(syslog, "Nov 21 08:00:00 n2 kernel: " + kernel(2, "kc", "0x50000"));
    feed(syslog, "Nov 21 08:00:00 n2 audit[7]: SECCOMP " + body("stampless", "0x50000"));
    assertThat(published)
        .extracting(Violation::node, violation -> violation.attribution().reason())
        .containsExactly(
            tuple("other.example", AttributionReason.FOREIGN_NODE),
            tuple("n2", AttributionReason.FOREIGN_NODE),
            tuple("n2", AttributionReason.FOREIGN_NODE));
    assertThat(published)
        .extracting(violation -> violation.attribution().outcome())
        .containsOnly(Attribution.Outcome.UNKNOWN);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(4L, Books.Balance::records)
        .returns(1L, Books.Balance::duplicates)
        .returns(3L, Books.Balance::attributions);
    Scrape scrape = Scrape.of(Scrape.metrics(books));
    assertThat(scrape.value("seccomp_watch_records_foreign_total", "source", "audit-log"))
        .isEqualTo(1);
    assertThat(scrape.value("seccomp_watch_records_foreign_total", "source", "syslog"))
        .isEqualTo(2);
  }

  @Test
  void equalStampsOfTwoNodesAreTwoViolations() {
    feed(auditLog, audit(1, "kc", "0x50000"));
    feed(auditLog, "node=n2 " + audit(1, "kc", "0x50000"));
    feed(auditLog, "node=n3 " + audit(1, "kc", "0x50000"));
    feed(auditLog, "node=n1 " + audit(1, "kc", "0x50000"));
    assertThat(published).extracting(Violation::node).containsExactly("n1", "n2", "n3");
    assertThat(books.balance().duplicates()).isEqualTo(1);
  }

  @Test
  void aLineUnderANameThatTheCanaryHasTaughtIsThisNodes() {
    feed(auditLog, "node=10.0.0.5 " + audit(1, "kc", "0x50000"));
    canary.fire();
    feed(auditLog, "node=10.0.0.5 " + canaryCall(audit(2, canaries.getFirst(), "0x7ffc0000")));
    feed(auditLog, "node=10.0.0.5 " + audit(3, "kc", "0x50000"));
    assertThat(published).extracting(Violation::node).containsExactly("10.0.0.5", "n1");
    assertThat(published.getLast().attribution()).isSameAs(attribution);
  }

  /** Such a line may be an old one, or anybody's who has seen the name. */
  @Test
  void aCanaryThatThisRunHasNotFiredTeachesNothing() {
    feed(auditLog, "node=alias " + canaryCall(audit(1, "swcabcdefgh0000", "0x7ffc0000")));
    feed(auditLog, "node=alias " + audit(2, "kc", "0x50000"));
    assertThat(published.getFirst().attribution().reason())
        .isEqualTo(AttributionReason.FOREIGN_NODE);
    assertThat(books.balance().canary()).isEqualTo(1);
  }

  @Test
  void theSerialsOfTwoNodesInOneLogAreNoGapsAndOnesOwnAreWatched() {
    for (int serial = 1; serial < 20; serial++) {
      feed(auditLog, "node=n1 " + audit(serial, "kc", "0x50000"));
      feed(auditLog, "node=n2 " + audit(9_000 + 7L * serial, "kc", "0x50000"));
    }
    clock.advance(Duration.ofMinutes(1));
    auditLog.idle();
    assertThat(books.balance().lost()).isEmpty();
    feed(auditLog, "node=n1 type=SYSCALL msg=audit(1795342823.836:22): arch=c000003e syscall=59");
    clock.advance(Duration.ofMinutes(1));
    auditLog.idle();
    assertThat(books.balance().lost()).isEqualTo(Map.of("serial_gap", 2L));
  }

  @Test
  void whatAnotherNodeHasLostIsNoLossHere() {
    feed(auditLog, "node=n2 type=UNKNOWN[9999] msg=lost");
    Pipeline syslog = pipeline("syslog", Dialect.SYSLOG);
    String dropped = " rsyslogd: imjournal: 40 messages lost due to rate-limiting (20 allowed)";
    feed(syslog, "Feb  9 17:53:54 n2" + dropped);
    assertThat(books.balance().lost()).isEmpty();
    feed(syslog, "Feb  9 17:53:54 n1" + dropped);
    assertThat(books.balance().lost()).isEqualTo(Map.of("syslog_rate_limit", 40L));
  }

  @Test
  void whatTwoSourcesBringIsOneViolationAndOneDuplicate() {
    Pipeline kmsg = pipeline("kmsg", Dialect.KMSG);
    feed(auditLog, audit(1, "kc", "0x7ffc0000"));
    feed(kmsg, kmsg(1, "kc", "0x7ffc0000"));
    feed(kmsg, kmsg(2, "kc", "0x7ffc0000"));
    feed(auditLog, audit(2, "kc", "0x7ffc0000"));
    assertThat(published).hasSize(2);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(4L, Books.Balance::records)
        .returns(2L, Books.Balance::duplicates)
        .returns(2L, Books.Balance::logged);
  }

  @Test
  void theCanaryIsCountedAndNeverPublishedAndItsImitatorIs() {
    canary.fire();
    feed(auditLog, canaryCall(audit(1, canaries.getFirst(), "0x7ffc0000")));
    feed(auditLog, canaryCall(audit(1, canaries.getFirst(), "0x7ffc0000")));
    feed(auditLog, canaryCall(audit(2, canaries.getFirst(), "0x50000")));
    feed(auditLog, canaryCall(audit(3, "swcabcdefgi0000", "0x7ffc0000")));
    assertThat(published).hasSize(2);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(1L, Books.Balance::canary)
        .returns(1L, Books.Balance::duplicates)
        .returns(2L, Books.Balance::violations);
  }

  @Test
  void whatIsNoRecordIsALineOnlyAndWhatIsRefusedHasItsReason() {
    feed(auditLog, "type=USER_LOGIN msg=audit(1795342823.836:15): pid=1 uid=0");
    feed(auditLog, "");
    feed(auditLog, audit(1, "kc", "0x50000").substring(0, 120));
    feed(auditLog, audit(2, "kc", "0x50000").replace(" uid=0", " uid=root"));
    auditLog.lineTooLong(1_000_000);
    assertThat(published).isEmpty();
    assertThat(books.balance().lines()).isEqualTo(5);
    assertThat(books.balance().records()).isZero();
    assertThat(books.balance().rejected().values().stream().mapToLong(n -> n).sum()).isEqualTo(3);
    assertThat(books.balance().rejected()).containsEntry("line_too_long", 1L);
  }

  @Test
  void aDefectMetOnALineIsCountedAndToldAndTheNextLineIsReadAllTheSame() {
    feed(auditLog, audit(1, "defective", "0x50000"));
    feed(auditLog, audit(2, "kc", "0x50000"));
    assertThat(defects).singleElement().extracting(Exception::getMessage).isEqualTo("a defect");
    assertThat(published).hasSize(1);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(Map.of("defect", 1L), Books.Balance::rejected);
  }

  /** Read long after it was written, it tells of then. */
  @Test
  void aRecordWithoutAStampHasTheTimeOfItsLine() {
    Pipeline syslog = pipeline("syslog", Dialect.SYSLOG);
    String record = " n1 audit[7355]: SECCOMP " + body("kc", "0x50000");
    feed(syslog, "2026-11-21T08:00:00.250000+01:00" + record);
    feed(syslog, "<13>1 2026-11-21T07:00:00.5Z n1 audit 7355 - - SECCOMP " + body("k", "0x0"));
    feed(syslog, "2026-02-31T08:00:00+01:00" + record.replace("kc", "k2"));
    feed(syslog, "Nov 21 08:00:00" + record.replace("kc", "k3"));
    assertThat(published)
        .extracting(violation -> String.valueOf(violation.time()))
        .containsExactly(
            "2026-11-21T07:00:00.250Z",
            "2026-11-21T07:00:00.500Z",
            TestClock.START.toString(),
            TestClock.START.toString());
  }

  @Test
  void aRecordThatPrintkCutIsAViolationOfUnknownActionAndNoRejectedLine() {
    Pipeline kmsg = pipeline("kmsg", Dialect.KMSG);
    String line = kmsg(1, "kc", "0x80000000").replace("/bin/kc", "/" + "a".repeat(1_500));
    feed(kmsg, line.substring(0, "5,900,1,-;".length() + 1_021));
    feed(auditLog, audit(1, "kc", "0x80000000"));
    assertThat(published)
        .singleElement()
        .returns(attribution, Violation::attribution)
        .returns("unknown", it -> it.record().action().label())
        .returns("unknown", Violation::syscallLabel)
        .returns("denied", Violation::verdict);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(1L, Books.Balance::denials)
        .returns(1L, Books.Balance::duplicates)
        .returns(Map.of(), Books.Balance::rejected);
  }

  @Test
  void aRepeatedRecordCountsAsOftenAsItCame() {
    Pipeline syslog = pipeline("syslog", Dialect.SYSLOG);
    feed(auditLog, audit(1, "kc", "0x50000"));
    String header = "Nov 22 10:20:23 n1 audit[7355]: ";
    feed(syslog, header + "message repeated 37 times: [ SECCOMP " + body("kc", "0x50000") + "]");
    assertThat(published).hasSize(37);
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(2L, Books.Balance::lines)
        .returns(38L, Books.Balance::records)
        .returns(1L, Books.Balance::duplicates)
        .returns(37L, Books.Balance::denials);
  }

  @Test
  void aForgedNumberOfRepetitionsIsBoundedAndTheRestCountedAsLost() {
    Pipeline syslog = pipeline("syslog", Dialect.SYSLOG);
    String header = "Nov 22 10:20:23 n1 audit[7355]: message repeated 4294967295 times: [ SECCOMP ";
    feed(syslog, header + body("kc", "0x50000") + "]");
    assertThat(books.balance())
        .matches(Books.Balance::balanced)
        .returns(1_000L, Books.Balance::denials)
        .returns(Map.of("syslog_rate_limit", 1_000_000L), Books.Balance::lost);
  }

  @Test
  void whatTheSourceLostIsCountedUnderItsReason() {
    auditLog.lost(LossReason.ROTATION, 7);
    auditLog.lost(LossReason.ROTATION, 1);
    assertThat(books.balance().lost()).isEqualTo(Map.of("rotation", 8L));
  }

  @Test
  void aLossIsCountedUnderTheReasonThatTheNextLineGives() {
    Pipeline kmsg = pipeline("kmsg", Dialect.KMSG);
    feed(kmsg, "4,1,2,-;audit: audit_lost=100 audit_rate_limit=0 audit_backlog_limit=64");
    feed(kmsg, "3,2,2,-;audit: backlog limit exceeded");
    feed(kmsg, "4,3,2,-;audit: audit_lost=104 audit_rate_limit=0 audit_backlog_limit=64");
    feed(kmsg, "3,4,2,-;audit: out of memory in audit_log_start");
    assertThat(books.balance().lost()).isEqualTo(Map.of("kernel_backlog", 1L, "out_of_memory", 4L));
  }

  @Test
  void anEventThatIsMissingInTheAuditLogIsAGapOfWhateverTypeItWas() {
    feed(auditLog, "type=DAEMON_START msg=audit(1795342823.000:9000): op=start ver=3.0.9");
    feed(auditLog, "type=SYSCALL msg=audit(1795342823.836:14): arch=c000003e syscall=59");
    feed(auditLog, "type=CWD msg=audit(1795342823.836:14): cwd=\"/a/directory/of/some\"");
    feed(auditLog, audit(17, "kc", "0x50000"));
    feed(auditLog, audit(16, "kc", "0x50000")); // a little out of order
    auditLog.idle();
    assertThat(books.balance().lost()).isEmpty();
    clock.advance(Duration.ofSeconds(11));
    auditLog.idle();
    auditLog.idle();
    assertThat(books.balance().lost()).isEqualTo(Map.of("serial_gap", 1L));
  }

  @Test
  void whatWasLostBeforeItCouldBeReadIsNoGapBesides() {
    feed(auditLog, audit(1, "kc", "0x50000"));
    auditLog.lost(LossReason.ROTATION, 1);
    feed(auditLog, audit(500, "kc", "0x50000"));
    auditLog.lineTooLong(1_000_000);
    feed(auditLog, audit(502, "kc", "0x50000"));
    clock.advance(Duration.ofMinutes(1));
    auditLog.idle();
    assertThat(books.balance().lost()).isEqualTo(Map.of("rotation", 1L));
  }

  @Test
  void theNumbersOfAnotherBootAreNoGap() {
    for (int serial : new int[] {90_000, 90_001, 1, 2, 3, 4}) {
      feed(auditLog, audit(serial, "kc", "0x50000"));
    }
    clock.advance(Duration.ofMinutes(1));
    auditLog.idle();
    assertThat(books.balance().lost()).isEmpty();
  }

  @Test
  void theSyslogIsNoCompleteStreamAndHasNoGaps() {
    Pipeline syslog = pipeline("syslog", Dialect.SYSLOG);
    for (int serial : new int[] {1, 900}) {
      feed(
          syslog,
          "Feb  9 17:53:54 n1 kernel: " + kmsg(serial, "kc", "0x50000").replaceFirst(".*;", ""));
    }
    clock.advance(Duration.ofMinutes(1));
    syslog.idle();
    assertThat(books.balance().violations()).isEqualTo(2);
    assertThat(books.balance().lost()).isEmpty();
  }

  @Test
  void whatBeganToBeDroppedIsNotCountedAgainWhenItsNumberComes() {
    Pipeline syslog = pipeline("syslog", Dialect.SYSLOG);
    String rsyslogd = "Feb  9 17:53:54 n1 rsyslogd: imjournal";
    feed(syslog, rsyslogd + " from <n1:kernel>: begin to drop messages due to rate-limiting");
    assertThat(books.balance().lost()).isEqualTo(Map.of("syslog_rate_limit", 1L));
    feed(
        syslog, rsyslogd + ": 40 messages lost due to rate-limiting (20 allowed within 5 seconds)");
    assertThat(books.balance().lost()).isEqualTo(Map.of("syslog_rate_limit", 40L));
    feed(syslog, rsyslogd + ": 2 messages lost due to rate-limiting (20 allowed within 5 seconds)");
    assertThat(books.balance().lost()).isEqualTo(Map.of("syslog_rate_limit", 42L));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "9999999999",
        "99999999999",
        "253402300800",
        "31556889864403200",
        "9223372036854775807",
        "0"
      })
  void aStampFromTheEndOfTimeStopsNobody(String seconds) {
    feed(auditLog, audit(1, "kc", "0x50000").replace("1795342823", seconds));
    feed(auditLog, audit(2, "kc", "0x50000"));
    assertThat(published).isNotEmpty().last().extracting(Violation::node).isEqualTo("n1");
    assertThat(books.balance().balanced()).isTrue();
    assertThat(books.balance().violations()).isEqualTo(published.size());
  }

  @Test
  void aCallThatTheTableDoesNotKnowHasNoName() {
    feed(auditLog, audit(1, "kc", "0x50000").replace("syscall=165", "syscall=99999"));
    assertThat(published.getFirst().syscallName()).isNull();
  }

  private Pipeline pipeline(String source, Dialect dialect) {
    return new Pipeline(shared, source, dialect, attributor);
  }

  private static void feed(Pipeline pipeline, String line) {
    byte[] bytes = ("before\n" + line + "\nafter").getBytes(StandardCharsets.UTF_8);
    pipeline.line(bytes, 7, bytes.length - 6);
  }

  private static String canaryCall(String line) {
    return line.replace("syscall=165", "syscall=148");
  }

  private static String audit(long serial, String comm, String code) {
    return "type=SECCOMP msg=audit(1795342823.836:%d): %s".formatted(serial, body(comm, code));
  }

  private static String kmsg(long serial, String comm, String code) {
    return "5,900,1,-;audit: type=1326 audit(1795342823.836:%d): %s"
        .formatted(serial, body(comm, code));
  }

  private static String kernel(long serial, String comm, String code) {
    return kmsg(serial, comm, code).replaceFirst(".*;", "");
  }

  private static String body(String comm, String code) {
    return ("auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7355 comm=\"%s\" exe=\"/bin/kc\" sig=0"
            + " arch=c000003e syscall=165 compat=0 ip=0x439fea code=%s")
        .formatted(comm, code);
  }
}
