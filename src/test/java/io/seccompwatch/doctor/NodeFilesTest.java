package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeFilesTest {

  @TempDir private Path directory;

  @Test
  void a_file_larger_than_a_configuration_is_left_alone() throws IOException {
    Path huge = Files.write(directory.resolve("huge"), new byte[(1 << 20) + 1]);
    assertThat(NodeFiles.read(huge))
        .isEqualTo(new NodeFiles.Content(huge, null, "larger than 1 MiB", false));
  }

  @Test
  void a_device_that_never_ends_is_not_read() {
    assertThat(NodeFiles.read(Path.of("/dev/zero")).why()).isEqualTo("not a regular file");
    assertThat(NodeFiles.read(directory).why()).isEqualTo("not a regular file");
  }

  @Test
  void what_is_missing_is_said_so() {
    NodeFiles.Content none = NodeFiles.read(directory.resolve("none"));
    assertThat(none.missing()).isTrue();
    assertThat(none.why()).isEqualTo("not there");
    assertThat(none.lines()).isEmpty();
  }

  @Test
  void of_a_directory_with_ever_so_many_files_some_are_read() throws IOException {
    for (int i = 0; i < 300; i++) {
      Files.writeString(directory.resolve(i + ".conf"), "");
    }
    assertThat(NodeFiles.list(directory, ".conf")).hasSize(256);
  }

  @Test
  void a_findings_text_is_bounded() {
    Finding finding = Finding.ok(Section.AUDIT, "x", "y".repeat(100_000));
    assertThat(finding.what()).hasSize(601);
  }
}
