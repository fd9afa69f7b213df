package io.seccompwatch.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.agent.SourceSelection.Chosen;
import io.seccompwatch.agent.SourceSelection.Places;
import io.seccompwatch.agent.SourceSpec.Kind;
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

  @TempDir Path node = Path.of("");

  /** There: + a file, d a directory, - nothing. */
  @ParameterizedTest
  @CsvSource({
    "+, +, +, -, audit-log=audit.log kmsg=kmsg",
    "+, -, +, -, audit-log=audit.log syslog=syslog",
    "+, -, -, +, audit-log=audit.log syslog=messages",
    "+, -, -, -, audit-log=audit.log",
    "-, +, +, -, kmsg=kmsg",
    "-, -, +, +, syslog=syslog",
    "-, -, -, +, syslog=messages",
    "d, +, -, -, kmsg=kmsg",
    "d, d, d, +, syslog=messages",
    "-, -, -, -, ''",
  })
  void autoTakesWhatTheNodeHas(
      String auditLog, String kmsg, String syslog, String messages, String taken)
      throws IOException {
    make("audit.log", auditLog);
    make("kmsg", kmsg);
    make("syslog", syslog);
    make("messages", messages);

    SourceSelection selection = SourceSelection.of(List.of(AUTO), places());

    assertThat(
            selection.sources().stream()
                .map(each -> each.kind().label() + "=" + node.relativize(each.path()))
                .collect(Collectors.joining(" ")))
        .isEqualTo(taken);
    assertThat(selection.why())
        .hasSize(kmsg.equals("+") ? 2 : 3)
        .allMatch(why -> why.matches("(no )?(audit-log|kmsg|syslog): .*"));
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
        Stream.of("audit-log", "syslog", "kmsg", "audit-log=/a", "audit-log=/a")
            .map(SourceSpec::parse)
            .toList();
    SourceSelection selection = SourceSelection.of(specs, places());
    assertThat(selection.sources())
        .containsExactly(
            new Chosen(Kind.AUDIT_LOG, node.resolve("audit.log")),
            new Chosen(Kind.SYSLOG, node.resolve("syslog")),
            new Chosen(Kind.KMSG, node.resolve("kmsg")),
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
        node.resolve("kmsg"));
  }

  private void make(String name, String what) throws IOException {
    switch (what) {
      case "+" -> Files.createFile(node.resolve(name));
      case "d" -> Files.createDirectory(node.resolve(name));
      default -> Files.deleteIfExists(node.resolve(name));
    }
  }
}
