package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A procfs of files, in which this process is 4242, against the records' numbers. */
class PidNumberingTest {

  private static final int OWN = 4242;
  private static final int KERNEL = 2129984; // flags of kthreadd on Linux 6.18
  private static final int USER = 4194560;

  @TempDir Path proc = Path.of("");

  @Test
  void the_machines_procfs_shows_a_kernel_thread_as_process_2() throws IOException {
    init();
    process(2, "kthreadd", KERNEL);
    assertNames(PidNumbering.of(proc));
  }

  @Test
  void the_procfs_of_a_node_that_is_a_container_shows_none() throws IOException {
    init();
    assertNone(PidNumbering.of(proc), "because the node is a container itself");
  }

  @Test
  void a_process_that_calls_itself_so_is_no_kernel_thread() throws IOException {
    init();
    process(2, "kthreadd) S 0 0 0 0 -1 2129984 0", USER);
    assertNone(PidNumbering.of(proc), "give --proc with a procfs of the machine");
  }

  /** Two numberings agree on one number now and then. */
  @Test
  void the_canary_cannot_prove_what_the_kernel_threads_disprove() throws IOException {
    init();
    PidNumbering numbering = PidNumbering.of(proc);
    numbering.judge("swc1", OWN);
    assertNone(numbering, "container itself");
  }

  @Test
  void a_canary_with_another_number_disproves_it_until_one_has_its_own() throws IOException {
    init();
    process(2, "kthreadd", KERNEL);
    PidNumbering numbering = PidNumbering.of(proc);
    numbering.judge("swc1", 7);
    assertNone(numbering, "numbers processes otherwise than the kernel's records do");
    numbering.judge("swc2", OWN);
    assertNames(numbering);
  }

  @Test
  void a_second_record_of_a_canary_that_had_its_number_is_a_forgery() throws IOException {
    init();
    process(2, "kthreadd", KERNEL);
    PidNumbering numbering = PidNumbering.of(proc);
    numbering.judge("swc1", OWN);
    numbering.judge("swc2", OWN);
    numbering.judge("swc1", 7);
    assertNames(numbering);
  }

  @Test
  void an_old_kernels_record_has_the_number_of_the_canarys_thread() throws IOException {
    init();
    process(2, "kthreadd", KERNEL);
    Files.createSymbolicLink(proc.resolve("thread-self"), Path.of(OWN + "/task/4250"));
    PidNumbering numbering = PidNumbering.of(proc);
    numbering.noteThread("swc1");
    numbering.judge("swc1", 4250);
    assertNames(numbering);
    numbering.judge("swc2", 4250);
    assertNone(numbering, "container itself");
  }

  @ParameterizedTest
  @CsvSource({
    "pid:[4026531836], 4242,   proven",
    "pid:[4026532999], 4242,   refuted",
    "pid:[4026531836], 4242 7, open",
    "pid:[4026532999], 4242 7, open",
  })
  void where_hidepid_hides_processes_the_own_namespace_tells_if_it_is_the_same(
      String namespace, String numbers, String outcome) throws IOException {
    self();
    Files.createDirectories(proc.resolve(OWN + "/ns"));
    Files.createSymbolicLink(proc.resolve(OWN + "/ns/pid"), Path.of(namespace));
    Files.writeString(
        proc.resolve(OWN + "/status"), "Name:\tjava\nNSpid:\t" + numbers.replace(' ', '\t') + "\n");
    PidNumbering numbering = PidNumbering.of(proc);
    switch (outcome) {
      case "proven" -> assertNames(numbering);
      case "refuted" -> assertNone(numbering, "container itself");
      default -> {
        assertNone(numbering, "hides process 1");
        numbering.judge("swc1", OWN);
        assertNames(numbering);
      }
    }
  }

  @Test
  void a_directory_that_is_no_procfs_is_not_judged() throws IOException {
    process(1, "init", USER);
    PidNumbering numbering = PidNumbering.of(proc);
    numbering.judge("swc1", 7);
    assertNames(numbering);
  }

  private void init() throws IOException {
    self();
    process(1, "systemd", USER);
  }

  private void self() throws IOException {
    Files.createDirectories(proc.resolve(Integer.toString(OWN)));
    Files.createSymbolicLink(proc.resolve("self"), Path.of(Integer.toString(OWN)));
  }

  private void process(int pid, String comm, int flags) throws IOException {
    Path directory = Files.createDirectories(proc.resolve(Integer.toString(pid)));
    Files.writeString(
        directory.resolve("stat"),
        pid + " (" + comm + ") S 0 0 0 0 -1 " + flags + " 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0\n");
  }

  private static void assertNames(PidNumbering numbering) {
    assertThat(numbering.namesProcesses()).isTrue();
    assertThat(numbering.problem()).isNull();
  }

  private static void assertNone(PidNumbering numbering, String why) {
    assertThat(numbering.namesProcesses()).isFalse();
    assertThat(numbering.problem()).contains(why);
  }
}
