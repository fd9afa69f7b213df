package io.seccompwatch.agent;

import io.seccompwatch.attribution.PidNumbering;
import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.attribution.RunningContainers;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.NodeName;
import io.seccompwatch.config.SourceSelection;
import io.seccompwatch.config.SourceSpec;
import io.seccompwatch.config.StateDirectory;
import io.seccompwatch.http.WebServer;
import io.seccompwatch.linux.AuditControl;
import io.seccompwatch.linux.BootTime;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.pipeline.Canary;
import io.seccompwatch.pipeline.CanaryWatch;
import io.seccompwatch.pipeline.Deduplicator;
import io.seccompwatch.pipeline.KernelLosses;
import io.seccompwatch.pipeline.KnownRecords;
import io.seccompwatch.pipeline.NodeNames;
import io.seccompwatch.pipeline.PendingViolations;
import io.seccompwatch.pipeline.Pipeline;
import io.seccompwatch.pipeline.Vouchers;
import io.seccompwatch.pipeline.Vouching;
import io.seccompwatch.pipeline.WorkloadResolver;
import io.seccompwatch.posture.BundleNames;
import io.seccompwatch.posture.PostureWatch;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Conditions;
import io.seccompwatch.publish.Publisher;
import io.seccompwatch.publish.RecentViolations;
import io.seccompwatch.publish.SeriesRetirement;
import io.seccompwatch.publish.ViolationLog;
import io.seccompwatch.publish.ViolationLog.LogTarget;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.source.AuditNetlinkSource;
import io.seccompwatch.source.CheckpointStore;
import io.seccompwatch.source.FileSource;
import io.seccompwatch.source.KmsgSource;
import io.seccompwatch.source.RecordSource;
import io.seccompwatch.source.RecordSource.StartAt;
import io.seccompwatch.syscall.SyscallTables;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts the agent together from its configuration, in the order of the data's way backwards: the one
 * place where objects meet.
 */
record Assembly(
    AgentConfig config,
    AgentMetrics.Build build,
    AgentLog log,
    Clock clock,
    StateDirectory state,
    SourceSelection selection,
    HttpEndpoint endpoint) {

  /** How many violations the query API remembers. */
  private static final int RECENT = 1_000;

  /**
   * How often it is looked for deleted pods, unless their grace is shorter than four times that.
   */
  private static final Duration RETIREMENT = Duration.ofSeconds(30);

  /** Interval between reports of series that were removed for want of room. */
  private static final Duration SERIES_REPORT = Duration.ofMinutes(1);

  /** Interval between sums of suppressed violations that no line has reported. */
  private static final Duration SUPPRESSED_REPORT = Duration.ofSeconds(10);

  /** How often it is looked which sources could tell a forged record from a true one. */
  private static final Duration GLANCE_AT_VOUCHERS = Duration.ofSeconds(2);

  Agent start() {
    KubernetesSide kubernetes = KubernetesSide.of(config, nodeName(), build.version(), clock, log);
    Books books = new Books(clock, config.seriesLimit());
    ViolationLog violationLog = violationLog();
    RecentViolations recent = new RecentViolations(RECENT);
    SyscallTables tables = new SyscallTables();
    NodeNames nodeNames = NodeNames.of(config, System.getenv(), log);
    String unread = nodeNames.load(config.stateDir());
    if (unread != null) {
      log.warn("the node's names in its logs are not known yet", "problem", unread);
    }
    NodeAttribution attribution =
        new NodeAttribution(
            config.proc(),
            System.getenv("SECCOMP_WATCH_POD_UID"),
            config.cgroup(),
            config.processEvents(),
            clock,
            log);
    Canary canary = canary(tables, books, attribution.numbering());
    List<Publisher> publishers = new ArrayList<>(List.of(recent));
    if (violationLog != null) {
      publishers.add(violationLog);
    }
    if (kubernetes.events() != null) {
      publishers.add(kubernetes.events());
    }
    BundleNames runtimeNames = new BundleNames(config.hostRoot(), Assembly::monotonicMillis);
    WorkloadResolver identification =
        new WorkloadResolver(kubernetes.pods(), runtimeNames, attribution.ofOneThread(), clock);
    Supplier<ProcessEventsStatus> processEvents =
        () -> attribution.processEvents().named(identification::name);
    PendingViolations delivery =
        new PendingViolations(
            books,
            publishers,
            identification,
            PendingViolations.Limits.DEFAULT,
            Assembly::monotonicMillis,
            this::defect);
    KnownRecords known = new KnownRecords(config.stateDir(), clock);
    Deduplicator duplicates = new Deduplicator(hasSyslog(), known::handled);
    if (config.from() != StartAt.BEGINNING) { // then everything is to count again
      recall(known, duplicates);
    }
    Vouching vouching = vouching(duplicates, books, delivery, canary);
    boolean ring = selection.sources().stream().anyMatch(s -> s.kind() == SourceSpec.Kind.KMSG);
    KernelLosses kernelLosses = new KernelLosses(books, ring, Assembly::monotonicMillis);
    KernelAudit kernelAudit =
        new KernelAudit(AuditControl::status, kernelLosses, delivery::lost, log);
    Pipeline.Shared shared =
        new Pipeline.Shared(
            duplicates,
            canary,
            tables,
            books,
            delivery,
            vouching,
            kernelLosses,
            this::defect,
            nodeNames,
            clock);
    Sources sources = new Sources(open(shared, attribution));
    CanaryWatch canaryWatch = new CanaryWatch(sources::statuses, books, log);
    Scheduler housekeeping =
        new Scheduler(
            config,
            sources,
            canary,
            canaryWatch,
            violationLog,
            state.problem(),
            kubernetes,
            endpoint,
            processEvents,
            log);
    NodePostures postures =
        new NodePostures(
            config,
            attribution,
            kubernetes.pods(),
            new ExcludeRules(AuditControl::rules, canaryWatch::isProven)::look);
    Conditions conditions =
        new Conditions(
            sources::statuses,
            violationLog == null ? Map::of : violationLog::results,
            kubernetes::eventResults,
            kubernetes::status,
            processEvents,
            postures::series,
            kernelAudit::status,
            endpoint::status);
    StatusReport report =
        new StatusReport(
            build,
            nodeName(),
            clock.instant(),
            sources,
            delivery,
            books,
            conditions,
            canary,
            postures::last,
            attribution.numbering(),
            housekeeping::problems);
    WebServer http =
        endpoint.serve(
            Routes.pages(new AgentMetrics(books, conditions, build), report, recent),
            kubernetes.reviews());
    if (violationLog != null) {
      housekeeping.every(SUPPRESSED_REPORT, violationLog::reportSuppressed);
      violationLog.start();
    }
    attribution.start();
    runtimeNames.start();
    delivery.start();
    if (vouching != null) {
      vouching.start();
      housekeeping.every(GLANCE_AT_VOUCHERS, () -> vouching.look(sources.statuses()));
    }
    kernelAudit.ask(); // before the sources tell: what is lost until now is none of ours
    sources.start();
    kubernetes.start();
    housekeeping.start();
    retire(books, kubernetes.pods(), housekeeping);
    housekeeping.every(SERIES_REPORT, () -> reportSeriesThatGaveWay(books));
    postures.start(housekeeping);
    RunningContainers running = attribution.containers();
    housekeeping.every(
        PostureWatch.GLANCE,
        () ->
            running.oldest(RunningContainers.NONE).forEach(c -> runtimeNames.of(c.containerId())));
    housekeeping.every(KernelAudit.PACE, kernelAudit::ask);
    housekeeping.every(NodeAttribution.KUBELETS, attribution::lookForKubelets);
    housekeeping.every(KernelLosses.EXPLANATION, kernelLosses::settle);
    if (state.problem() == null) {
      housekeeping.every(
          KnownRecords.PACE,
          housekeeping.saving(
              () -> {
                String records = known.save();
                String names = nodeNames.save(config.stateDir());
                return records == null ? names : records;
              }));
    }
    housekeeping.every(HttpEndpoint.RENEWAL, () -> endpoint.renew(log));
    log.info("listening", "address", Routes.text(http.address()));
    endpoint.say(log);
    return new Agent(
        state,
        known,
        sources,
        vouching,
        attribution,
        delivery,
        kubernetes,
        housekeeping,
        violationLog,
        http,
        log);
  }

  /** Where anybody may write beside a source where nobody may, the one is held to the other. */
  private @Nullable Vouching vouching(
      Deduplicator duplicates, Books books, PendingViolations delivery, @Nullable Canary canary) {
    Vouchers vouchers =
        new Vouchers(selection.sources().stream().map(s -> s.kind().label()).toList());
    return vouchers.isEmpty() || !hasSyslog()
        ? null
        : new Vouching(
            vouchers,
            duplicates,
            books,
            delivery,
            canary == null ? null : canary::fire,
            clock,
            Assembly::monotonicMillis,
            log,
            this::defect);
  }

  private void recall(KnownRecords known, Deduplicator duplicates) {
    String problem = known.load(duplicates);
    if (problem != null) {
      log.warn("the records that were counted before are not all known", "problem", problem);
    }
  }

  private boolean hasSyslog() {
    return selection.sources().stream().anyMatch(s -> s.kind() == SourceSpec.Kind.SYSLOG);
  }

  private void defect(RuntimeException defect) {
    log.warn("a record met a defect; please report it", "error", defect);
  }

  private static long monotonicMillis() {
    return System.nanoTime() / 1_000_000;
  }

  private void retire(Books books, @Nullable PodDirectory pods, Scheduler housekeeping) {
    if (pods == null) {
      return;
    }
    SeriesRetirement retirement = new SeriesRetirement(books, config.seriesGrace(), clock);
    long often = Math.clamp(config.seriesGrace().toMillis() / 4, 1_000, RETIREMENT.toMillis());
    housekeeping.every(
        Duration.ofMillis(often),
        () -> {
          Instant now = clock.instant();
          if (pods.synced()) { // else nothing is certain, and the graces go on
            retirement.round(pod -> pods.isGoneSince(pod.namespace(), pod.pod(), now));
          }
        });
  }

  private void reportSeriesThatGaveWay(Books books) {
    List<Books.GaveWay> tenants = books.gaveWay();
    if (!tenants.isEmpty()) {
      log.warn(
          "series were removed because other pods needed the room; raise --series-limit, or look at"
              + " the pod that had the most",
          "most",
          tenants.getFirst().name(),
          "its-series",
          tenants.getFirst().series(),
          "series",
          tenants.stream().mapToLong(Books.GaveWay::series).sum());
    }
  }

  /** A clock that only runs forward. */
  private @Nullable Canary canary(SyscallTables tables, Books books, PidNumbering numbering) {
    Duration every = config.canary();
    if (every == null) {
      return null;
    }
    books.canaryEvery(every);
    SeccompCanary real = new SeccompCanary();
    return new Canary(
        state.canaryKey(Canary.KEY_LENGTH),
        comm -> real.fire(comm, () -> numbering.noteThread(comm)),
        tables,
        books,
        clock);
  }

  private @Nullable ViolationLog violationLog() {
    return switch (config.violationsLog()) {
      case "off" -> null;
      case "stdout" -> new ViolationLog(LogTarget.stdout(), clock);
      default -> new ViolationLog(LogTarget.file(Path.of(config.violationsLog())), clock);
    };
  }

  private List<Sources.Named> open(Pipeline.Shared shared, NodeAttribution attribution) {
    CheckpointStore checkpoints = new CheckpointStore(config.stateDir(), state.usedSince());
    List<Sources.Named> opened = new ArrayList<>();
    for (SourceSelection.Chosen chosen : selection.sources()) {
      String name = chosen.kind().label();
      Dialect dialect =
          switch (chosen.kind()) {
            case AUDIT_LOG -> Dialect.AUDIT_LOG;
            case SYSLOG -> Dialect.SYSLOG;
            case KMSG -> Dialect.KMSG;
            case AUDIT_NETLINK -> Dialect.AUDIT_NETLINK;
            case AUTO -> throw new IllegalStateException("auto is no source");
          };
      Pipeline pipeline = new Pipeline(shared, name, dialect, attribution.ofOneThread());
      RecordSource source =
          switch (chosen.kind()) {
            case KMSG ->
                new KmsgSource(
                    chosen.path(),
                    config.from(),
                    config.stateDir(),
                    state.usedSince() != null,
                    bootId(),
                    pipeline,
                    clock);
            case AUDIT_NETLINK -> new AuditNetlinkSource(pipeline, pipeline::untrusted);
            default -> file(chosen, checkpoints, pipeline);
          };
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

  private @Nullable String nodeName() {
    return NodeName.of(config, System.getenv());
  }

  private String bootId() {
    try {
      return BootTime.bootId(config.proc());
    } catch (IOException e) {
      log.warn("no boot id: the kernel log is read from its start", "error", e);
      return "unknown";
    }
  }
}
