package io.seccompwatch.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * This process, from {@code <proc>/self/status} (proc_pid_status(5)).
 *
 * @param known whether the file could be read
 * @param uid the effective user
 * @param groups the effective group and the supplementary ones
 * @param capabilities the effective capabilities, bit by bit
 */
record Self(boolean known, long uid, List<Long> groups, long capabilities) {

  /** Capabilities that something here needs, with their bits in include/uapi/linux/capability.h. */
  enum Capability {
    DAC_OVERRIDE(1, "reading any file"),
    DAC_READ_SEARCH(2, "reading any file"),
    NET_ADMIN(12, "process events before Linux 6.6, large socket buffers"),
    SYS_PTRACE(19, "namespaces of other processes"),
    SYS_ADMIN(21, "nothing that the agent does"),
    AUDIT_CONTROL(30, "the kernel's audit status and rules"),
    SYSLOG(34, "/dev/kmsg where kernel.dmesg_restrict is 1"),
    AUDIT_READ(37, "audit-netlink");

    private final int bit;
    private final String use;

    Capability(int bit, String use) {
      this.bit = bit;
      this.use = use;
    }

    /** What it is good for. */
    String use() {
      return use;
    }
  }

  static Self of(NodeFiles node) {
    NodeFiles.Content status = node.proc("self/status");
    long uid = -1;
    long capabilities = 0;
    List<Long> groups = new ArrayList<>();
    for (String line : status.lines()) {
      String[] fields = line.split("\\s+", -1);
      switch (fields[0]) {
        case "Uid:" -> uid = number(fields, 2, 10);
        case "Gid:" -> groups.add(number(fields, 2, 10));
        case "Groups:" ->
            Stream.of(fields).skip(1).filter(f -> !f.isEmpty()).forEach(f -> add(groups, f));
        case "CapEff:" -> capabilities = Math.max(0, number(fields, 1, 16));
        default -> {
          // The other forty say nothing of rights
        }
      }
    }
    return new Self(uid >= 0, uid, groups.stream().distinct().toList(), capabilities);
  }

  private static void add(List<Long> groups, String field) {
    groups.add(number(new String[] {field}, 0, 10));
  }

  private static long number(String[] fields, int at, int radix) {
    try {
      return at < fields.length ? Long.parseLong(fields[at], radix) : -1;
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  boolean has(Capability capability) {
    return (capabilities >>> capability.bit & 1) == 1;
  }

  /** Whether modes of files do not matter to it. */
  boolean readsAnyFile() {
    return has(Capability.DAC_OVERRIDE) || has(Capability.DAC_READ_SEARCH);
  }

  /** In words, {@code uid 65532, groups 65532 4}. */
  String who() {
    StringBuilder who = new StringBuilder("uid " + uid + ", groups");
    groups.forEach(group -> who.append(' ').append(group));
    return who.toString();
  }
}
