package io.seccompwatch.posture;

import io.seccompwatch.profile.Visibility;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What holds for all containers of the node. Immutable.
 *
 * @param visibility which actions the kernel logs
 * @param assumed whether that is the kernel's default, since it could not be read
 * @param auditing the audit system in words
 * @param blind why no denial can be seen at all; null when nothing is in the way
 * @param doubt why it is not certain that what the kernel logs is written down; null when it is
 */
public record NodePosture(
    Visibility visibility,
    boolean assumed,
    String auditing,
    @Nullable String blind,
    @Nullable String doubt) {

  /**
   * Reads the node's settings.
   *
   * @param proc the node's procfs
   * @param audit what is known otherwise
   */
  static NodePosture read(Path proc, AuditView audit) {
    String actions = text(proc.resolve("sys/kernel/seccomp/actions_logged"));
    String found = withoutAudit(proc);
    String state = audit.state();
    String blind = found != null ? found : audit.blind();
    return new NodePosture(
        actions == null ? Visibility.KERNEL_DEFAULT : Visibility.parse(actions),
        actions == null,
        found != null ? found : state != null ? state : "not known",
        blind,
        audit.doubt());
  }

  /** Why this kernel writes no audit records at all; null when nothing says so. */
  private static @Nullable String withoutAudit(Path proc) {
    String line = text(proc.resolve("cmdline"));
    boolean off = false;
    for (String word : line == null ? new String[0] : line.strip().split("\\s+", -1)) {
      // audit_enable in kernel/audit.c; the last one holds
      switch (word.toLowerCase(Locale.ROOT)) {
        case "audit=0", "audit=off" -> off = true;
        case "audit=1", "audit=on" -> off = false;
        default -> {}
      }
    }
    if (off) {
      return "the kernel was booted with audit=0: it writes no audit records";
    }
    // Only there with CONFIG_AUDIT, see tgid_base_stuff in fs/proc/base.c
    Path own = proc.resolve("self");
    return Files.exists(own.resolve("status")) && !Files.exists(own.resolve("loginuid"))
        ? "the kernel has no audit system (CONFIG_AUDIT)"
        : null;
  }

  private static @Nullable String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return null; // before Linux 4.14, or without CONFIG_SECCOMP_FILTER
    } catch (IOException e) {
      return null;
    }
  }
}
