package io.seccompwatch.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.config.SourceSelection.Places;
import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.linux.AuditControl.AuditUnavailableException.Reason;
import io.seccompwatch.linux.AuditMulticast.Availability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourceSelectionTest {

  private static final SourceSpec AUTO = new SourceSpec(Kind.AUTO, null);

  private static final Availability REFUSED =
      new Availability.Unavailable(Reason.NOT_PERMITTED, "not permitted: give CAP_AUDIT_READ");

  private Availability multicast = REFUSED;

  @TempDir Path node = Path.of("");

  /** There: + a file, d a directory, - nothing; the socket can be had or not. */
  @ParameterizedTest
  @CsvSource({
    "+, +, +, +, -, audit-netlink audit-log=audit.log",
    "+, -, +, +, -, audit-netlink",
    "+, -, -, -, -, audit-netlink",
    "-, +, +, -, -, audit-log=audit.log kmsg=kmsg",
    "-, +, -, +, -, audit-log=audit.log syslog=syslog",
    "-, +, -, -, +, audit-log=audit.log syslog=messages",
    "-, +, -, -, -, audit-log=audit.log",
    "-, -, +, +, -, kmsg=kmsg",
    "-, -, -, +, +, syslog=syslog",
    "-, -, -, -, +, syslog=messages",
    "-, d, +, -, -, kmsg=kmsg",
    "-, d, d, d, +, syslog=messages",
    "-, -, -, -, -, ''",
  })
  void autoTakesWhatTheNodeHas(
      String socket, String auditLog, String kmsg, String syslog, String messages, String taken)
      throws IOException {
    multicast = socket.equals("+") ? new Availability.Available(null) : REFUSED;
    make("audit.log", auditLog);
    make("kmsg", kmsg);
    make("syslog", syslog);
    make("messages", messages);

    SourceSelection selection = SourceSelection.of(List.of(AUTO), places());

    assertThat(
            selection.sources().stream()
                .map(
                    each ->
                        each.kind() == Kind.AUDIT_NETLINK
                            ? each.kind().label()
                            : each.kind().label() + "=" + node.relativize(each.path()))
                .collect(Collectors.joining(" ")))
        .isEqualTo(taken);
    assertThat(selection.why())
        .hasSize(socket.equals("+") || kmsg.equals("+") ? 3 : 4)
        .allMatch(
            why ->
                why.matches(
                    "((no )?(audit-netlink|audit-log|kmsg|syslog)|no kmsg, no syslog): .*"));
  }

  @Test
  void autoSaysWhyTheSocketCannotBeHadAndWhatIsDoubtful() {
    assertThat(SourceSelection.of(List.of(AUTO), places()).why())
        .contains("no audit-netlink: not permitted: give CAP_AUDIT_READ");
    multicast = new Availability.Available("who knows");
    assertThat(SourceSelection.of(List.of(AUTO), places()).why())
        .contains("audit-netlink: can be had, but who knows");
  }

  @ParameterizedTest
  @CsvSource({"+, is in audit-log", "-, is read only with --source kmsg or syslog too"})
  void autoSaysWhereWhatComesWhileTheAgentDoesNotRunIs(String auditLog, String where)
      throws IOException {
    multicast = new Availability.Available(null);
    make("audit.log", auditLog);
    assertThat(SourceSelection.of(List.of(AUTO), places()).why().getLast())
        .startsWith("no kmsg, no syslog: ")
        .endsWith("what comes while the agent does not run " + where);
  }

  @Test
  void aNodeThatKeepsOnlyAJournalIsToldWhatIsToBeGiven() throws IOException {
    Files.createDirectory(node.resolve("journal"));
    SourceSelection selection = SourceSelection.of(List.of(AUTO), places());
    assertThat(selection.sources()).isEmpty();
    assertThat(selection.why().getLast())
        .isEqualTo(
            "journald keeps "
                + node.resolve("journal")
                + ", which is not read: give audit-netlink (CAP_AUDIT_READ and hostNetwork), or"
                + " kmsg (privileged)");
    make("kmsg", "+");
    assertThat(SourceSelection.of(List.of(AUTO), places()).why())
        .noneMatch(why -> why.startsWith("journald"));
  }

  @Test
  void autoSaysWhatAFileLacks() throws IOException {
    make("audit.log", "d");
    assertThat(SourceSelection.of(List.of(AUTO), places()).why())
        .contains("no audit-log: " + node.resolve("audit.log") + " cannot be read")
        .contains("no kmsg: " + node.resolve("kmsg") + " cannot be read");
  }

  @Test
  void whatIsNamedIsTakenWithoutALook() {
    List<SourceSpec> specs =
        Stream.of("audit-log", "syslog", "kmsg", "audit-netlink", "audit-log=/a", "audit-log=/a")
            .map(SourceSpec::parse)
            .toList();
    SourceSelection selection = SourceSelection.of(specs, places());
    assertThat(selection.sources())
        .containsExactly(
            new Chosen(Kind.AUDIT_LOG, node.resolve("audit.log")),
            new Chosen(Kind.SYSLOG, node.resolve("syslog")),
            new Chosen(Kind.KMSG, node.resolve("kmsg")),
            new Chosen(Kind.AUDIT_NETLINK, Path.of("audit-multicast")),
            new Chosen(Kind.AUDIT_LOG, Path.of("/a")));
    assertThat(selection.why()).isEmpty();
  }

  @Test
  void whatAutoFindsAndSomebodyNamesIsReadOnce() throws IOException {
    make("kmsg", "+");
    assertThat(
            SourceSelection.of(List.of(AUTO, new SourceSpec(Kind.KMSG, null)), places()).sources())
        .containsExactly(new Chosen(Kind.KMSG, node.resolve("kmsg")));
  }

  private Places places() {
    return new Places(
        node.resolve("audit.log"),
        List.of(node.resolve("syslog"), node.resolve("messages")),
        node.resolve("kmsg"),
        List.of(node.resolve("journal")),
        () -> multicast);
  }

  private void make(String name, String what) throws IOException {
    switch (what) {
      case "+" -> Files.createFile(node.resolve(name));
      case "d" -> Files.createDirectory(node.resolve(name));
      default -> Files.deleteIfExists(node.resolve(name));
    }
  }
}
