package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KubeletCheckTest {

  private static final String CONFIG = "var/lib/kubelet/config.yaml";

  @TempDir private Path directory;

  private Finding run(MadeNode node, Processes processes) {
    return new KubeletCheck(node.files(), processes).run().getFirst();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "seccompDefault: true | OK",
        "  \"seccompDefault\": true, | OK",
        "seccompDefault: false | NOTE",
        "#seccompDefault: true | NOTE",
        "kind: KubeletConfiguration | NOTE"
      })
  void reads_the_configuration(String line, Level level) {
    MadeNode node = new MadeNode(directory).host(CONFIG, line + "\n");
    assertThat(run(node, MadeNode.running("kubelet")).level()).isEqualTo(level);
  }

  @ParameterizedTest
  @CsvSource({
    "kubelet;--seccomp-default, OK",
    "kubelet;--seccomp-default=true, OK",
    "kubelet;--seccomp-default;true, OK",
    "kubelet;--seccomp-default=false, NOTE",
    "kubelet;--config=/etc/kubelet.yaml, OK",
    "kubelet;--config;/etc/kubelet.yaml, OK"
  })
  void the_command_line_comes_first(String words, Level level) {
    MadeNode node =
        new MadeNode(directory)
            .proc("101/cmdline", words.replace(';', '\0') + "\0")
            .host("etc/kubelet.yaml", "seccompDefault: true\n")
            .host(CONFIG, "seccompDefault: false\n");
    assertThat(run(node, MadeNode.running("kubelet")).level()).isEqualTo(level);
  }

  @Test
  void a_file_that_cannot_be_read_is_not_known() {
    MadeNode node = new MadeNode(directory);
    assertThat(run(node, MadeNode.running("kubelet")).level()).isEqualTo(Level.UNKNOWN);
    assertThat(run(node, MadeNode.inContainer()).level()).isEqualTo(Level.UNKNOWN);
    assertThat(run(node, MadeNode.running()).what()).isEqualTo("does not run here");
  }
}
