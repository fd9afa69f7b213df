package io.seccompwatch.benchmark;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.pipeline.Deduplicator;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Books.SourceBook;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.Line;
import io.seccompwatch.record.LineParser;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What happens to each record after it was parsed; records a second. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.SECONDS)
public class PublishBenchmark {

  private static final int RECORDS = 1_024;

  private final Deduplicator stamped = new Deduplicator(false);
  private final Deduplicator pairing = new Deduplicator(true);
  private final Books books = new Books(Clock.systemUTC(), 2_000);
  private final SourceBook book = books.open("audit-log");
  private final ViolationJson json = new ViolationJson();
  private final Violation[] violations = new Violation[RECORDS];
  private int next;
  private long serial;

  @Setup
  public void parse() {
    AuditLogGenerator log = new AuditLogGenerator(1);
    LineParser parser = new LineParser(Dialect.AUDIT_LOG);
    for (int i = 0; i < RECORDS; i++) {
      byte[] line = log.record().trim().getBytes(StandardCharsets.ISO_8859_1);
      if (!(parser.parse(line, 0, line.length) instanceof Line.Recognised recognised)) {
        throw new IllegalStateException("a generated record is not recognised");
      }
      violations[i] = violation(recognised.record());
    }
  }

  @Benchmark
  public boolean duplicateFilter() {
    return stamped.isDuplicate(fresh(), 0);
  }

  @Benchmark
  public boolean duplicateFilterWithPairing() {
    return pairing.isDuplicate(fresh(), 0);
  }

  @Benchmark
  public void booksIncrement() {
    books.violation(book, next());
  }

  @Benchmark
  public void jsonLine() throws IOException {
    json.writeLine(next(), 0, OutputStream.nullOutputStream());
  }

  private Violation next() {
    next = (next + 1) & (RECORDS - 1);
    return violations[next];
  }

  /** A record that the filter has not seen: the next serial. */
  private SeccompRecord fresh() {
    SeccompRecord r = next().record();
    serial++;
    return new SeccompRecord(
        new AuditStamp(1_795_343_423L, 760, 3, serial),
        r.auid(),
        r.uid(),
        r.gid(),
        r.session(),
        r.label(),
        r.pid(),
        r.comm(),
        r.exe(),
        r.signal(),
        r.archToken(),
        r.hasArch(),
        r.syscall(),
        r.compat(),
        r.ip(),
        r.code());
  }

  private static Violation violation(SeccompRecord record) {
    AuditStamp stamp = record.stamp();
    return new Violation(
        record,
        stamp == null ? null : stamp.time(),
        "audit-log",
        "node-1",
        "mount",
        Attribution.unknown(AttributionReason.PROCESS_GONE));
  }
}
