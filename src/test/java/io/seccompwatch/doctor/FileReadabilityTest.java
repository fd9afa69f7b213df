package io.seccompwatch.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of a file that cannot be read: whose it is, who we are, and what would help. */
class FileReadabilityTest {

  private static final long NOBODY = 65_534;
  private static final Lsm NONE = new Lsm(false, null);

  @TempDir private Path directory;

  private Path file(String mode) throws IOException {
    Path file = Files.writeString(directory.resolve("audit.log"), "");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    return file;
  }

  private static Self user(long uid) {
    return new Self(true, uid, List.of(uid), 0);
  }

  private static FileReadability.Seen refused(Self self, Lsm lsm, Path file) {
    return new FileReadability(
            self, lsm, path -> null, path -> new AccessDeniedException(path.toString()))
        .look(file);
  }

  @Test
  void a_readable_file_is_shown_with_owner_and_mode() throws IOException {
    Path file = file("rw-r-----");
    FileReadability.Seen seen =
        new FileReadability(
                user(0), NONE, path -> "system_u:object_r:auditd_log_t:s0", FileReadability::open)
            .look(file);
    assertThat(seen.readable()).isTrue();
    assertThat(seen.what()).contains("rw-r----- ").endsWith(" system_u:object_r:auditd_log_t:s0");
    assertThat(seen.remedy()).isNull();
  }

  @Test
  void its_owner_alone_may_read_it() throws IOException {
    FileReadability.Seen seen = refused(user(NOBODY), NONE, file("rw-------"));
    assertThat(seen.what())
        .contains("permission denied: rw------- ")
        .endsWith("and this is uid 65534, groups 65534");
    assertThat(seen.remedy()).startsWith("run as ");
  }

  @Test
  void selinux_stands_before_a_mode_that_allows_it() throws IOException {
    Self root = new Self(true, 0, List.of(0L), 1L << 1);
    assertThat(refused(root, new Lsm(true, "container_t"), file("rw-------")).remedy())
        .contains("seLinuxOptions.type: spc_t");
    assertThat(refused(root, NONE, file("rw-------")).remedy()).contains("security module");
  }

  @Test
  void a_file_that_is_not_there_wants_its_directory_mounted() {
    Path none = directory.resolve("nowhere/audit.log");
    FileReadability.Seen seen =
        new FileReadability(user(0), NONE, path -> null, FileReadability::open).look(none);
    assertThat(seen.what()).isEqualTo(none + ": not there");
    assertThat(seen.remedy()).contains("mount its directory");
  }

  @Test
  void a_directory_is_no_log() {
    @Nullable IOException failure = FileReadability.open(directory);
    assertThat(failure).hasMessage("is a directory");
  }
}
