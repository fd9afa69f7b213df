package io.seccompwatch.benchmark;

import io.seccompwatch.record.AuditStamp.SerialScan;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.record.SerialGaps;
import io.seccompwatch.source.LineSink;
import io.seccompwatch.source.LineSplitter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** From bytes to recognised records over an audit log with one record among a hundred lines. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
public class ScanBenchmark {

  /** As the file follower and {@code replay} read. */
  private static final int FEED_BYTES = 128 * 1024;

  private static final int LOG_BYTES = 16_000_000;

  /** Sums what was scanned: the result {@code gigabytes} is GB/s. */
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  @State(Scope.Thread)
  public static class Scanned {
    public double gigabytes;
  }

  /** The agent's parser of audit.log, or that of {@code replay}. */
  @Param({"AUDIT_LOG", "ANY"})
  @SuppressWarnings("NullAway.Init") // JMH sets it
  public Dialect dialect;

  /** Whether the serials of all lines are watched too, as {@code run} does in an audit log. */
  @Param({"false", "true"})
  public boolean serials;

  @SuppressWarnings("NullAway.Init") // JMH calls the setup
  private byte[] log;

  @SuppressWarnings("NullAway.Init") // JMH calls the setup
  private Counting sink;

  @Setup
  public void generate() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new AuditLogGenerator(1).write(out, LOG_BYTES);
    log = out.toByteArray();
    sink = new Counting(new LineParser(dialect), serials);
  }

  @Benchmark
  public long scan(Scanned scanned) {
    LineSplitter splitter = new LineSplitter(64 * 1024, sink);
    for (int from = 0; from < log.length; from += FEED_BYTES) {
      splitter.feed(log, from, Math.min(log.length, from + FEED_BYTES));
    }
    scanned.gigabytes += log.length / 1e9;
    return sink.records;
  }

  private static final class Counting implements LineSink {
    private final LineParser parser;
    private final SerialGaps gaps = new SerialGaps(1_000);
    private final boolean serials;
    private long last;
    private long records;

    Counting(LineParser parser, boolean serials) {
      this.parser = parser;
      this.serials = serials;
    }

    @Override
    public void line(byte[] buffer, int from, int to) {
      if (serials) {
        long serial = SerialScan.serial(buffer, from, to);
        if (serial != last && serial != SerialScan.NONE) {
          last = serial;
          gaps.saw(serial, 0);
        }
      }
      if (parser.parse(buffer, from, to) instanceof Line.Recognised) {
        records++;
      }
    }

    @Override
    public void lineTooLong(long bytes) {}

    @Override
    public void lost(LossReason reason, long count) {}

    @Override
    public void rotated() {}
  }
}
