package io.seccompwatch.agent;

import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.seccompwatch.http.FrontPage;
import io.seccompwatch.http.HttpApi;
import io.seccompwatch.http.MetricsPage;
import io.seccompwatch.http.StatusPage;
import io.seccompwatch.http.ViolationsPage;
import io.seccompwatch.linux.BootTime;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.LogTarget;
import io.seccompwatch.publish.ProcessEventMetrics;
import io.seccompwatch.publish.Publisher;
import io.seccompwatch.publish.RecentViolations;
import io.seccompwatch.publish.ViolationLog;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.record.DuplicateFilter;
import io.seccompwatch.source.CheckpointStore;
import io.seccompwatch.source.FileSource;
import io.seccompwatch.source.KmsgSource;
import io.seccompwatch.source.RecordSource;
import io.seccompwatch.syscall.SyscallTables;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The agent of a node, put together from its configuration: the one place where objects meet. Made
 * by {@link #start}, ended by {@link #close}; both by one thread.
 */
public final class Agent implements AutoCloseable {

  /** How many violations the query API remembers. */
  private static final int RECENT = 1_000;

  private final StateDirectory state;
  private final Sources sources;
  private final NodeAttribution attribution;
  private final Housekeeping housekeeping;
  private final @Nullable ViolationLog violationLog;
  private final HttpApi http;
  private final AgentLog log;

  private Agent(
      StateDirectory state,
      Sources sources,
      NodeAttribution attribution,
      Housekeeping housekeeping,
      @Nullable ViolationLog violationLog,
      HttpApi http,
      AgentLog log) {
    this.state = state;
    this.sources = sources;
    this.attribution = attribution;
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
   * @throws AgentException when it cannot start, with the reason and the remedy
   */
  public static Agent start(AgentConfig config, AgentMetrics.Build build, PrintStream err) {
    Clock clock = Clock.systemUTC();
    AgentLog log = new AgentLog(err, clock);
    SourceSelection selection =
        SourceSelection.of(config.sources(), SourceSelection.Places.usual());
    if (selection.sources().isEmpty()) {
      throw new AgentException(
          "cannot start: no source: "
              + String.join("; ", selection.why())
              + ": mount the node's /var/log, or give --source");
    }
    if (config.kubernetes() == AgentConfig.Kubernetes.REQUIRED) {
      throw new AgentException(
          "cannot start: kubernetes: this version does not read pods yet: give --kubernetes off");
    }
    StateDirectory state = StateDirectory.open(config.stateDir());
    // Not before: an agent that refuses to start says why in one line and nothing else.
    selection.why().forEach(why -> log.info("source auto", "why", why));
    try {
      return new Assembly(config, build, log, clock, state, selection).start();
    } catch (RuntimeException e) {
      state.close();
      throw e;
    }
  }

  /** The address that is served. */
  public InetSocketAddress address() {
    return http.address();
  }

  /** Stops reading, keeps checkpoints, writes what waits; within two seconds. */
  @Override
  public void close() {
    housekeeping.close();
    sources.close();
    attribution.close();
    if (violationLog != null) {
      long unwritten = violationLog.close(Duration.ofMillis(500));
      if (unwritten > 0) {
        log.warn("violations were counted and not written to the log", "lines", unwritten);
      }
    }
    http.close();
    state.close();
    log.info("stopped");
  }

  /** Puts the parts together, in the order of the data's way backwards. */
  private record Assembly(
      AgentConfig config,
      AgentMetrics.Build build,
      AgentLog log,
      Clock clock,
      StateDirectory state,
      SourceSelection selection) {

    Agent start() {
      Books books = new Books(clock, config.seriesLimit());
      ViolationLog violationLog = violationLog();
      RecentViolations recent = new RecentViolations(RECENT);
      SyscallTables tables = new SyscallTables();
      Canary canary =
          config.canary() == null
              ? null
              : new Canary(
                  state.canaryKey(Canary.KEY_LENGTH),
                  new SeccompCanary()::fire,
                  tables,
                  books,
                  clock);
      NodeAttribution attribution =
          new NodeAttribution(
              config.proc(),
              System.getenv("SECCOMP_WATCH_POD_UID"),
              config.cgroup(),
              config.processEvents(),
              clock,
              log);
      List<Publisher> publishers = new ArrayList<>(List.of(recent));
      if (violationLog != null) {
        publishers.add(violationLog);
      }
      boolean stampless =
          selection.sources().stream().anyMatch(s -> s.kind() == SourceSpec.Kind.SYSLOG);
      Pipeline.Shared shared =
          new Pipeline.Shared(
              new DuplicateFilter(stampless),
              canary,
              tables,
              books,
              List.copyOf(publishers),
              nodeName(),
              clock);
      Sources sources = new Sources(open(shared, attribution));
      Housekeeping housekeeping =
          new Housekeeping(config, sources, canary, violationLog, state.problem(), log);
      HttpApi http = http(books, sources, attribution, violationLog, recent, canary, housekeeping);
      if (violationLog != null) {
        violationLog.start();
      }
      attribution.start();
      sources.start();
      housekeeping.start();
      log.info("listening", "address", text(http.address()));
      return new Agent(state, sources, attribution, housekeeping, violationLog, http, log);
    }

    private @Nullable ViolationLog violationLog() {
      return switch (config.violationsLog()) {
        case "off" -> null;
        case "stdout" -> new ViolationLog(LogTarget.stdout(), clock);
        default -> new ViolationLog(LogTarget.file(Path.of(config.violationsLog())), clock);
      };
    }

    private List<Sources.Named> open(Pipeline.Shared shared, NodeAttribution attribution) {
      CheckpointStore checkpoints = new CheckpointStore(config.stateDir());
      List<Sources.Named> opened = new ArrayList<>();
      for (SourceSelection.Chosen chosen : selection.sources()) {
        String name = chosen.kind().label();
        Dialect dialect =
            switch (chosen.kind()) {
              case AUDIT_LOG -> Dialect.AUDIT_LOG;
              case SYSLOG -> Dialect.SYSLOG;
              case KMSG -> Dialect.KMSG;
              case AUTO -> throw new IllegalStateException("auto is no source");
            };
        Pipeline pipeline = new Pipeline(shared, name, dialect, attribution.ofOneThread());
        RecordSource source =
            dialect == Dialect.KMSG
                ? new KmsgSource(
                    chosen.path(), config.from(), config.stateDir(), bootId(), pipeline, clock)
                : file(chosen, checkpoints, pipeline);
        opened.add(new Sources.Named(name, source));
      }
      return opened;
    }

    private RecordSource file(
        SourceSelection.Chosen chosen, CheckpointStore checkpoints, Pipeline pipeline) {
      return new FileSource(
          chosen.path(), config.from(), checkpoints, checkpointName(chosen), pipeline, clock);
    }

    /** Two files of one kind need two checkpoints. */
    private static String checkpointName(SourceSelection.Chosen chosen) {
      String hash = Integer.toHexString(chosen.path().toString().hashCode());
      return chosen.kind().label() + "-" + hash;
    }

    /** In a pod the host's name is the pod's: better none than that. */
    private @Nullable String nodeName() {
      if (config.nodeName() != null || System.getenv("KUBERNETES_SERVICE_HOST") != null) {
        return config.nodeName();
      }
      try {
        return Files.readString(config.proc().resolve("sys/kernel/hostname")).strip();
      } catch (IOException e) {
        return null;
      }
    }

    private String bootId() {
      try {
        return BootTime.bootId(config.proc());
      } catch (IOException e) {
        log.warn("no boot id: the kernel log is read from its start", "error", e);
        return "unknown";
      }
    }

    private HttpApi http(
        Books books,
        Sources sources,
        NodeAttribution attribution,
        @Nullable ViolationLog violationLog,
        RecentViolations recent,
        @Nullable Canary canary,
        Housekeeping housekeeping) {
      PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
      new JvmMemoryMetrics().bindTo(registry);
      new JvmThreadMetrics().bindTo(registry);
      new ProcessorMetrics().bindTo(registry);
      new FileDescriptorMetrics().bindTo(registry);
      new UptimeMetrics().bindTo(registry);
      registry
          .getPrometheusRegistry()
          .register(
              new AgentMetrics(
                  books,
                  sources::statuses,
                  violationLog == null ? Map::of : violationLog::results,
                  build));
      registry
          .getPrometheusRegistry()
          .register(new ProcessEventMetrics(attribution::processEvents));
      Instant started = clock.instant();
      Map<String, HttpApi.Page> pages =
          Map.of(
              "/metrics", new MetricsPage(registry.getPrometheusRegistry()),
              "/livez", request -> liveness(sources),
              "/readyz", request -> readiness(sources),
              "/api/v1/violations", new ViolationsPage(recent),
              "/api/v1/status",
                  new StatusPage(
                      () ->
                          housekeeping.status(
                              build,
                              nodeName(),
                              started,
                              books.balance(),
                              canary,
                              attribution.processEvents())),
              "/", new FrontPage());
      InetSocketAddress address = new InetSocketAddress(config.listenHost(), config.listenPort());
      try {
        return new HttpApi(address, pages);
      } catch (IOException e) {
        throw new AgentException(
            "cannot listen: " + text(address) + ": " + e.getMessage() + ": give another --listen");
      }
    }

    private static HttpApi.Response liveness(Sources sources) {
      return sources.alive()
          ? HttpApi.Response.text(200, "ok\n")
          : HttpApi.Response.text(500, "a source's thread has ended\n");
    }

    private static HttpApi.Response readiness(Sources sources) {
      List<String> down = sources.down();
      return down.isEmpty()
          ? HttpApi.Response.text(200, "ok\n")
          : HttpApi.Response.text(503, String.join("\n", down) + "\n");
    }

    private static String text(InetSocketAddress address) {
      return address.getHostString() + ":" + address.getPort();
    }
  }
}
