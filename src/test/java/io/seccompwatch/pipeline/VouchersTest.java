package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.Line.LineForm;
import io.seccompwatch.record.LossNotice.LossReason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whose silence says that a record of syslog's is none. */
class VouchersTest {

  /** When the record in doubt was read; the source has been up for a minute. */
  private static final long ARRIVED = 60_000;

  /** The same by the wall clock. */
  private static final long WALL = 1_795_342_823_836L;

  @ParameterizedTest
  @CsvSource({
    // The ring has all that syslog's kernel lines came through, and nothing else
    "kmsg,          SYSLOG_KERNEL, true",
    "kmsg,          JOURNALD,      false",
    "kmsg,          AUDISP,        false",
    "audit-netlink, SYSLOG_KERNEL, true",
    "audit-netlink, JOURNALD,      true",
    "audit-netlink, AUDISP,        true",
    // The file may be a dead daemon's
    "audit-log,     SYSLOG_KERNEL, false",
    "audit-log,     JOURNALD,      false",
    "syslog,        SYSLOG_KERNEL, false",
  })
  void aSourceThatIsUpVouchesForWhatItWouldHaveSeen(String source, LineForm form, boolean does) {
    assertThat(up(source).contradict(form, ARRIVED, WALL)).isEqualTo(does);
  }

  @ParameterizedTest
  @CsvSource({
    // made after the record in ms, brought after it in ms, proof
    "600,  700, true",
    "0,    0,   true",
    "-1,   700, false", // a record of before: the daemon may have died since
    "600,  -1,  false", // a stamp of the future: the clock was turned back
  })
  void auditdsLogIsProvenByARecordMadeAndBroughtLater(long made, long brought, boolean proven) {
    Vouchers vouchers = up("audit-log");
    vouchers.brought("kmsg", stamp(WALL + 9_999), ARRIVED + 9_999);
    assertThat(vouchers.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isFalse();
    vouchers.brought("audit-log", stamp(WALL + made), ARRIVED + brought);
    assertThat(vouchers.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isEqualTo(proven);
  }

  @ParameterizedTest
  @CsvSource({
    // who lost, how, told so long after the record was read in s: the silence means nothing
    "kmsg,          kmsg,          SOCKET_OVERRUN,    0, true",
    "kmsg,          kmsg,          SOCKET_OVERRUN,    4, true",
    "kmsg,          kmsg,          SOCKET_OVERRUN,  -10, true",
    "kmsg,          kmsg,          SOCKET_OVERRUN,  -11, false",
    // Whatever did not reach the ring did not reach syslog through the ring either
    "kmsg,          kmsg,          PRINTK_SUPPRESSED, 0, false",
    "kmsg,          kmsg,          KERNEL_BACKLOG,    0, false",
    "kmsg,          kmsg,          ,                  0, false",
    "audit-netlink, audit-netlink, SOCKET_OVERRUN,    0, true",
    "audit-netlink, audit-netlink, SERIAL_GAP,        3, true",
    "audit-netlink, audit-netlink, ,                  0, true",
    // Anybody can write a notice of loss into syslog
    "kmsg,          syslog,        SOCKET_OVERRUN,    0, false",
    "audit-netlink, syslog,        KERNEL_BACKLOG,    0, false",
    "audit-netlink, syslog,        PRINTK_SUPPRESSED, 0, false",
    "audit-netlink, kmsg,          SOCKET_OVERRUN,    0, false",
  })
  void aLossTellsThatSilenceMeansNothing(
      String voucher, String loser, LossReason reason, long after, boolean silenceMeansNothing) {
    Vouchers vouchers = up(voucher);
    vouchers.lost(loser, reason, ARRIVED + after * 1_000);
    assertThat(vouchers.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL))
        .isEqualTo(!silenceMeansNothing);
  }

  @ParameterizedTest
  @CsvSource({"9999, false", "10000, true"})
  void whatHasJustComeUpVouchesForNothing(long upFor, boolean does) {
    Vouchers vouchers = new Vouchers(List.of("kmsg", "syslog"));
    vouchers.look(List.of(status("kmsg", false)), 0);
    assertThat(vouchers.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isFalse();
    vouchers.look(List.of(status("kmsg", true)), ARRIVED - upFor);
    assertThat(vouchers.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isEqualTo(does);
  }

  @Test
  void whatIsDownWhenItIsDecidedVouchesForNothing() {
    Vouchers vouchers = up("kmsg");
    vouchers.look(List.of(status("kmsg", false)), ARRIVED + 1_000);
    assertThat(vouchers.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isFalse();
  }

  @Test
  void oneOfSeveralIsEnough() {
    Vouchers vouchers = new Vouchers(List.of("audit-netlink", "kmsg"));
    vouchers.look(List.of(status("audit-netlink", true), status("kmsg", true)), 0);
    vouchers.lost("audit-netlink", LossReason.SOCKET_OVERRUN, ARRIVED);
    assertThat(vouchers.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isTrue();
    assertThat(vouchers.contradict(LineForm.JOURNALD, ARRIVED, WALL)).isFalse();
  }

  @Test
  void whoeverLacksSerialsRefutesNothingUntilTheyCome() {
    Vouchers log = new Vouchers(List.of("audit-log", "kmsg"));
    log.look(List.of(status("audit-log", true), status("kmsg", true)), 0);
    log.brought("audit-log", stamp(WALL + 1), ARRIVED + 1);
    log.lacks("audit-log", true);
    assertThat(log.contradict(LineForm.JOURNALD, ARRIVED, WALL)).isFalse();
    assertThat(log.mayYetContradict(LineForm.JOURNALD, ARRIVED, WALL)).isTrue();
    assertThat(log.wantProof(LineForm.JOURNALD, ARRIVED, WALL)).isFalse();
    assertThat(log.contradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).as("the ring").isTrue();
    assertThat(log.mayYetContradict(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isFalse();
    log.lacks("audit-log", false);
    assertThat(log.contradict(LineForm.JOURNALD, ARRIVED, WALL)).isTrue();
    assertThat(log.mayYetContradict(LineForm.JOURNALD, ARRIVED, WALL)).isFalse();
  }

  @Test
  void proofIsWantedOnlyWhereItCouldDecide() {
    assertThat(up("kmsg").wantProof(LineForm.SYSLOG_KERNEL, ARRIVED, WALL)).isFalse();
    assertThat(up("kmsg").wantProof(LineForm.JOURNALD, ARRIVED, WALL)).isFalse();
    Vouchers log = up("audit-log");
    assertThat(log.wantProof(LineForm.JOURNALD, ARRIVED, WALL)).isTrue();
    log.brought("audit-log", stamp(WALL + 1), ARRIVED + 1);
    assertThat(log.wantProof(LineForm.JOURNALD, ARRIVED, WALL)).isFalse();
  }

  @Test
  void auditdsLogThatDidNotBringTheProofIsDeadUntilItBringsARecordOfLater() {
    Vouchers log = up("audit-log");
    log.refute(WALL + 500);
    assertThat(log.mayKnow(LineForm.JOURNALD, ARRIVED + 9_000)).isFalse();
    log.brought("audit-log", stamp(WALL - 60_000), ARRIVED + 10_000); // read late, made before
    assertThat(log.mayKnow(LineForm.JOURNALD, ARRIVED + 10_000)).isFalse();
    log.brought("audit-log", stamp(WALL + 11_000), ARRIVED + 11_000);
    assertThat(log.mayKnow(LineForm.JOURNALD, ARRIVED + 11_000)).isTrue();
  }

  @Test
  void theProofsStampMayBeATickOld() {
    Vouchers log = up("audit-log");
    log.brought("audit-log", stamp(WALL + 496), ARRIVED + 510);
    log.refute(WALL + 500);
    assertThat(log.contradict(LineForm.JOURNALD, ARRIVED, WALL)).isTrue();
  }

  private static Vouchers up(String source) {
    Vouchers vouchers = new Vouchers(List.of(source, "syslog"));
    vouchers.look(List.of(status(source, true)), 0);
    return vouchers;
  }

  private static AuditStamp stamp(long millis) {
    return new AuditStamp(millis / 1_000, (int) (millis % 1_000), 3, 7);
  }

  private static SourceStatus status(String source, boolean up) {
    return new SourceStatus(source, "/" + source, up, up ? null : "gone", 0, 0);
  }
}
