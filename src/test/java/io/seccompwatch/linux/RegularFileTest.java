package io.seccompwatch.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The one way to open what a configuration or a node names. */
@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RegularFileTest {

  @TempDir private Path directory;

  @Test
  void a_regular_file_is_read_also_behind_a_link() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "abc");
    Path link = Files.createSymbolicLink(directory.resolve("link"), file);
    assertThat(RegularFile.read(file, 3)).asString().isEqualTo("abc");
    try (FileChannel channel = RegularFile.open(link)) {
      assertThat(channel.size()).isEqualTo(3);
    }
  }

  @Test
  void a_fifo_is_refused_without_waiting_for_its_writer() throws Exception {
    Path fifo = directory.resolve("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Path link = Files.createSymbolicLink(directory.resolve("link"), fifo);
    for (Path each : new Path[] {fifo, link}) {
      assertThatThrownBy(() -> RegularFile.open(each))
          .isInstanceOf(FileSystemException.class)
          .hasMessage(each + ": is a FIFO, not a regular file");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/tmp, 'is a directory, not a regular file'",
    "/dev/zero, 'is a device, not a regular file'",
    "/dev/null, 'is a device, not a regular file'",
    "/proc/version, 'is a file of the kernel, not a regular file'",
    "/sys/kernel/uevent_seqnum, 'is a file of the kernel, not a regular file'",
  })
  void whatever_else_is_refused(Path path, String why) {
    Assumptions.assumeTrue(Files.exists(path), path + " is not mounted here");
    assertThatThrownBy(() -> RegularFile.open(path)).hasMessage(path + ": " + why);
  }

  @Test
  void what_is_not_there_and_what_is_too_large_are_told() throws IOException {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> RegularFile.open(missing)).isInstanceOf(NoSuchFileException.class);
    Path file = Files.writeString(directory.resolve("f"), "abcd");
    assertThatThrownBy(() -> RegularFile.read(file, 3)).hasMessageEndingWith("larger than 3 bytes");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_file_is_replaced_whole_and_no_draft_stays(boolean forced) throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "a longer text than the next");
    Files.writeString(directory.resolve("f.tmp"), "left by a crash");
    RegularFile.replace(file, "next".getBytes(StandardCharsets.UTF_8), forced);
    assertThat(file).hasContent("next");
    assertThat(directory.resolve("f.tmp")).doesNotExist();
  }

  @Test
  void a_fifo_in_the_drafts_place_makes_no_replacement_wait() throws Exception {
    Path file = directory.resolve("f");
    Path draft = directory.resolve("f.tmp");
    assertThat(new ProcessBuilder("mkfifo", draft.toString()).start().waitFor()).isZero();
    RegularFile.replace(file, new byte[] {'x'}, false);
    assertThat(file).hasContent("x");
  }

  @Test
  void a_file_that_cannot_be_replaced_stays_as_it_was() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "old");
    Files.writeString(Files.createDirectory(directory.resolve("f.tmp")).resolve("in the way"), "");
    assertThatThrownBy(() -> RegularFile.replace(file, new byte[1], true))
        .isInstanceOf(IOException.class);
    assertThat(file).hasContent("old");
  }

  @Test
  void only_the_ring_is_the_kernels_log() throws IOException {
    Path file = Files.writeString(directory.resolve("f"), "");
    for (Path each : new Path[] {file, directory, Path.of("/dev/null"), Path.of("/dev/zero")}) {
      assertThat(RegularFile.isKernelLog(each)).as(each.toString()).isFalse();
    }
  }
}
