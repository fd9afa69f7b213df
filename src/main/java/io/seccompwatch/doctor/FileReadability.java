package io.seccompwatch.doctor;

import io.seccompwatch.linux.RegularFile;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Whether a source's file can be read, and if not, whose it is and what would help.
 *
 * @param self who wants to read it
 * @param lsm the security modules in between
 * @param labels the SELinux label of a file; null for none
 * @param opening opens a file and closes it; the failure, or null
 */
record FileReadability(
    Self self,
    Lsm lsm,
    Function<Path, @Nullable String> labels,
    Function<Path, @Nullable IOException> opening) {

  private static final String AS_ROOT =
      "run as root without capabilities (runAsUser: 0, capabilities: drop ALL)";

  /**
   * How a file stands.
   *
   * @param readable whether it can be opened
   * @param what owner, group, mode and label, or why there are none
   * @param remedy what would help; null when it is readable
   */
  record Seen(boolean readable, String what, @Nullable String remedy) {}

  /** Looks at a file. */
  Seen look(Path file) {
    IOException failure = opening.apply(file);
    Stat stat = stat(file);
    if (failure == null) {
      return new Seen(
          true, file + (stat == null ? "" : ": " + stat.text(labels.apply(file))), null);
    }
    if (stat == null) {
      return withoutStat(file, failure);
    }
    String what =
        file
            + ": "
            + NodeFiles.reason(failure)
            + ": "
            + stat.text(labels.apply(file))
            + ", and this is "
            + self.who();
    return new Seen(false, what, remedy(file, stat, false));
  }

  /** Nothing at all is known of it: it is not there, or a directory above it is closed to us. */
  private Seen withoutStat(Path file, IOException failure) {
    Path above = file.toAbsolutePath().getParent();
    while (above != null && stat(above) == null) {
      above = above.getParent();
    }
    Stat stat = above == null ? null : stat(above);
    if (failure instanceof NoSuchFileException || above == null || stat == null) {
      return new Seen(
          false,
          file + ": " + NodeFiles.reason(failure),
          "where the node has it: mount its directory (not the file) read-only, and give its path");
    }
    String what =
        "%s: %s: directory %s: %s, and this is %s"
            .formatted(
                file, NodeFiles.reason(failure), above, stat.text(labels.apply(above)), self.who());
    return new Seen(false, what, remedy(above, stat, true));
  }

  private String remedy(Path path, Stat stat, boolean directory) {
    boolean groupMay =
        stat.has(PosixFilePermission.GROUP_READ)
            && (!directory || stat.has(PosixFilePermission.GROUP_EXECUTE));
    boolean ours =
        self.readsAnyFile()
            || (self.uid() == stat.uid() && stat.has(PosixFilePermission.OWNER_READ))
            || (self.groups().contains(stat.gid()) && groupMay)
            || stat.has(PosixFilePermission.OTHERS_READ);
    if (ours && lsm.enforcing()) {
      return "SELinux forbids it although its mode does not: seLinuxOptions.type: spc_t";
    }
    if (ours) {
      return path.startsWith("/dev")
          ? "its mode allows it, so a device rule or kernel.dmesg_restrict forbids it: run"
              + " privileged, or read audit-netlink"
          : "its mode allows it, so a security module forbids it: look for the denial in its log";
    }
    if (groupMay && stat.gid() != 0) {
      return "add group %s: supplementalGroups: [%d]; or %s"
          .formatted(stat.group(), stat.gid(), AS_ROOT);
    }
    String selinux = lsm.enforcing() ? " and seLinuxOptions.type: spc_t" : "";
    return stat.uid() == 0 && self.uid() != 0
        ? AS_ROOT + selinux
        : "run as user " + stat.uid() + ", or as root with the capability DAC_READ_SEARCH";
  }

  /** Really opens it: access(2) knows nothing of a container's device rules. */
  static @Nullable IOException open(Path file) {
    if (Files.isDirectory(file)) {
      return new IOException("is a directory");
    }
    try (SeekableByteChannel opened =
        RegularFile.isKernelLog(file) ? Files.newByteChannel(file) : RegularFile.open(file)) {
      return opened.isOpen() ? null : new IOException("closed at once");
    } catch (IOException e) {
      return e;
    }
  }

  /** When a file was last written; null when that cannot be told. */
  static @Nullable Instant lastWritten(Path file) {
    try {
      return Files.getLastModifiedTime(file).toInstant().truncatedTo(ChronoUnit.MILLIS);
    } catch (IOException e) {
      return null;
    }
  }

  private static @Nullable Stat stat(Path path) {
    try {
      PosixFileAttributes seen = Files.readAttributes(path, PosixFileAttributes.class);
      return new Stat(
          number(path, "unix:uid"),
          seen.owner().getName(),
          number(path, "unix:gid"),
          seen.group().getName(),
          seen.permissions());
    } catch (IOException | UnsupportedOperationException e) {
      return null;
    }
  }

  private static long number(Path path, String attribute) throws IOException {
    return ((Number) Files.getAttribute(path, attribute)).longValue();
  }

  private record Stat(
      long uid, String owner, long gid, String group, Set<PosixFilePermission> permissions) {

    boolean has(PosixFilePermission permission) {
      return permissions.contains(permission);
    }

    String text(@Nullable String label) {
      return "%s %s:%s (%d:%d)%s"
          .formatted(
              PosixFilePermissions.toString(permissions),
              owner,
              group,
              uid,
              gid,
              label == null ? "" : " " + label);
    }
  }
}
