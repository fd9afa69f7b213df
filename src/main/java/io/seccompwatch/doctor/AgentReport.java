package io.seccompwatch.doctor;

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
}
