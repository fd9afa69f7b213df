package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.node.OciContainer.Engine;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What holds whichever way the kernel's records come: real filters in real containers on the real
 * kernel, and the built agent at the other end. Each class below brings the records in another way.
 */
@Tag("node")
@ExtendWith(KernelTurn.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SourceContract {

  private static final String LOGGED = "seccomp_logged_syscalls_total";
  private static final String DENIED = "seccomp_denials_total";

  private @Nullable Path temporary;
  private @Nullable RecordWriter writer;
  private @Nullable Agent agent;

  /** Begins to write the kernel's records. */
  abstract RecordWriter write(Path directory) throws Exception;

  @BeforeAll
  void watch(@TempDir Path directory) throws Exception {
    temporary = directory;
    Command.needs("auditctl", "auditd");
    Command.needs("gcc", "gcc libc6-dev");
    Engine.RUNC.isNeeded();
    Agent.needsDistribution();
    Probe.compiled();
    writer = write(directory);
    writer.awaitRoom(1);
    agent = Agent.start(directory, "--source", writer().source(), "--from", "end");
  }

  @AfterAll
  void end() {
    if (agent != null) {
      agent.close();
    }
    if (writer != null) {
      writer.close();
    }
  }

  @AfterEach
  void the_books_balance() throws Exception {
    agent().metrics().assertBooksBalance();
    assertThat(agent().get("/api/v1/status")).contains("\"balanced\" : true");
  }

  @Test
  void sees_its_canary_and_counts_it_as_no_violation() throws Exception {
    assertThat(agent().log().stream().filter(line -> line.contains(" msg=watching ")))
        .singleElement()
        .asString()
        .contains(" sources=" + shown(writer().source()) + " ")
        .containsPattern("canary=\"seen by " + writer().kind() + " after \\d+ ms\"");
    String key = Command.text(agent().stateDirectory().resolve("canary-key")).strip();
    assertThat(key).hasSize(8);
    assertThat(agent().violations()).noneMatch(told -> told.comm().startsWith("swc" + key));
    Metrics metrics = agent().metrics();
    assertThat(metrics.sum("seccomp_watch_canary_records_total", "source", writer().kind()))
        .isEqualTo(1);
    assertThat(metrics.sum("seccomp_watch_canary_last_success_timestamp_seconds")).isPositive();
    assertThat(metrics.sum("seccomp_watch_source_up", "source", writer().kind())).isEqualTo(1);
  }

  @Test
  void tells_a_logged_call_as_allowed() throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");
    writer().awaitRoom(1);
    try (OciContainer container =
        OciContainer.create(directory(), filter, "250", "pause").start()) {
      Told told = agent().awaitViolation(container, any -> true);

      assertThat(told.verdict()).isEqualTo("logged");
      assertThat(told.action()).isEqualTo("log");
      assertThat(told.code()).isEqualTo("0x7ffc0000");
      assertThat(told.signal()).isZero();
      assertCall(told, "x86_64", 250, "keyctl");
      assertNamed(told, container);
      assertCounted(told);
    }
  }

  @Test
  void tells_a_call_of_the_32_bit_abi_by_that_abis_name() throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");
    writer().awaitRoom(1);
    // 288 is keyctl there, and accept4 in the table of the machine's own ABI.
    try (OciContainer container =
        OciContainer.create(directory(), filter, "i386:288", "pause").start()) {
      Told told = agent().awaitViolation(container, any -> true);

      assertThat(told.verdict()).isEqualTo("logged");
      assertCall(told, "i386", 288, "keyctl");
      assertNamed(told, container);
      assertCounted(told);
    }
  }

  @Test
  void tells_a_process_killed_by_its_filter() throws Exception {
    assertKilled("SCMP_ACT_KILL_PROCESS", "kill_process", "0x80000000", "165", "mount");
  }

  @Test
  void tells_a_thread_killed_by_its_filter() throws Exception {
    assertKilled("SCMP_ACT_KILL_THREAD", "kill_thread", "0x0", "167", "swapon");
  }

  @Test
  void never_names_a_wrong_pod_for_a_process_killed_by_its_first_call() throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_KILL_PROCESS", "mount");
    writer().awaitRoom(1);
    try (OciContainer container = OciContainer.create(directory(), filter, "165").start()) {
      Told told = agent().awaitViolation(container, any -> true);

      assertThat(told.verdict()).isEqualTo("denied");
      assertCall(told, "x86_64", 165, "mount");
      assertThat(told.pid()).isEqualTo(container.pid());
      assertNamedOrUnknown(told, container);
      assertCounted(told);
    }
  }

  @Test
  void never_names_a_wrong_pod_for_a_child_that_is_gone_at_once() throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl");
    writer().awaitRoom(1);
    try (OciContainer container =
        OciContainer.create(directory(), filter, "fork:250", "pause").start()) {
      Told told = agent().awaitViolation(container, any -> true);

      assertThat(told.verdict()).isEqualTo("logged");
      assertCall(told, "x86_64", 250, "keyctl");
      assertThat(told.pid()).isPositive().isNotEqualTo(container.pid());
      assertNamedOrUnknown(told, container);
      assertCounted(told);
    }
  }

  @Test
  void tells_a_call_that_a_telling_filter_refused_with_an_error() throws Exception {
    Engine.CRUN.isNeeded();
    Filter filter = Filter.allowing().but("SCMP_ACT_ERRNO", "acct").telling();
    writer().awaitRoom(1);
    try (OciContainer container =
        OciContainer.create(Engine.CRUN, directory(), filter, "163", "pause").start()) {
      Told told = agent().awaitViolation(container, any -> true);

      assertThat(told.verdict()).isEqualTo("denied");
      assertThat(told.action()).isEqualTo("errno");
      assertThat(told.code()).isEqualTo("0x50000");
      assertThat(told.signal()).isZero();
      assertCall(told, "x86_64", 163, "acct");
      assertNamed(told, container);
      assertCounted(told);
    }
  }

  /** The limit of all that this agent can do: such a refusal makes no record at all. */
  @Test
  void cannot_see_a_call_that_a_silent_filter_refused_with_an_error() throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_ERRNO", "acct").but("SCMP_ACT_LOG", "keyctl");
    writer().awaitRoom(1);
    try (OciContainer container =
        OciContainer.create(directory(), filter, "163", "250", "pause").start()) {
      // The kernel writes in order: when the later call has come, the earlier one will not.
      agent().awaitViolation(container, told -> told.number() == 250);

      assertThat(agent().violationsOf(container)).extracting(Told::number).containsExactly(250);
    }
  }

  /** The agent has seen the process before, so its end finds it known. */
  private void assertKilled(
      String scmpAction, String action, String code, String number, String call) throws Exception {
    Filter filter = Filter.allowing().but("SCMP_ACT_LOG", "keyctl").but(scmpAction, call);
    // The kernel may add a record of type 1701, of the signal
    writer().awaitRoom(3);
    try (OciContainer container =
        OciContainer.create(directory(), filter, "250", "wait:/go", number).start()) {
      agent().awaitViolation(container, told -> told.action().equals("log"));
      container.letGoOn("go");
      Told told = agent().awaitViolation(container, any -> any.verdict().equals("denied"));

      assertThat(told.action()).isEqualTo(action);
      assertThat(told.code()).isEqualTo(code);
      assertThat(told.signal()).isEqualTo(31);
      assertCall(told, "x86_64", Integer.parseInt(number), call);
      assertNamed(told, container);
      assertCounted(told);
      assertThat(agent().violationsOf(container)).hasSize(2);
    }
  }

  /** The source with what it reads where no path was given. */
  private static String shown(String source) {
    return switch (source) {
      case "kmsg" -> "kmsg=/dev/kmsg";
      case "audit-netlink" -> "audit-netlink=audit-multicast";
      default -> source;
    };
  }

  private void assertCall(Told told, String arch, int number, String name) {
    assertThat(told.source()).isEqualTo(writer().kind());
    assertThat(told.arch()).isEqualTo(arch);
    assertThat(told.number()).isEqualTo(number);
    assertThat(told.syscall()).isEqualTo(name);
  }

  private static void assertNamed(Told told, OciContainer container) {
    assertThat(told.pid()).isEqualTo(container.pid());
    assertContainer(told, container);
  }

  /** It may be gone too soon to be looked at, unless the agent knew it before. */
  private static void assertNamedOrUnknown(Told told, OciContainer container) {
    if (told.outcome().equals("unknown")) {
      assertThat(told.by()).isNull();
      assertThat(told.reason()).isNotEmpty();
      assertThat(told.podUid()).isNull();
      assertThat(told.containerId()).isNull();
    } else {
      assertContainer(told, container);
    }
  }

  private static void assertContainer(Told told, OciContainer container) {
    assertThat(told.exe()).isEqualTo(container.exe());
    assertThat(told.outcome()).as(told.toString()).isEqualTo("container");
    assertThat(told.by()).isIn("procfs", "history", "parent");
    assertThat(told.podUid()).isEqualTo(container.podUid());
    assertThat(told.containerId()).isEqualTo(container.id());
  }

  /** The counter of its kind has as many as were told; others on this kernel may add to both. */
  private void assertCounted(Told told) {
    boolean denied = told.verdict().equals("denied");
    String call = String.valueOf(told.syscall());
    Await.until(
        "a counter of what was told",
        () -> {
          long lines =
              agent().violations().stream()
                  .filter(
                      other ->
                          other.verdict().equals(told.verdict())
                              && other.action().equals(told.action())
                              && other.arch().equals(told.arch())
                              && call.equals(other.syscall()))
                  .count();
          Metrics metrics = agent().metrics();
          double counted =
              denied
                  ? metrics.sum(
                      DENIED, "syscall", call, "arch", told.arch(), "action", told.action())
                  : metrics.sum(LOGGED, "syscall", call, "arch", told.arch());
          return lines > 0 && counted == lines;
        });
  }

  private RecordWriter writer() {
    return Objects.requireNonNull(writer);
  }

  Agent agent() {
    return Objects.requireNonNull(agent, "no agent");
  }

  Path directory() {
    return Objects.requireNonNull(temporary, "no directory");
  }
}
