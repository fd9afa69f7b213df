package io.seccompwatch.doctor;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The security modules, as far as they stand between this process and a file.
 *
 * @param enforcing whether SELinux enforces; false without it
 * @param label this process's own label; null when there is none to be read
 */
record Lsm(boolean enforcing, @Nullable String label) {

  private static final Path SELINUX = Path.of("/sys/fs/selinux/enforce");

  /** Reads both; AppArmor has a file of its own since Linux 5.8, else the first module answers. */
  static Lsm of(NodeFiles node) {
    return of(node, SELINUX);
  }

  static Lsm of(NodeFiles node, Path enforce) {
    boolean enforcing = "1".equals(NodeFiles.read(enforce).word());
    String label = text(node, "self/attr/apparmor/current");
    return new Lsm(enforcing, label == null ? text(node, "self/attr/current") : label);
  }

  private static @Nullable String text(NodeFiles node, String file) {
    String word = node.proc(file).word();
    String plain = word == null ? "" : word.replace("\0", "").strip();
    return plain.isEmpty() ? null : plain;
  }

  /** Words to follow who the process is. */
  String confinement() {
    String selinux = enforcing ? ", SELinux enforcing" : "";
    return (label == null ? "" : ", label " + label) + selinux;
  }
}
