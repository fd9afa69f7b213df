package io.seccompwatch.doctor;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.violation.JsonEscapes;
import java.io.IOException;
import java.io.Writer;

/** A report as one JSON object; what a terminal could be harmed by is escaped. */
public final class ReportJson {

  /** Fields are only ever added to it. */
  public static final String SCHEMA = "seccomp-watch/doctor/v1";

  static final JsonFactory JSON =
      JsonEscapes.factory().disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build();

  private ReportJson() {}

  /**
   * Writes a report, with a newline behind it; the writer is flushed and not closed.
   *
   * @throws IOException when it cannot be written
   */
  public static void write(Report report, Writer to) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(to)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeStringField("schema", SCHEMA);
      json.writeStringField("time", report.time().toString());
      json.writeStringField("node", report.node());
      json.writeStringField("kernel", report.kernel());
      json.writeStringField("version", report.version());
      verdict(report, json);
      json.writeArrayFieldStart("findings");
      for (Finding finding : report.findings()) {
        finding(finding, json);
      }
      json.writeEndArray();
      json.writeArrayFieldStart("canary");
      for (CanaryResult heard : report.canary()) {
        heard(heard, json);
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }

  private static void verdict(Report report, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("verdict");
    json.writeBooleanField("blind", report.verdict().isBlind());
    json.writeArrayFieldStart("carriers");
    for (String carrier : report.verdict().carriers()) {
      json.writeString(carrier);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("why");
    for (String why : report.verdict().why()) {
      json.writeString(why);
    }
    json.writeEndArray();
    json.writeNumberField("containers", report.verdict().containers());
    json.writeNumberField("silent", report.verdict().silent());
    json.writeEndObject();
  }

  static void finding(Finding finding, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("section", finding.section().label());
    json.writeStringField("subject", finding.subject());
    json.writeStringField("level", finding.level().label());
    json.writeStringField("what", finding.what());
    json.writeStringField("remedy", finding.remedy());
    json.writeEndObject();
  }

  private static void heard(CanaryResult heard, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("source", heard.source());
    json.writeStringField("path", heard.path());
    json.writeBooleanField("open", heard.open());
    json.writeBooleanField("seen", heard.delayMillis() != null);
    if (heard.delayMillis() == null) {
      json.writeNullField("delayMillis");
    } else {
      json.writeNumberField("delayMillis", heard.delayMillis());
    }
    json.writeStringField("why", heard.why());
    json.writeEndObject();
  }
}
