package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a real kernel, as any user; that the record comes is KmsgReaderNodeTest's matter. */
@Tag("node")
class SeccompCanaryNodeTest {

  private final SeccompCanary canary = new SeccompCanary();

  @BeforeEach
  void needsAKnownMachine() {
    Assumptions.assumeTrue(Machine.current() != null, "needs Linux on x86_64 or aarch64");
  }

  @Test
  void fires_and_leaves_no_filter_and_no_restriction_on_the_other_threads() throws Exception {
    List<String> before = restrictions();

    assertThat(canary.fire("sw-canary-test")).isInstanceOf(SeccompCanary.Result.Fired.class);

    assertThat(restrictions()).isEqualTo(before);
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .doesNotContain("canary");
  }

  @Test
  void fires_again_and_again_without_filters_piling_up() throws Exception {
    List<String> before = restrictions();
    // Few, because printk lets ten audit records pass in five seconds.
    for (int i = 0; i < 3; i++) {
      assertThat(canary.fire("sw-canary-" + i)).isInstanceOf(SeccompCanary.Result.Fired.class);
    }
    assertThat(restrictions()).isEqualTo(before);
  }

  @Test
  void is_not_disturbed_by_an_interrupt_and_keeps_the_flag() {
    Thread.currentThread().interrupt();
    assertThat(canary.fire("sw-canary-intr")).isInstanceOf(SeccompCanary.Result.Fired.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void refuses_names_that_the_kernel_would_cut() {
    assertThatThrownBy(() -> canary.fire("sixteen-bytes-xx")).hasMessageContaining("1 to 15 bytes");
    assertThatThrownBy(() -> canary.fire("")).hasMessageContaining("1 to 15 bytes");
    assertThatThrownBy(() -> canary.fire("a\0b")).hasMessageContaining("without NUL");
  }

  /** Of the thread that asks: fire() must change nothing outside its own thread. */
  private static List<String> restrictions() throws Exception {
    return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
        .filter(line -> line.startsWith("Seccomp") || line.startsWith("NoNewPrivs"))
        .toList();
  }
}
