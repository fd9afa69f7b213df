package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.linux.ProcessConnector.ProcessConnectorException;
import io.seccompwatch.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a real kernel, as root of the node. */
@Tag("node")
class ProcessConnectorNodeTest {

  /** Every event, written down. */
  private static final class Recorder implements ProcessEventSink {
    private final List<String> told = new ArrayList<>();

    @Override
    public synchronized void forked(int parent, int child, long nanos) {
      told.add("fork " + child);
    }

    @Override
    public synchronized void execed(int pid, long nanos) {
      told.add("exec " + pid);
    }

    @Override
    public synchronized void exited(int pid, boolean main, long nanos) {
      told.add((main ? "exit " : "thread of ") + pid);
    }

    @Override
    public synchronized void overrun() {
      told.add("overrun");
    }

    @Override
    public synchronized void lost(long count, long sinceNanos) {
      told.add("lost " + count);
    }

    synchronized List<String> of(long pid) {
      return told.stream().filter(line -> line.endsWith(" " + pid)).toList();
    }
  }

  @BeforeEach
  void needsRootOfTheNode() {
    assumeTrue(
        Machine.current() != null && Files.isWritable(Path.of("/proc/sys/kernel/printk")),
        "needs root on Linux on x86_64 or aarch64");
  }

  @Test
  void tells_of_a_process_from_its_fork_to_its_end() throws Exception {
    Recorder recorder = new Recorder();
    try (ProcessConnector connector = ProcessConnector.listen(recorder)) {
      assertThat(connector.bufferBytes()).isEqualTo(2 * ProcessConnector.WANTED_BUFFER_BYTES);
      long before = ProcessConnector.nowNanos();
      Process process = new ProcessBuilder("true").start();
      process.waitFor();
      Await.until(
          "its exit",
          () -> {
            connector.receive();
            return recorder.of(process.pid()).contains("exit " + process.pid());
          });
      assertThat(recorder.of(process.pid()))
          .startsWith("fork " + process.pid())
          .contains("exec " + process.pid())
          .endsWith("exit " + process.pid());
      assertThat(connector.caughtUpNanos()).isBetween(before, ProcessConnector.nowNanos());
      assertThat(connector.malformed()).isZero();
    }
  }

  @Test
  void counts_what_overflows_its_buffer() throws Exception {
    Recorder recorder = new Recorder();
    try (ProcessConnector connector = ProcessConnector.listen(recorder)) {
      // Nobody receives meanwhile, until more is there than the buffer takes
      storm(30_000);
      do {
        connector.receive();
      } while (!connector.hasEmptied());
      // Others on the node go on: whether a gap shows before all was taken is theirs to decide
      assertThat(recorder.told).contains("overrun", "lost 0");
      assertThat(recorder.told.indexOf("overrun")).isLessThan(recorder.told.indexOf("lost 0"));
    }
  }

  @Test
  void tells_when_all_was_received_and_ends_its_wait_when_closed() throws Exception {
    ProcessConnector connector = ProcessConnector.listen(new Recorder());
    AtomicReference<Object> result = new AtomicReference<>();
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    boolean open = true;
                    while (open) {
                      open = connector.receive() > 0 || connector.await();
                    }
                    result.set("closed");
                  } catch (ErrnoException e) {
                    result.set(e);
                  }
                });
    Await.until("a moment of rest", () -> connector.drainedNanos() > 0);
    connector.close();
    reader.join(TimeUnit.SECONDS.toMillis(5));
    assertThat(result.get()).isEqualTo("closed");
    assertThat(connector.receive()).isZero();
    assertThat(connector.drainedNanos()).isNegative();
  }

  /** How {@code unshare} is called, and what is said. */
  @ParameterizedTest
  @CsvSource({
    "--pid --fork --mount-proc, the kernel does not answer: this is another PID or user namespace",
    "--user --map-root-user,    the kernel does not answer: this is another PID or user namespace",
    "--net,                     this is another network namespace than the node's",
  })
  void says_why_it_cannot_be_had_in_another_namespace(String unshare, String reason)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("unshare"));
    command.addAll(Arrays.asList(unshare.split(" ", -1)));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Listens.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assumeTrue(!said.contains("unshare failed"), "the node forbids this namespace: " + said);
    assertThat(said).startsWith(reason).hasLineCount(1);
  }

  private static void storm(int forks) throws Exception {
    String script = "i=0; while [ $i -lt " + forks + " ]; do (:); i=$((i+1)); done";
    assertThat(new ProcessBuilder("sh", "-c", script).start().waitFor()).isZero();
  }

  /** Tries to listen, and prints why not. */
  static final class Listens {
    private Listens() {}

    public static void main(String[] args) throws Exception {
      try (ProcessConnector connector = ProcessConnector.listen(new Recorder())) {
        System.out.println("listens with " + connector.bufferBytes());
      } catch (ProcessConnectorException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
