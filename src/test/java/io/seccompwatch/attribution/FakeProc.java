package io.seccompwatch.attribution;

import io.seccompwatch.attribution.PidTimeline.PidCursor;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;

/** A procfs made of files, a clock that is set by hand and a cursor of PIDs. */
final class FakeProc {
  /** Wall-clock time of boot, milliseconds since the epoch. */
  static final long BOOT = 1_795_000_000_000L;

  static final String POD = "a0b0c001-1234-4abc-8def-000000001001";
  static final String CONTAINER = "1".repeat(64);
  static final String CGROUP = "0::/kubepods/burstable/pod" + POD + "/" + CONTAINER + "\n";
  static final String OTHER =
      "0::/kubepods/burstable/poda0b0c002-1234-4abc-8def-000000001002/" + "2".repeat(64) + "\n";

  final Path proc;
  final FakeCursor cursor = new FakeCursor();
  private long upMillis;

  FakeProc(Path proc) {
    this.proc = proc;
    write("1/stat", "1 (init) S 0");
    up(1_000_000);
  }

  /** The cursor, set by hand. */
  static final class FakeCursor implements PidCursor {
    int next = 1_000;
    int limit = 32_768;

    @Override
    public int next() {
      return next;
    }

    @Override
    public int limit() {
      return limit;
    }
  }

  /** Lets the machine have been up for so long. */
  void up(long millis) {
    upMillis = millis;
    write("uptime", "%d.%02d 0.00\n".formatted(millis / 1_000, millis % 1_000 / 10));
  }

  void pass(long millis) {
    up(upMillis + millis);
  }

  void start(int pid, long startedMillis, String cgroup) {
    process(pid, startedMillis, 'S', "app", cgroup);
  }

  void process(int pid, long startedMillis, char state, String comm, String cgroup) {
    write(pid + "/cgroup", cgroup);
    write(
        pid + "/stat",
        pid
            + " ("
            + comm
            + ") "
            + state
            + " 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 "
            + startedMillis / 10
            + " 1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 17 0\n");
  }

  void end(int pid) {
    try {
      Files.deleteIfExists(proc.resolve(pid + "/stat"));
      Files.deleteIfExists(proc.resolve(pid + "/cgroup"));
      Files.deleteIfExists(proc.resolve(Integer.toString(pid)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void write(String file, String text) {
    try {
      Path path = proc.resolve(file);
      Files.createDirectories(path.getParent());
      Files.write(path, text.getBytes(StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Clock wall() {
    return new Clock() {
      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        return this;
      }

      @Override
      public Instant instant() {
        return Instant.ofEpochMilli(BOOT + upMillis);
      }
    };
  }

  long nanos() {
    return TimeUnit.MILLISECONDS.toNanos(upMillis);
  }

  ProcReader reader(CgroupAnchor anchor) {
    return new ProcReader(proc, new CgroupParser(anchor));
  }

  BootClock clock() {
    return new ProcfsBootClock(proc, wall(), this::nanos);
  }

  ProcessHistory history(BootClock clock, ProcessHistory.Limits limits) {
    PidTimeline timeline = new PidTimeline(cursor, 2, this::nanos);
    return new ProcessHistory(proc, reader(CgroupAnchor.NONE), clock, timeline, limits);
  }

  /** A record stamped so many milliseconds after boot. */
  static SeccompRecord record(int pid, String comm, long millis, int code) {
    long at = BOOT + millis;
    AuditStamp stamp = new AuditStamp(at / 1_000, (int) (at % 1_000), 3, 7);
    return new SeccompRecord(
        stamp, 0, 0, 0, 0, null, pid, comm, "/app", 0, 0xc000003e, true, 165, 0, 1, code);
  }
}
