package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.NodeFiles.Content;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/**
 * Whether the running kernel can write a record at all: how it was built ({@code /proc/config.gz},
 * or the file that distributions put beside the kernel) and how it was booted.
 */
record KernelCheck(NodeFiles node) implements Check {

  /** The options without which no filter logs; audit_seccomp() is in kernel/auditsc.c. */
  private static final List<String> NEEDED =
      List.of("CONFIG_AUDIT", "CONFIG_AUDITSYSCALL", "CONFIG_SECCOMP_FILTER");

  private static final String EVENTS = "CONFIG_PROC_EVENTS";

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    String release = node.proc("sys/kernel/osrelease").word();
    findings.addAll(built(release == null ? "" : release));
    findings.add(booted());
    return findings;
  }

  private List<Finding> built(String release) {
    Content config = config(release);
    if (config.text() == null) {
      return List.of(
          Finding.unknown(
              Section.KERNEL,
              "build",
              "neither "
                  + node.proc().resolve("config.gz")
                  + " nor "
                  + config.path()
                  + " can be read",
              null));
    }
    List<String> lines = config.lines();
    List<String> lacking = NEEDED.stream().filter(name -> !lines.contains(name + "=y")).toList();
    List<Finding> findings = new ArrayList<>();
    findings.add(
        lacking.isEmpty()
            ? Finding.ok(Section.KERNEL, "build", "has " + String.join(", ", NEEDED))
            : Finding.blind(
                Section.KERNEL,
                "build",
                "was built without " + String.join(", ", lacking) + ": it writes no record",
                "boot a kernel that has them"));
    if (!lines.contains(EVENTS + "=y")) {
      findings.add(
          Finding.note(
              Section.KERNEL,
              "build",
              "was built without " + EVENTS + ": a process that is gone at once may stay unknown",
              null));
    }
    return findings;
  }

  private Content config(String release) {
    Path packed = node.proc().resolve("config.gz");
    try (InputStream in = new GZIPInputStream(Files.newInputStream(packed))) {
      return NodeFiles.content(packed, in);
    } catch (IOException e) {
      // Built without it, as most distributions do
    }
    boolean plain = !release.isEmpty() && release.indexOf('/') < 0;
    return plain
        ? NodeFiles.read(node.host("boot/config-" + release))
        : new Content(node.host("boot"), null, "no release", true);
  }

  /** {@code audit=0} or {@code off} disables audit for good (audit_enable() in kernel/audit.c). */
  private Finding booted() {
    Content cmdline = node.proc("cmdline");
    if (cmdline.text() == null) {
      return Finding.unknown(Section.KERNEL, "boot", cmdline.path() + ": " + cmdline.why(), null);
    }
    String off = null;
    for (String word : cmdline.text().strip().split("\\s+", -1)) {
      switch (word.toLowerCase(Locale.ROOT)) { // the last one holds
        case "audit=0", "audit=off" -> off = word;
        case "audit=1", "audit=on" -> off = null;
        default -> {}
      }
    }
    if (off != null) {
      return Finding.blind(
          Section.KERNEL,
          "boot",
          "was booted with " + off + ": no record is ever written",
          "take " + off + " from the kernel's command line and reboot");
    }
    return Finding.ok(Section.KERNEL, "boot", "its command line does not switch audit off");
  }
}
