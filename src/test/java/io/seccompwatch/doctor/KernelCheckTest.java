package io.seccompwatch.doctor;

import static io.seccompwatch.doctor.MadeNode.lines;
import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Level;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelCheckTest {

  private static final String WHOLE =
      """
      CONFIG_AUDIT=y
      CONFIG_AUDITSYSCALL=y
      CONFIG_SECCOMP_FILTER=y
      CONFIG_PROC_EVENTS=y
      """;

  @TempDir private Path directory;

  private MadeNode node() {
    return new MadeNode(directory)
        .proc("sys/kernel/osrelease", "6.1.0-9-amd64\n")
        .proc("cmdline", "root=/dev/sda1 quiet\n");
  }

  private static List<Finding> run(MadeNode node) {
    return new KernelCheck(node.files()).run();
  }

  @Test
  void a_kernel_that_has_all_is_well() {
    assertThat(lines(run(node().host("boot/config-6.1.0-9-amd64", WHOLE))))
        .containsExactly(
            "ok build: has CONFIG_AUDIT, CONFIG_AUDITSYSCALL, CONFIG_SECCOMP_FILTER",
            "ok boot: its command line does not switch audit off");
  }

  @ParameterizedTest
  @CsvSource({
    "CONFIG_AUDIT=y, BLIND",
    "CONFIG_AUDITSYSCALL=y, BLIND",
    "CONFIG_SECCOMP_FILTER=y, BLIND",
    "CONFIG_PROC_EVENTS=y, NOTE"
  })
  void says_what_an_option_costs_that_is_missing(String option, Level level) {
    String config = WHOLE.replace(option, "# " + option + " is not set");
    assertThat(run(node().host("boot/config-6.1.0-9-amd64", config)))
        .anySatisfy(
            finding -> {
              assertThat(finding.level()).isEqualTo(level);
              assertThat(finding.what()).contains(option.replace("=y", ""));
            });
  }

  @Test
  void the_running_kernels_own_word_comes_first() throws IOException {
    MadeNode node = node().host("boot/config-6.1.0-9-amd64", "");
    Path packed = node.files().proc().resolve("config.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      out.write(WHOLE.getBytes(StandardCharsets.ISO_8859_1));
    }
    assertThat(run(node)).extracting(Finding::level).containsOnly(Level.OK);
  }

  @Test
  void a_build_that_is_not_told_is_no_problem() {
    assertThat(run(node())).extracting(Finding::level).containsExactly(Level.UNKNOWN, Level.OK);
  }

  @Test
  void a_release_is_no_way_out_of_the_directory() {
    MadeNode node = node().proc("sys/kernel/osrelease", "/../../secret").host("secret", WHOLE);
    assertThat(run(node).getFirst().level()).isEqualTo(Level.UNKNOWN);
  }

  @ParameterizedTest
  @CsvSource({
    "quiet audit=0, BLIND",
    "audit=off quiet, BLIND",
    "audit=1, OK",
    "noaudit=0 xaudit=0, OK",
    "audit_backlog_limit=0, OK"
  })
  void audit_may_be_off_since_boot(String cmdline, Level level) {
    assertThat(run(node().proc("cmdline", cmdline + "\n")).getLast().level()).isEqualTo(level);
  }
}
