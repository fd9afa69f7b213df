package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.PidTimeline.PidCursor;
import io.seccompwatch.attribution.PidTimeline.ProcfsPidCursor;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Real processes in real cgroups; needs root and a writable cgroup hierarchy. */
@Tag("node")
final class AttributionNodeTest {
  private static final Path PROC = Path.of("/proc");
  private static final String POD = "5ecc0a7c-0001-4abc-8def-000000000001";
  private static final String OTHER_POD = "5ecc0a7c-0002-4abc-8def-000000000002";
  static final int KILL = 0x80000000;
  private static final int ERRNO = 0x50000;

  @Test
  void aKilledProcessIsFoundInTheHistory() throws Exception {
    try (NodeCgroups cgroups = cgroups()) {
      Path procs = cgroups.container(POD, "a".repeat(64));
      Process process = sleeper(procs);
      try {
        readsAndRemembers(process);
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
  }

  private static void readsAndRemembers(Process process) throws InterruptedException {
    BootClock clock = new ProcfsBootClock(PROC, Clock.systemUTC(), System::nanoTime);
    ProcessHistory history = history(clock);
    Attributor attributor = attributor(clock, history);
    int pid = (int) process.pid();

    Attribution alive = attributor.attribute(record(pid, System.currentTimeMillis(), ERRNO));
    assertThat(alive.by()).isEqualTo(Evidence.PROCFS);
    assertThat(alive.podUid()).isEqualTo(POD);

    ProcessHistory fresh = history(clock);
    fresh.walk();
    long stamp = System.currentTimeMillis();
    process.destroyForcibly().waitFor();
    Attribution gone = attributor(clock, fresh).attribute(record(pid, stamp, KILL));
    assertThat(gone.by()).isEqualTo(Evidence.HISTORY);
    assertThat(gone.podUid()).isEqualTo(POD);
    assertThat(gone.containerId()).isEqualTo("a".repeat(64));
  }

  @Test
  void bothWaysToTheCursorAgree() {
    PidCursor here = new ProcfsPidCursor(PROC, true);
    PidCursor elsewhere = new ProcfsPidCursor(PROC, false);
    assertThat(here.limit()).isGreaterThanOrEqualTo(301);
    int before = here.next();
    int made = elsewhere.next();
    int after = here.next();
    assumeTrue(before < after, "the cursor came round just now");
    assertThat(made).isBetween(before, after);
  }

  @Test
  void thisProcessIsOnTheHost() {
    BootClock clock = new ProcfsBootClock(PROC, Clock.systemUTC(), System::nanoTime);
    Attribution found =
        attributor(clock, history(clock))
            .attribute(
                record((int) ProcessHandle.current().pid(), System.currentTimeMillis(), KILL));
    assertThat(found.outcome()).isEqualTo(Outcome.HOST);
  }

  /** In a PID namespace of its own with 8,000 PIDs (Linux 6.14), where numbers come round soon. */
  @Test
  void inAStormOfForksNoAnswerIsWrong() throws Exception {
    Runtime.Version kernel = kernel();
    assumeTrue(
        kernel.compareTo(Runtime.Version.parse("6.14")) >= 0,
        "before Linux 6.14 pid_max is not per namespace");
    try (NodeCgroups cgroups = cgroups()) {
      Path a = cgroups.container(POD, "a".repeat(64));
      Path b = cgroups.container(OTHER_POD, "b".repeat(64));
      Process storm =
          new ProcessBuilder(
                  "unshare",
                  "--pid",
                  "--fork",
                  "--kill-child",
                  "--mount-proc",
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  PidReuseStorm.class.getName(),
                  a.toString(),
                  b.toString(),
                  "8000")
              .redirectErrorStream(true)
              .start();
      String out = new String(storm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int exit = storm.waitFor();
      assumeTrue(exit != 2, "pid_max is not per namespace on this kernel: " + out);
      assertThat(out).contains("wrong 0,");
      assertThat(exit).isZero();
    }
  }

  private static Runtime.Version kernel() {
    String[] parts = System.getProperty("os.version").split("[.-]", 3);
    return Runtime.Version.parse(parts[0] + (parts[1].equals("0") ? "" : "." + parts[1]));
  }

  private static NodeCgroups cgroups() {
    NodeCgroups cgroups = NodeCgroups.open();
    assumeTrue(cgroups != null, "needs root and a writable cgroup hierarchy");
    return Objects.requireNonNull(cgroups);
  }

  static Process sleeper(Path procs) throws IOException {
    Process process = new ProcessBuilder("sleep", "60").start();
    Files.writeString(procs, Long.toString(process.pid()));
    return process;
  }

  static ProcessHistory history(BootClock clock) {
    PidTimeline timeline = new PidTimeline(new ProcfsPidCursor(PROC), 2, System::nanoTime);
    return new ProcessHistory(PROC, reader(), clock, timeline, ProcessHistory.Limits.DEFAULT);
  }

  static Attributor attributor(BootClock clock, ProcessHistory history) {
    return new Attributor(reader(), clock, history, null);
  }

  private static ProcReader reader() {
    return new ProcReader(PROC, new CgroupParser(CgroupAnchor.NONE));
  }

  static SeccompRecord record(int pid, long stampMillis, int code) {
    return record(pid, "sleep", stampMillis, code);
  }

  static SeccompRecord record(int pid, String comm, long stampMillis, int code) {
    AuditStamp stamp = new AuditStamp(stampMillis / 1_000, (int) (stampMillis % 1_000), 3, 1);
    return new SeccompRecord(
        stamp, 0, 0, 0, 0, null, pid, comm, "/s", 31, 0xc000003e, true, 1, 0, 1, code);
  }
}
