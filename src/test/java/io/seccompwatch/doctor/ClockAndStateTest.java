package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.doctor.Finding.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClockAndStateTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "2026-11-24T00:00:00Z, 1795473600, 5000.12, ''",
    "2026-11-24T00:00:00Z, 1795473600, 9000.12, PROBLEM",
    "1970-01-01T01:23:20Z, 0, 5000.12, PROBLEM",
    "2026-11-24T00:00:00Z, x, 5000.12, UNKNOWN"
  })
  void the_clocks_of_wall_and_boot_must_agree(
      Instant now, String btime, String uptime, String bad) {
    MadeNode node =
        new MadeNode(directory)
            .proc("stat", "cpu 1 2\nbtime " + btime + "\n")
            .proc("uptime", uptime + " 1.00\n");
    Instant shown = btime.equals("1795473600") ? Instant.ofEpochSecond(1_795_473_600L + 5000) : now;
    List<Finding> findings = new ClockCheck(node.files(), InstantSource.fixed(shown)).run();
    assertThat(findings)
        .extracting(Finding::level)
        .filteredOn(level -> level != Level.OK)
        .hasSize(bad.isEmpty() ? 0 : 1)
        .allMatch(level -> level == Level.valueOf(bad));
  }

  private StateCheck state(Path stateDirectory) {
    return new StateCheck(new MadeNode(directory).files(), stateDirectory);
  }

  @Test
  void a_directory_that_is_not_there_will_be_made_and_is_not_made_now() {
    Path none = directory.resolve("var/lib/none");
    assertThat(state(none).run())
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.level()).isEqualTo(Level.OK);
              assertThat(finding.what()).isEqualTo(none + " will be made in " + directory);
            });
    assertThat(directory.resolve("var")).doesNotExist();
  }

  @Test
  void a_file_is_no_directory() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    assertThat(state(file).run())
        .singleElement()
        .extracting(Finding::level)
        .isEqualTo(Level.PROBLEM);
  }

  @Test
  void the_agent_that_holds_it_is_named() throws IOException {
    Path lock = Files.writeString(directory.resolve("lock"), "");
    Object inode = Files.getAttribute(lock, "unix:ino");
    new MadeNode(directory)
        .proc(
            "locks",
            "1: FLOCK  ADVISORY  WRITE 1 fd:00:%1$s 0 EOF\n2: POSIX  ADVISORY  WRITE 4711 fd:00:%1$s 0 EOF\n"
                .formatted(inode));
    assertThat(state(directory).holder()).contains("4711");
    assertThat(state(directory.resolve("other")).holder()).isEmpty();
  }
}
