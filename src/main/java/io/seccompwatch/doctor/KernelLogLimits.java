package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What keeps records out of the kernel's log, or the log from being read: {@code printk_ratelimit},
 * {@code printk_ratelimit_burst} and {@code dmesg_restrict}
 * (Documentation/admin-guide/sysctl/kernel.rst). Without an audit daemon, audit records go through
 * printk_ratelimit() (kauditd_printk_skb() in kernel/audit.c).
 *
 * @param read whether any source lives on that log; else nothing of it matters
 */
record KernelLogLimits(NodeFiles node, Self self, boolean read) implements Check {

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    if (!read) {
      return findings;
    }
    String seconds = word("sys/kernel/printk_ratelimit");
    String burst = word("sys/kernel/printk_ratelimit_burst");
    if (seconds != null && burst != null && !seconds.equals("0")) {
      findings.add(
          Finding.note(
              Section.KERNEL,
              "kernel log",
              "takes "
                  + burst
                  + " audit records in "
                  + seconds
                  + " s where no audit daemon runs, and drops the rest (kmsg and syslog)",
              "read audit-netlink or audit-log, which have no such limit"));
    }
    boolean restricted = "1".equals(word("sys/kernel/dmesg_restrict"));
    if (restricted && !self.has(Self.Capability.SYSLOG)) {
      findings.add(
          Finding.note(
              Section.KERNEL,
              "kernel log",
              "kernel.dmesg_restrict is 1 and this process lacks CAP_SYSLOG: kmsg cannot be read",
              "needed for kmsg only: add the capability SYSLOG"));
    }
    return findings;
  }

  private @Nullable String word(String file) {
    return node.proc(file).word();
  }
}
