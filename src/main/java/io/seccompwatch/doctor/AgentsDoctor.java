package io.seccompwatch.doctor;

import io.seccompwatch.doctor.AgentClient.Answer;
import io.seccompwatch.doctor.Finding.Section;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** Asks running agents how they are doing: all that are behind a name, at the same time. */
public final class AgentsDoctor {

  private static final int MAX_AGENTS = 100;
  private static final Duration GLANCE = Duration.ofMillis(500);
  private static final int MAX_REASON = 300;

  private final AgentTarget target;
  private final Duration patience;
  private final InstantSource clock;
  private final AgentClient client;

  /**
   * @param patience how long a canary that was just fired is waited for
   */
  public AgentsDoctor(AgentTarget target, Duration patience, InstantSource clock) {
    this.target = target;
    this.patience = patience;
    this.clock = clock;
    this.client = new AgentClient(target);
  }

  /**
   * Asks; takes some seconds, and {@code patience} at most beside.
   *
   * @throws InterruptedException when the thread is interrupted meanwhile
   */
  public AgentReport examine() throws InterruptedException {
    List<InetAddress> addresses;
    try {
      addresses = Stream.of(InetAddress.getAllByName(target.host())).distinct().toList();
    } catch (UnknownHostException e) {
      return report(
          List.of(
              new AgentReport.Agent(
                  target.host(),
                  List.of(
                      Finding.blind(
                          Section.AGENT,
                          "reach",
                          "nobody has this name",
                          "give the name of the agents' Service, or an address")))));
    }
    List<AgentReport.Agent> agents = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<AgentReport.Agent>> asked =
          addresses.stream()
              .limit(MAX_AGENTS)
              .map(address -> threads.submit(() -> visit(address)))
              .toList();
      for (Future<AgentReport.Agent> each : asked) {
        agents.add(each.get());
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("asking an agent met a defect", e.getCause());
    }
    if (addresses.size() > MAX_AGENTS) {
      String rest = addresses.size() - MAX_AGENTS + " more";
      agents.add(
          new AgentReport.Agent(
              rest, List.of(Finding.note(Section.AGENT, "reach", "not asked", null))));
    }
    return report(agents);
  }

  private AgentReport report(List<AgentReport.Agent> agents) {
    return new AgentReport(clock.instant(), target.url(), target.version(), agents);
  }

  private AgentReport.Agent visit(InetAddress address) throws InterruptedException {
    String host = address.getHostAddress();
    String name = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return visit(name + ":" + target.port(), address);
  }

  private AgentReport.Agent visit(String named, InetAddress address) throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    long deadline = System.nanoTime() + patience.toNanos();
    try {
      findings.add(readiness(client.get(address, "/readyz")));
      Answer metrics = client.get(address, "/metrics");
      if (metrics.status() != 200) {
        findings.add(refused(metrics));
        return new AgentReport.Agent(named, findings);
      }
      AgentFindings found = of(metrics);
      while (found.isPending() && System.nanoTime() < deadline) {
        Thread.sleep(GLANCE);
        found = of(client.get(address, "/metrics"));
      }
      if (!found.samples().isAgent()) {
        findings.add(
            Finding.blind(
                Section.AGENT, "metrics", "are not an agent's", "give the agents' port, 9326"));
        return new AgentReport.Agent(named, findings);
      }
      findings.addAll(found.findings());
      return new AgentReport.Agent(named, findings, found.known(), found.silent());
    } catch (IOException e) {
      findings.add(unreached(e));
    }
    return new AgentReport.Agent(named, findings);
  }

  private AgentFindings of(Answer metrics) {
    return new AgentFindings(new AgentSamples(metrics.body()), clock.instant());
  }

  private static Finding readiness(Answer answer) {
    return answer.status() == 200
        ? Finding.ok(Section.AGENT, "ready", "it is")
        : Finding.blind(
            Section.AGENT,
            "ready",
            "HTTP " + answer.status() + ": " + reason(answer.body()),
            "fix what it names; the agent's log has more");
  }

  private static Finding refused(Answer answer) {
    String remedy =
        switch (answer.status()) {
          case 401 -> "give --agent-token FILE with a token that the API server takes";
          case 403 -> "give the token's account get on the nonResourceURL /metrics";
          case 503 -> "look at the agent's log: it cannot ask the API server";
          default -> "is it an agent?";
        };
    return Finding.blind(
        Section.AGENT, "metrics", "HTTP " + answer.status() + ": " + reason(answer.body()), remedy);
  }

  private Finding unreached(IOException e) {
    boolean tls = e instanceof SSLException;
    String why = e.getMessage() == null ? "no answer" : e.getMessage();
    return Finding.blind(
        Section.AGENT,
        "reach",
        reason(why),
        tls
            ? "give --agent-ca FILE with the authority of a certificate for " + target.host()
            : "is an agent there, does it serve "
                + (target.tls() == null ? "without" : "with")
                + " TLS, and do network policies let this through?");
  }

  private static String reason(String text) {
    String line = text.strip().replaceAll("\\s*\\R\\s*", "; ");
    return line.length() > MAX_REASON ? line.substring(0, MAX_REASON) + "…" : line;
  }
}
