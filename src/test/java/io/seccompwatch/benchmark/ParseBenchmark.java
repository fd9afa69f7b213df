package io.seccompwatch.benchmark;

import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineParser;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One seccomp record in each of the forms that logs bring it in; records a second. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
public class ParseBenchmark {

  private static final String IDS =
      "auid=4294967295 uid=0 gid=0 ses=4294967295 subj=cri-containerd.apparmor.d pid=7831";
  private static final String NAMES = " comm=\"anchors-fgetatt\" exe=\"/tmp/anchors/audit/gen/sc\"";
  private static final String CALL =
      " sig=0 arch=c000003e syscall=468 compat=0 ip=0x7f487c3d3829 code=0x7ffc0000";
  private static final String STAMP = "audit(1795343423.760:70): ";

  /** How a line carries its record. */
  public enum Form {
    AUDITD("type=SECCOMP msg=" + STAMP + IDS + NAMES + CALL),
    ENRICHED(
        "type=SECCOMP msg="
            + STAMP
            + IDS
            + NAMES
            + CALL
            + "\u001dAUID=\"unset\" UID=\"root\" GID=\"root\" ARCH=x86_64 SYSCALL=file_getattr"),
    HEX_NAMES(
        "type=SECCOMP msg="
            + STAMP
            + IDS
            + " comm=6D7920617070 exe=2F6F70742F6D79206170702F62696E"
            + CALL),
    KMSG("5,1234,1100647225,-;audit: type=1326 " + STAMP + IDS + NAMES + CALL),
    DMESG("[ 1100.647225] audit: type=1326 " + STAMP + IDS + NAMES + CALL),
    RSYSLOG(
        "2026-11-22T10:20:14.833580+00:00 node-1 kernel: [  107.520821] audit: type=1326 "
            + STAMP
            + IDS
            + NAMES
            + CALL),
    TRADITIONAL(
        "Nov 22 10:20:14 node-1 kernel: [  107.520821] audit: type=1326 "
            + STAMP
            + IDS
            + NAMES
            + CALL),
    JOURNALD("Nov 22 10:20:14 node-1 audit[7831]: SECCOMP " + IDS + NAMES + CALL);

    private final String line;

    Form(String line) {
      this.line = line;
    }
  }

  @Param
  @SuppressWarnings("NullAway.Init") // JMH sets it
  public Form form;

  private final LineParser parser = new LineParser(Dialect.ANY);

  @SuppressWarnings("NullAway.Init") // JMH calls the setup
  private byte[] line;

  @Setup
  public void encode() {
    line = form.line.getBytes(StandardCharsets.ISO_8859_1);
    if (!(parse() instanceof Line.Recognised)) {
      throw new IllegalStateException(form + " is not recognised");
    }
  }

  @Benchmark
  public Line parse() {
    return parser.parse(line, 0, line.length);
  }
}
