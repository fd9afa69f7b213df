package io.seccompwatch.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.record.LineOrigin;
import io.seccompwatch.testing.TestClock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of this node and of others, by the names that they give. */
class NodeNamesTest {

  private final ByteArrayOutputStream log = new ByteArrayOutputStream();

  @TempDir private Path state = Path.of("");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // name of the node | name in the line | with a canary | with the canary off
        "node-1          | node-1              | own     | own",
        "node-1          | NODE-1              | own     | own",
        "Node-1          | node-1.             | own     | own",
        "node-1          | node-2              | foreign | foreign",
        "node-1          | node-10             | foreign | foreign",
        "node-1.example  | node-1              | own     | own",
        "node-1.example  | node-1.example      | own     | own",
        "node-1.example  | node-1.other        | foreign | foreign",
        "node-1.example  | node-1.example.com  | foreign | foreign",
        "node-1          | node-1.example      | foreign | own", // the canary will teach it
        "10.0.0.5        | 10.0.0.5            | own     | own",
        "10.0.0.5        | 10                  | foreign | foreign",
        "10.0.0.5        | 10.0.0.6            | foreign | foreign",
        "localhost       | localhost           | foreign | foreign", // every machine's
        "                | node-1              | foreign | foreign",
      })
  void a_given_name_is_compared(
      @Nullable String given, String line, String withCanary, String without) {
    for (LineOrigin origin :
        List.of(new LineOrigin(line, null), new LineOrigin(null, line), both(line, line))) {
      assertThat(names(given, true).isOwn("syslog", origin)).isEqualTo(withCanary.equals("own"));
      assertThat(names(given, false).isOwn("syslog", origin)).isEqualTo(without.equals("own"));
    }
  }

  @Test
  void a_line_that_names_no_node_is_own() {
    assertThat(names("node-1", true).isOwn("audit-log", LineOrigin.NONE)).isTrue();
    assertThat(names(null, false).isOwn("kmsg", LineOrigin.NONE)).isTrue();
  }

  @Test
  void both_names_must_be_own() {
    NodeNames names = names("node-1", true);
    assertThat(names.isOwn("syslog", both("node-2", "node-1"))).isFalse();
    assertThat(names.isOwn("syslog", both("node-1", "node-2"))).isFalse();
  }

  @Test
  void the_canary_teaches_the_source_that_brought_it_every_name() {
    NodeNames names = names("node-1", true);
    names.learn("syslog", "swc1", both("10.0.0.5", "Node-1.example"));
    for (String name : List.of("10.0.0.5", "node-1.example", "node-1")) {
      assertThat(names.isOwn("syslog", new LineOrigin(null, name))).as(name).isTrue();
    }
    assertThat(names.isOwn("audit-log", new LineOrigin("10.0.0.5", null))).isFalse();
    assertThat(names.isOwn("syslog", new LineOrigin(null, "node-1.other"))).isFalse();
  }

  @Test
  void a_host_that_is_renamed_has_both_names() {
    NodeNames names = names(null, true);
    names.learn("syslog", "swc1", new LineOrigin(null, "old"));
    names.learn("syslog", "swc2", new LineOrigin(null, "new"));
    assertThat(names.isOwn("syslog", new LineOrigin(null, "old"))).isTrue();
    assertThat(names.isOwn("syslog", new LineOrigin(null, "new"))).isTrue();
    for (int i = 0; i < 8; i++) {
      names.learn("syslog", "swc" + i, new LineOrigin(null, "n" + i));
    }
    assertThat(names.isOwn("syslog", new LineOrigin(null, "old"))).isFalse();
  }

  @Test
  void a_canary_under_two_names_teaches_neither_for_one_is_forged() {
    NodeNames names = names("node-1", true);
    names.learn("syslog", "swc1", new LineOrigin(null, "evil"));
    names.learn("syslog", "swc1", new LineOrigin(null, "node-1.example"));
    names.learn("syslog", "swc2", new LineOrigin(null, "evil"));
    assertThat(names.isOwn("syslog", new LineOrigin(null, "evil"))).isFalse();
    assertThat(names.isOwn("syslog", new LineOrigin(null, "node-1.example"))).isFalse();
    assertThat(names.isOwn("syslog", new LineOrigin(null, "node-1"))).isTrue();
    assertThat(text()).contains("level=warn").contains("the canary came under two names");
  }

  /** The kernel's line has the host alone, that of auditd's plugin both. */
  @Test
  void two_forms_of_one_canary_do_not_contradict_each_other() {
    NodeNames names = names(null, true);
    names.learn("syslog", "swc1", new LineOrigin(null, "node-1"));
    names.learn("syslog", "swc1", both("alias", "NODE-1"));
    assertThat(names.isOwn("syslog", both("alias", "node-1"))).isTrue();
  }

  @Test
  void another_node_is_told_of_once_and_a_name_cannot_break_the_line() {
    NodeNames names = names("node-1", true);
    names.isOwn("syslog", new LineOrigin(null, "node-2\n\"x"));
    names.isOwn("syslog", new LineOrigin(null, "node-2\n\"x"));
    assertThat(text().lines()).hasSize(1);
    assertThat(text()).contains("under another node's name").contains("own=node-1");
  }

  @Test
  void learned_names_are_known_after_a_restart_before_the_first_canary() {
    NodeNames first = names("node-1", true);
    first.learn("audit-log", "swc1", new LineOrigin("Alias", null));
    first.learn("syslog", "swc1", new LineOrigin(null, "node-1.example"));
    assertThat(first.save(state)).isNull();
    NodeNames next = names("node-1", true);
    assertThat(next.load(state)).isNull();
    assertThat(next.isOwn("audit-log", new LineOrigin("alias", null))).isTrue();
    assertThat(next.isOwn("syslog", new LineOrigin(null, "node-1.example"))).isTrue();
    assertThat(next.isOwn("syslog", new LineOrigin("alias", null))).isFalse();
    assertThat(next.isOwn("audit-log", new LineOrigin("other", null))).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    // given at first, given at the restart, whether the learned name is believed
    "node-1, node-1, true",
    "node-1, NODE-1, true",
    "node-1, node-2, false", // the disk of another node
    ", , true",
    ", node-1, false",
    "node-1, , false",
  })
  void a_file_of_another_node_teaches_nothing(
      @Nullable String before, @Nullable String after, boolean believed) {
    NodeNames first = names(before, true);
    first.learn("audit-log", "swc1", new LineOrigin("alias", null));
    assertThat(first.save(state)).isNull();
    NodeNames next = names(after, true);
    assertThat(next.load(state)).isNull();
    assertThat(next.isOwn("audit-log", new LineOrigin("alias", null))).isEqualTo(believed);
  }

  /** The host name of a copied disk is the same, the name in Kubernetes is not. */
  @Test
  void a_file_of_a_node_with_the_same_host_name_and_another_name_teaches_nothing() {
    NodeNames first = new NodeNames("node-1", List.of("golden-image"), true, agentLog());
    first.learn("audit-log", "swc1", new LineOrigin("alias", null));
    assertThat(first.save(state)).isNull();
    NodeNames next = new NodeNames("node-2", List.of("golden-image"), true, agentLog());
    assertThat(next.load(state)).isNull();
    assertThat(next.isOwn("audit-log", new LineOrigin("alias", null))).isFalse();
  }

  @Test
  void a_disputed_source_leaves_no_name_in_the_file() {
    NodeNames first = names("node-1", true);
    first.learn("syslog", "swc1", new LineOrigin(null, "evil"));
    assertThat(first.save(state)).isNull();
    first.learn("syslog", "swc2", new LineOrigin(null, "evil"));
    first.learn("syslog", "swc2", new LineOrigin(null, "alias"));
    assertThat(first.save(state)).isNull();
    NodeNames next = names("node-1", true);
    assertThat(next.load(state)).isNull();
    assertThat(next.isOwn("syslog", new LineOrigin(null, "evil"))).isFalse();
  }

  @Test
  void a_first_start_has_no_file_and_nothing_learned_writes_none() {
    NodeNames names = names("node-1", true);
    assertThat(names.load(state)).isNull();
    assertThat(names.save(state)).isNull();
    assertThat(state).isEmptyDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "2\nnode-1\naudit-log alias\n", "\u0000\n\n\n"})
  void a_damaged_file_is_told_of_and_teaches_nothing(String text) throws IOException {
    Path file = Files.writeString(state.resolve("node-names"), text);
    NodeNames names = names("node-1", true);
    assertThat(names.load(state)).startsWith(file + ": damaged: until the first canary");
    assertThat(names.isOwn("audit-log", new LineOrigin("alias", null))).isFalse();
  }

  @Test
  void lines_that_are_no_names_are_passed_over() throws IOException {
    Files.writeString(
        state.resolve("node-names"), "1\nnode-1\nx\n\na b c\naudit-log \naudit-log alias");
    NodeNames names = names("node-1", true);
    assertThat(names.load(state)).isNull();
    assertThat(names.isOwn("audit-log", new LineOrigin("alias", null))).isTrue();
    assertThat(names.isOwn("a", new LineOrigin("b", null))).isFalse();
  }

  @Test
  void a_directory_that_cannot_be_written_is_told_of_until_it_can() {
    NodeNames names = names("node-1", true);
    names.learn("audit-log", "swc1", new LineOrigin("alias", null));
    Path missing = state.resolve("missing");
    assertThat(names.save(missing)).startsWith(missing.resolve("node-names") + ": ");
    assertThat(names.save(state)).isNull();
    assertThat(state.resolve("node-names")).hasContent("1\nnode-1\naudit-log alias\n");
  }

  private String text() {
    return log.toString(StandardCharsets.UTF_8);
  }

  private static LineOrigin both(String node, String host) {
    return new LineOrigin(node, host);
  }

  private NodeNames names(@Nullable String given, boolean learns) {
    return new NodeNames(given, List.of(), learns, agentLog());
  }

  private AgentLog agentLog() {
    return new AgentLog(new PrintStream(log, true, StandardCharsets.UTF_8), new TestClock());
  }
}
