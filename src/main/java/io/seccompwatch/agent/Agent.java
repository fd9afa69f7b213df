package io.seccompwatch.agent;

import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.AgentException;
import io.seccompwatch.config.ConfigException;
import io.seccompwatch.config.ConfiguredPaths;
import io.seccompwatch.config.SourceSelection;
import io.seccompwatch.config.StateDirectory;
import io.seccompwatch.http.WebServer;
import io.seccompwatch.pipeline.KnownRecords;
import io.seccompwatch.pipeline.PendingViolations;
import io.seccompwatch.pipeline.Vouching;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.ViolationLog;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The agent of a node, running: made by {@link #start}, ended by {@link #close}, both by one
 * thread.
 */
public final class Agent implements AutoCloseable {

  /** Docker kills a container 10 s after it asked it to stop; the chart's pods have 30 s. */
  static final Duration TIME_TO_STOP = Duration.ofSeconds(10);

  private static final Duration TIME_TO_WRITE = Duration.ofSeconds(8);

  private final StateDirectory state;
  private final KnownRecords known;
  private final Sources sources;
  private final @Nullable Vouching vouching;
  private final NodeAttribution attribution;
  private final PendingViolations delivery;
  private final KubernetesSide kubernetes;
  private final Scheduler housekeeping;
  private final @Nullable ViolationLog violationLog;
  private final WebServer http;
  private final AgentLog log;

  /** Takes parts that are running; {@link Assembly} makes them. */
  Agent(
      StateDirectory state,
      KnownRecords known,
      Sources sources,
      @Nullable Vouching vouching,
      NodeAttribution attribution,
      PendingViolations delivery,
      KubernetesSide kubernetes,
      Scheduler housekeeping,
      @Nullable ViolationLog violationLog,
      WebServer http,
      AgentLog log) {
    this.state = state;
    this.known = known;
    this.sources = sources;
    this.vouching = vouching;
    this.attribution = attribution;
    this.delivery = delivery;
    this.kubernetes = kubernetes;
    this.housekeeping = housekeeping;
    this.violationLog = violationLog;
    this.http = http;
    this.log = log;
  }

  /**
   * Starts the agent.
   *
   * @param config what to do
   * @param build what this agent is
   * @param err takes the agent's own log
   * @throws ConfigException when a configured path or the files for TLS cannot be used
   * @throws AgentException when it cannot start, with the reason and the remedy
   */
  public static Agent start(AgentConfig config, AgentMetrics.Build build, PrintStream err) {
    Clock clock = Clock.systemUTC();
    AgentLog log = new AgentLog(err, clock);
    ConfiguredPaths.check(config);
    HttpEndpoint endpoint = HttpEndpoint.of(config);
    SourceSelection selection =
        SourceSelection.of(config.sources(), SourceSelection.Places.usual());
    if (selection.sources().isEmpty()) {
      throw new AgentException(
          "cannot start: no source: "
              + String.join("; ", selection.why())
              + ": mount the node's /var/log, or give --source");
    }
    StateDirectory state = StateDirectory.open(config.stateDir());
    // Not before: an agent that refuses to start says why in one line and nothing else.
    selection.why().forEach(why -> log.info("source auto", "why", why));
    try {
      return new Assembly(config, build, log, clock, state, selection, endpoint).start();
    } catch (RuntimeException e) {
      state.close();
      throw e;
    }
  }

  /** The address that is served. */
  public InetSocketAddress address() {
    return http.address();
  }

  /**
   * Stops reading, keeps checkpoints, and writes what waits. That takes milliseconds as a rule, and
   * less than {@link #TIME_TO_STOP} on a node that has no processor time to give; what cannot be
   * written by then is counted in the log.
   */
  @Override
  public void close() {
    housekeeping.close();
    sources.close();
    if (violationLog != null) {
      violationLog.stopping(TIME_TO_WRITE); // no reader is left that would be held up
    }
    if (vouching != null) {
      vouching.close();
    }
    delivery.close();
    String unsaved = state.problem() == null ? known.save() : null;
    if (unsaved != null) {
      log.warn("state directory has a problem", "problem", unsaved);
    }
    attribution.close();
    if (violationLog != null) {
      long unwritten = violationLog.close(Duration.ofMillis(500));
      if (unwritten > 0) {
        log.warn("violations were counted and not written to the log", "lines", unwritten);
      }
    }
    kubernetes.close();
    http.close();
    state.close();
    log.info("stopped");
  }
}
