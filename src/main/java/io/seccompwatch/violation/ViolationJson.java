package io.seccompwatch.violation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.record.SeccompRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * Writes a violation as one line of JSON, schema {@value #SCHEMA}: the same in the violations log,
 * in {@code replay} and in the query API. What is not known is null or left out, never invented.
 * Thread-safe.
 */
public final class ViolationJson {

  /** The schema's name and version; fields are only ever added to it. */
  public static final String SCHEMA = "seccomp-watch/v1";

  private static final DateTimeFormatter LONG_WAY =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private final JsonFactory json =
      JsonEscapes.factory()
          .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
          .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
          .build();

  /** A time as the schema writes it: UTC, milliseconds. */
  public static String format(Instant time) {
    LocalDateTime utc = LocalDateTime.ofEpochSecond(time.getEpochSecond(), 0, ZoneOffset.UTC);
    int year = utc.getYear();
    // By hand, because every line has one. Records with a stamp beyond
    // the year 9999 are hostile or broken, and rare: they may take the long way.
    if (year < 0 || year > 9999) {
      return LONG_WAY.format(time);
    }
    byte[] text = new byte[24];
    digits(text, 0, 4, year);
    text[4] = '-';
    digits(text, 5, 2, utc.getMonthValue());
    text[7] = '-';
    digits(text, 8, 2, utc.getDayOfMonth());
    text[10] = 'T';
    digits(text, 11, 2, utc.getHour());
    text[13] = ':';
    digits(text, 14, 2, utc.getMinute());
    text[16] = ':';
    digits(text, 17, 2, utc.getSecond());
    text[19] = '.';
    digits(text, 20, 3, time.getNano() / 1_000_000);
    text[23] = 'Z';
    return new String(text, StandardCharsets.ISO_8859_1);
  }

  private static void digits(byte[] text, int at, int count, int number) {
    int left = number;
    for (int i = at + count - 1; i >= at; i--) {
      text[i] = (byte) ('0' + left % 10);
      left /= 10;
    }
  }

  /**
   * Writes one line, its line end included.
   *
   * @param suppressed how many alike were left out before this one; written when above 0
   */
  public void writeLine(Violation violation, long suppressed, OutputStream out) throws IOException {
    try (JsonGenerator to = json.createGenerator(out)) {
      write(violation, suppressed, to);
    }
    out.write('\n');
  }

  /** Writes a sum of suppressed violations as one line, its line end included. */
  public void writeLine(Suppressed sum, OutputStream out) throws IOException {
    try (JsonGenerator to = json.createGenerator(out)) {
      to.writeStartObject();
      to.writeStringField("schema", Suppressed.SCHEMA);
      to.writeStringField("time", format(sum.time()));
      writeText(to, "node", sum.node());
      to.writeNumberField("suppressed", sum.count());
      to.writeNumberField("denied", sum.denied());
      to.writeNumberField("logged", sum.logged());
      if (sum.attribution() == null) {
        to.writeNullField("attribution");
        to.writeNullField("workload");
      } else {
        to.writeObjectFieldStart("attribution");
        to.writeStringField("outcome", sum.attribution().outcome().label());
        to.writeEndObject();
        writeWorkload(sum.attribution(), to);
      }
      to.writeEndObject();
    }
    out.write('\n');
  }

  /** Writes the violation as one object of a larger document. */
  public void write(Violation violation, long suppressed, JsonGenerator to) throws IOException {
    SeccompRecord record = violation.record();
    to.writeStartObject();
    to.writeStringField("schema", SCHEMA);
    writeText(to, "time", violation.time() == null ? null : format(violation.time()));
    writeText(to, "auditId", record.stamp() == null ? null : record.stamp().id());
    writeText(to, "node", violation.node());
    to.writeStringField("source", violation.source());
    to.writeStringField("verdict", violation.verdict());
    to.writeStringField("action", record.action().label());
    writeText(to, "code", record.isWhole() ? "0x" + Integer.toHexString(record.code()) : null);
    writeNumber(to, "signal", record.hasSignal(), record.signal());
    writeText(to, "arch", archText(record));
    to.writeObjectFieldStart("syscall");
    writeNumber(to, "number", record.hasSyscall(), record.syscall());
    writeText(to, "name", violation.syscallName());
    to.writeEndObject();
    writeText(to, "ip", record.isWhole() ? "0x" + Long.toHexString(record.ip()) : null);
    writeProcess(record, to);
    writeAttribution(violation.attribution(), to);
    writeWorkload(violation.attribution(), to);
    if (suppressed > 0) {
      to.writeNumberField("suppressed", suppressed);
    }
    to.writeEndObject();
  }

  /**
   * The ABI's name; the raw token in hex where this agent knows no name; null when not recorded.
   */
  public static @Nullable String archText(SeccompRecord record) {
    if (!record.hasArch()) {
      return null;
    }
    return switch (record.arch()) {
      case UNKNOWN -> "0x" + Integer.toHexString(record.archToken());
      default -> record.arch().label();
    };
  }

  private static void writeProcess(SeccompRecord record, JsonGenerator to) throws IOException {
    to.writeObjectFieldStart("process");
    to.writeNumberField("pid", record.pid());
    to.writeNumberField("uid", record.uid());
    to.writeNumberField("gid", record.gid());
    writeId(to, "auid", record.auid());
    writeId(to, "session", record.session());
    writeText(to, "comm", record.comm());
    writeText(to, "exe", record.exe());
    writeText(to, "label", record.label());
    to.writeEndObject();
  }

  private static void writeAttribution(Attribution attribution, JsonGenerator to)
      throws IOException {
    to.writeObjectFieldStart("attribution");
    to.writeStringField("outcome", attribution.outcome().label());
    writeText(to, "by", attribution.by() == null ? null : attribution.by().label());
    writeText(to, "reason", attribution.reason() == null ? null : attribution.reason().label());
    to.writeEndObject();
  }

  private static void writeWorkload(Attribution attribution, JsonGenerator to) throws IOException {
    Workload workload = attribution.workload();
    if (workload == null && attribution.podUid() == null && attribution.containerId() == null) {
      to.writeNullField("workload");
      return;
    }
    to.writeObjectFieldStart("workload");
    writeText(to, "namespace", workload == null ? null : workload.namespace());
    writeText(to, "pod", workload == null ? null : workload.pod());
    writeText(to, "podUid", attribution.podUid());
    writeText(to, "container", workload == null ? null : workload.container());
    writeText(to, "containerId", attribution.containerId());
    writeText(to, "image", workload == null ? null : workload.image());
    if (workload != null && workload.ownerKind() != null && workload.ownerName() != null) {
      to.writeObjectFieldStart("owner");
      to.writeStringField("kind", workload.ownerKind());
      to.writeStringField("name", workload.ownerName());
      to.writeEndObject();
    }
    if (workload != null && workload.profile() != null) {
      to.writeObjectFieldStart("profile");
      to.writeStringField("type", workload.profile().type());
      writeText(to, "localhostProfile", workload.profile().localhostProfile());
      to.writeEndObject();
    }
    to.writeEndObject();
  }

  private static void writeId(JsonGenerator to, String field, long id) throws IOException {
    if (id == SeccompRecord.UNSET) {
      to.writeNullField(field);
    } else {
      to.writeNumberField(field, id);
    }
  }

  private static void writeNumber(JsonGenerator to, String field, boolean known, long number)
      throws IOException {
    if (known) {
      to.writeNumberField(field, number);
    } else {
      to.writeNullField(field);
    }
  }

  private static void writeText(JsonGenerator to, String field, @Nullable String text)
      throws IOException {
    if (text == null) {
      to.writeNullField(field);
    } else {
      to.writeStringField(field, text);
    }
  }
}
