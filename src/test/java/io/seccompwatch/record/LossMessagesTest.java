package io.seccompwatch.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.LossNotice.Begun;
import io.seccompwatch.record.LossNotice.KernelReason;
import io.seccompwatch.record.LossNotice.KernelTotal;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.LossNotice.Lost;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each message of loss in each source that it comes through, and what only resembles one. */
class LossMessagesTest {

  private record Header(Dialect dialect, String text) {}

  /** The kernel's messages, as each source carries them. */
  private static final List<Header> KERNEL =
      List.of(
          new Header(Dialect.KMSG, "4,391,1107088212,-;"),
          new Header(Dialect.KMSG, "3,391,1107088212,-,caller=T55;"),
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 kernel: "),
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 kernel: [ 1107.088212] "),
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 kernel: [ 1107.088212][   T55] "),
          new Header(Dialect.SYSLOG, "<4>Feb  9 17:53:54 n1 kernel: [ 1107.088212] "),
          new Header(Dialect.SYSLOG, "2026-11-22T10:20:14.833580+00:00 n1 kernel: "),
          new Header(Dialect.SYSLOG, "2026-11-22T10:20:14.833580+00:00 n1 kernel: [ 1107.088212] "),
          new Header(Dialect.SYSLOG, "<3>1 2026-11-22T10:20:14.833580+00:00 n1 kernel - - - "),
          new Header(Dialect.ANY, "[ 1107.088212] "),
          new Header(Dialect.ANY, "[Fri Feb  9 17:53:54 2024] "),
          new Header(Dialect.ANY, "<4>[ 1107.088212] "),
          new Header(Dialect.ANY, ""));

  private static final Map<String, LossNotice> KERNEL_MESSAGES =
      Map.ofEntries(
          Map.entry(
              "audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64",
              new KernelTotal(7, false)),
          Map.entry(
              "audit: audit_lost=4294967295 audit_rate_limit=50 audit_backlog_limit=64",
              new KernelTotal(4_294_967_295L, true)),
          Map.entry(
              "audit: rate limit exceeded", new KernelReason(LossReason.KERNEL_RATE_LIMIT, true)),
          Map.entry(
              "audit: backlog limit exceeded", new KernelReason(LossReason.KERNEL_BACKLOG, false)),
          Map.entry(
              "audit: kauditd hold queue overflow",
              new KernelReason(LossReason.KERNEL_BACKLOG, true)),
          Map.entry(
              "audit: kauditd retry queue overflow",
              new KernelReason(LossReason.KERNEL_BACKLOG, true)),
          Map.entry(
              "audit: out of memory in audit_log_start",
              new KernelReason(LossReason.OUT_OF_MEMORY, false)),
          Map.entry(
              "audit: out of memory in audit_expand",
              new KernelReason(LossReason.OUT_OF_MEMORY, true)),
          Map.entry(
              "audit: printk limit exceeded", new KernelReason(LossReason.PRINTK_SUPPRESSED, true)),
          Map.entry("audit: auditd disappeared", new KernelReason(LossReason.AUDITD, true)),
          Map.entry(
              "kauditd_printk_skb: 51 callbacks suppressed",
              new Lost(LossReason.PRINTK_SUPPRESSED, 51)),
          Map.entry(
              "audit_printk_skb: 3 callbacks suppressed",
              new Lost(LossReason.PRINTK_SUPPRESSED, 3)),
          Map.entry(
              "audit_log_start: 9 callbacks suppressed", new Lost(LossReason.PRINTK_SUPPRESSED, 9)),
          Map.entry(
              "audit_log_lost: 9 callbacks suppressed", new Lost(LossReason.PRINTK_SUPPRESSED, 9)),
          Map.entry(
              "audit_panic: 9 callbacks suppressed", new Lost(LossReason.PRINTK_SUPPRESSED, 9)));

  private static final List<Header> AUDITD =
      List.of(
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 auditd[600]: "),
          new Header(Dialect.SYSLOG, "<27>Feb  9 17:53:54 n1 auditd[600]: "),
          new Header(Dialect.SYSLOG, "2026-11-22T10:20:14.833580+00:00 n1 auditd[600]: "),
          new Header(Dialect.SYSLOG, "<27>1 2026-11-22T10:20:14.833580+00:00 n1 auditd 600 - - "),
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 audispd[601]: "));

  private static final List<String> AUDITD_MESSAGES =
      List.of(
          "queue to plugins is full - dropping event",
          "queue is full - dropping event",
          "dispatch err (pipe full) event lost",
          "Audit daemon is suspending logging due to low disk space.",
          "Audit daemon is suspending logging due to logfile size.",
          "Audit daemon is suspending logging due to no space left on logging partition.",
          "Audit daemon is suspending logging due to previously mentioned write error",
          "Audit daemon has no space left on logging partition",
          "The audit daemon is now halting the system due to no space left on logging partition",
          "The audit daemon is now halting the system due to previously mentioned write error.",
          "write: Audit daemon detected an error writing an event to disk (Input/output error)");

  private static final List<Header> AUDIT_LOG =
      List.of(new Header(Dialect.AUDIT_LOG, ""), new Header(Dialect.AUDIT_LOG, "node=n1 "));

  private static final List<String> AUDIT_LOG_MESSAGES =
      List.of(
          "type=DAEMON_ERR op=format-raw msg=NULL res=failed",
          "type=DAEMON_ERR op=format-enriched msg=NULL res=failed",
          "type=SYSCALL msg=lost",
          "type=PATH msg=lost (and some more text after it)");

  private static final List<Header> RSYSLOGD =
      List.of(
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 rsyslogd: "),
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 rsyslogd[812]: "),
          new Header(Dialect.SYSLOG, "Jun  28 10:32:17 localhost rsyslogd-2177: "),
          new Header(Dialect.SYSLOG, "2017-02-22T19:59:50.058324+00:00 leaf1 rsyslogd: "),
          new Header(Dialect.SYSLOG, "<46>1 2026-11-22T10:20:14.833580+00:00 n1 rsyslogd - - - "));

  private static final Map<String, LossNotice> RSYSLOGD_MESSAGES =
      Map.of(
          "imuxsock[pid 22830]: begin to drop messages due to rate-limiting",
          new Begun(LossReason.SYSLOG_RATE_LIMIT),
          "imuxsock[pid: 57, name: /usr/bin/x] from <y:z>: begin to drop messages due to"
              + " rate-limiting",
          new Begun(LossReason.SYSLOG_RATE_LIMIT),
          "imjournal from <n1:kernel>: begin to drop messages due to rate-limiting",
          new Begun(LossReason.SYSLOG_RATE_LIMIT),
          "imjournal: 236 messages lost due to rate-limiting",
          new Lost(LossReason.SYSLOG_RATE_LIMIT, 236),
          "imklog: 4321 messages lost due to rate-limiting (20000 allowed within 600 seconds)",
          new Lost(LossReason.SYSLOG_RATE_LIMIT, 4321));

  private static final List<Header> JOURNALD =
      List.of(
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 systemd-journald[9]: "),
          new Header(Dialect.SYSLOG, "Feb  9 17:53:54 n1 systemd-journal[9]: "),
          new Header(Dialect.SYSLOG, "2026-11-22T10:20:14+00:00 n1 systemd-journald[9]: "));

  private static final Map<String, LossNotice> JOURNALD_MESSAGES =
      Map.of(
          "Suppressed 12 messages from /system.slice/x.service",
          new Lost(LossReason.SYSLOG_RATE_LIMIT, 12),
          "Missed 5 kernel messages",
          new Lost(LossReason.SOCKET_OVERRUN, 5),
          "Forwarding to syslog missed 6 messages.",
          new Lost(LossReason.SOCKET_OVERRUN, 6),
          "/dev/kmsg buffer overrun, some messages lost.",
          new Begun(LossReason.SOCKET_OVERRUN));

  static Stream<Arguments> messages() {
    List<Arguments> rows = new ArrayList<>();
    cross(rows, KERNEL, KERNEL_MESSAGES);
    cross(rows, AUDITD, all(AUDITD_MESSAGES));
    cross(rows, AUDIT_LOG, all(AUDIT_LOG_MESSAGES));
    cross(rows, RSYSLOGD, RSYSLOGD_MESSAGES);
    cross(rows, JOURNALD, JOURNALD_MESSAGES);
    // Consoles only have it: printk_ringbuffer readers have their own way
    rows.add(
        Arguments.of(
            Dialect.ANY,
            "** 17 printk messages dropped **",
            new Lost(LossReason.PRINTK_SUPPRESSED, 17)));
    return rows.stream();
  }

  @ParameterizedTest
  @MethodSource("messages")
  void aMessageOfLossIsToldInEverySource(Dialect dialect, String line, LossNotice expected) {
    assertThat(notice(dialect, line)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // What goes before the loss, or is none
        "audit: audit_backlog=513 > audit_backlog_limit=512",
        "audit: *NO* daemon at audit_pid=1234",
        "audit: audit_lost=0 audit_rate_limit=0 audit_backlog_limit=64",
        "Feb  9 17:53:54 n1 auditd[422]: Audit daemon rotating log files",
        "Feb  9 17:53:54 n1 auditd[422]: Audit daemon is low on disk space for logging",
        // A limit of its own, of network messages
        "[ 1.234567] net_ratelimit: 51 callbacks suppressed",
        // Users' messages: their own tag, a PID behind kernel, none behind auditd, another facility
        "Feb  9 17:53:54 n1 root[9]: kauditd_printk_skb: 51 callbacks suppressed",
        "Feb  9 17:53:54 n1 root: audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64",
        "Feb  9 17:53:54 n1 kernel[9]: audit: audit_lost=7 audit_rate_limit=0",
        "Feb  9 17:53:54 n1 root: kernel: audit: audit_lost=7 audit_rate_limit=0",
        "Feb  9 17:53:54 n1 auditd: queue to plugins is full - dropping event",
        "Feb  9 17:53:54 n1 systemd-journald: Missed 5 kernel messages",
        "Feb  9 17:53:54 n1 rsyslogdx: imjournal: 9 messages lost due to rate-limiting",
        "Feb  9 17:53:54 n1 rsyslogd-x: imjournal: 9 messages lost due to rate-limiting",
        "<13>Feb  9 17:53:54 n1 kernel: audit: audit_lost=7 audit_rate_limit=0",
        "<12>[ 1107.088212] kauditd_printk_skb: 51 callbacks suppressed",
        "13,1,1,-;kauditd_printk_skb: 51 callbacks suppressed",
        "12,1,1,-;audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64",
        "type=USER_MSG msg=audit(1.000:1): msg=lost",
        "type=USER_MSG msg=audit(1.000:1): msg='type=DAEMON_ERR op=format-raw msg=NULL'",
        // In the middle of another's message
        "Feb  9 17:53:54 n1 auditd[422]: plugin said queue to plugins is full - dropping event",
        "Feb  9 17:53:54 n1 systemd-journald[9]: Suppressed messages from x",
      })
  void whatIsNoLossOrAUsersImitationIsNotTold(String line) {
    assertThat(notice(Dialect.ANY, line)).isNull();
  }

  /** The user's tag may hold anything but blanks and a colon; the number is rsyslogd's own. */
  @ParameterizedTest
  @ValueSource(strings = {"999messages", "9,messages,lost,due,to,rate-limiting"})
  void theNumberIsNotTakenFromTheNameOfWhoIsLimited(String tag) {
    String line =
        "Feb  9 17:53:54 n1 rsyslogd: imuxsock[pid: 57, name: /x] from <n1:"
            + tag
            + ">: 3 messages lost due to rate-limiting (2 allowed within 5 seconds)";
    assertThat(notice(Dialect.SYSLOG, line)).isEqualTo(new Lost(LossReason.SYSLOG_RATE_LIMIT, 3));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "audit: audit_lost=4294967296 audit_rate_limit=0",
        "audit: audit_lost=-1 audit_rate_limit=0",
        "audit: audit_lost=",
        "kauditd_printk_skb: 0 callbacks suppressed",
        "kauditd_printk_skb: 99999999999999999999 callbacks suppressed",
        "kauditd_printk_skb: 5",
      })
  void aNumberThatTheKernelDoesNotPrintIsNoNotice(String message) {
    assertThat(notice(Dialect.KMSG, "4,1,1,-;" + message)).isNull();
  }

  private static Map<String, LossNotice> all(List<String> messages) {
    return messages.stream()
        .collect(Collectors.toMap(message -> message, message -> new Lost(LossReason.AUDITD, 1)));
  }

  private static void cross(
      List<Arguments> rows, List<Header> headers, Map<String, LossNotice> messages) {
    for (Header header : headers) {
      messages.forEach(
          (message, notice) ->
              rows.add(Arguments.of(header.dialect(), header.text() + message, notice)));
    }
  }

  private static @Nullable LossNotice notice(Dialect dialect, String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    return new LineParser(dialect).parse(bytes, 0, bytes.length) instanceof Line.Loss loss
        ? loss.notice()
        : null;
  }
}
