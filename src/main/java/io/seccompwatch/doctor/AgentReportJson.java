package io.seccompwatch.doctor;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.Writer;

/** A report of agents as one JSON object; what a terminal could be harmed by is escaped. */
public final class AgentReportJson {

  /** Fields are only ever added to it. */
  public static final String SCHEMA = "seccomp-watch/doctor-agents/v1";

  private AgentReportJson() {}

  /**
   * Writes a report, with a newline behind it; the writer is flushed and not closed.
   *
   * @throws IOException when it cannot be written
   */
  public static void write(AgentReport report, Writer to) throws IOException {
    try (JsonGenerator json = ReportJson.JSON.createGenerator(to)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeStringField("schema", SCHEMA);
      json.writeStringField("time", report.time().toString());
      json.writeStringField("url", report.url());
      json.writeStringField("version", report.version());
      json.writeObjectFieldStart("verdict");
      json.writeBooleanField("blind", !report.isWell());
      json.writeArrayFieldStart("why");
      for (String why : report.why()) {
        json.writeString(why);
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeArrayFieldStart("agents");
      for (AgentReport.Agent agent : report.agents()) {
        json.writeStartObject();
        json.writeStringField("address", agent.address());
        json.writeBooleanField("blind", !agent.blinding().isEmpty());
        json.writeArrayFieldStart("findings");
        for (Finding finding : agent.findings()) {
          ReportJson.finding(finding, json);
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }
}
