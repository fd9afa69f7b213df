package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Level;
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

  /** Without a command line that could be read, kubeadm's file is taken. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "seccompDefault: true | OK",
        "{\"kind\":\"KubeletConfiguration\",\"seccompDefault\":true,\"port\":10250} | OK",
        "{\"seccompDefault\": false} | NOTE",
        "a: {seccompDefault: true} | NOTE",
        "seccompDefault: yes | OK",
        "seccompDefault: false | NOTE",
        "seccompDefault: | NOTE",
        "#seccompDefault: true | NOTE",
        "kind: KubeletConfiguration | NOTE",
        "{{{ | UNKNOWN"
      })
  void reads_the_configuration(String text, Level level) {
    MadeNode node = new MadeNode(directory).host(CONFIG, text + "\n");
    assertThat(run(node, MadeNode.running("kubelet")).level()).isEqualTo(level);
  }

  @ParameterizedTest
  @CsvSource({
    "kubelet;--seccomp-default, OK",
    "kubelet;--seccomp-default=true, OK",
    "kubelet;--seccomp-default=T;--config=/etc/off.yaml, OK",
    "kubelet;--seccomp-default;--seccomp-default=false, NOTE",
    "kubelet;--seccomp-default=false;--config=/etc/on.yaml, NOTE",
    "kubelet;--config=/etc/on.yaml, OK",
    "kubelet;--config;/etc/on.yaml, OK",
    "kubelet;--config;/etc/off.yaml, NOTE",
    "kubelet;--config=etc/on.yaml, OK",
    "kubelet;--config=/etc/off.yaml;--config-dir=/etc/on.d, OK",
    "kubelet;--config=/etc/on.yaml;--config-dir;/etc/off.d, NOTE",
    "kubelet;--config=/etc/on.yaml;--config-dir=/etc/none.d, OK",
    "kubelet;--config-dir=/etc/on.d, OK",
    "kubelet;--config=/etc/none.yaml, UNKNOWN",
    "kubelet;--v=2, NOTE",
  })
  void the_command_line_says_what_is_read(String words, Level level) {
    MadeNode node =
        new MadeNode(directory)
            .proc("101/cmdline", words.replace(';', '\0') + "\0")
            .host("etc/on.yaml", "seccompDefault: true\n")
            .host("etc/off.yaml", "{\"seccompDefault\":false}")
            .host("etc/on.d/10-a.conf", "seccompDefault: false\n")
            .host("etc/on.d/20-b.conf", "{\"seccompDefault\":true}")
            .host("etc/on.d/30-c.yaml", "seccompDefault: false\n")
            .host("etc/off.d/deep/a.conf", "seccompDefault: false\n")
            .host(CONFIG, "seccompDefault: true\n");
    assertThat(run(node, MadeNode.running("kubelet")).level()).isEqualTo(level);
  }

  @Test
  void a_file_that_cannot_be_read_is_not_known() {
    MadeNode node = new MadeNode(directory);
    assertThat(run(node, MadeNode.running("kubelet")).level()).isEqualTo(Level.UNKNOWN);
    assertThat(run(node, MadeNode.inContainer()).level()).isEqualTo(Level.UNKNOWN);
    assertThat(run(node, MadeNode.running()).what()).isEqualTo("does not run here");
  }

  @Test
  void says_where_it_was_found() {
    MadeNode node = new MadeNode(directory).host(CONFIG, "seccompDefault: true\n");
    assertThat(run(node, MadeNode.running("kubelet")).what())
        .isEqualTo(
            "true by " + node.files().host(CONFIG) + ": who asks for nothing gets RuntimeDefault");
  }
}
