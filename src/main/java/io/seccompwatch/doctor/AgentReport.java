package io.seccompwatch.doctor;

import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.doctor.Finding.Level;
import java.io.IOException;
import java.io.Writer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What was found of agents that run.
 *
 * @param time when
 * @param url where they were looked for
 * @param version this program's version
 * @param agents one after the other; never empty
 */
public record AgentReport(Instant time, String url, String version, List<Agent> agents) {

  /**
   * One of them.
   *
   * @param address its address, or the name that has none
   * @param findings what was found
   * @param containers containers whose posture the agent knows
   * @param silent containers of these whose denials are not certainly written down
   */
  public record Agent(String address, List<Finding> findings, int containers, int silent) {

    /** An agent of whose containers nothing is known. */
    Agent(String address, List<Finding> findings) {
      this(address, findings, 0, 0);
    }

    /** Copies the list. */
    public Agent {
      findings = List.copyOf(findings);
    }

    /** Whether it has seen its canary. */
    private boolean isProven() {
      return findings.stream()
          .anyMatch(f -> f.level() == Level.OK && f.subject().equals(AgentFindings.CANARY));
    }

    /** What keeps it from seeing denials, or from being asked whether it does. */
    List<Finding> blinding() {
      return findings.stream().filter(finding -> finding.level() == Level.BLIND).toList();
    }
  }

  /** Copies the list. */
  public AgentReport {
    agents = List.copyOf(agents);
  }

  /** Whether each of them was reached, is ready and sees denials. */
  public boolean isWell() {
    return agents.stream().allMatch(agent -> agent.blinding().isEmpty());
  }

  /** Why they do not, by agent; empty when they do. */
  List<String> why() {
    List<String> why = new ArrayList<>();
    for (Agent agent : agents) {
      agent
          .blinding()
          .forEach(
              finding ->
                  why.add(agent.address() + ": " + finding.subject() + ": " + finding.what()));
    }
    return why;
  }

  /** In one line. */
  public String verdict() {
    int all = agents.size();
    if (isWell() && !agents.stream().allMatch(Agent::isProven)) {
      return all == 1
          ? "the agent is ready; without a canary nothing proves that records come through"
          : "all agents are ready; without a canary nothing proves that records come through";
    }
    if (isWell()) {
      int containers = agents.stream().mapToInt(Agent::containers).sum();
      int silent = agents.stream().mapToInt(Agent::silent).sum();
      String seen =
          all == 1
              ? "records come through to the agent"
              : "records come through to all " + all + " agents";
      return containers == 0
          ? seen + "; no container is known"
          : Verdict.unseen(silent, containers) + "; " + seen;
    }
    long blind = agents.stream().filter(agent -> !agent.blinding().isEmpty()).count();
    String of = all == 1 ? "" : blind + " of " + all + " agents: ";
    return "BLIND: " + of + String.join("; ", why());
  }

  /** A report of agents as one JSON object; what a terminal could be harmed by is escaped. */
  public static final class AgentReportJson {

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
}
