package io.seccompwatch.doctor;

import io.seccompwatch.attribution.PidNumbering;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.CanaryName;
import io.seccompwatch.config.NodeName;
import io.seccompwatch.config.SourceSelection;
import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.config.SourceSelection.Places;
import io.seccompwatch.config.SourceSpec;
import io.seccompwatch.config.SourceSpec.Kind;
import io.seccompwatch.doctor.CanaryTrial.Outcome;
import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.doctor.JournalCheck.JournalConf;
import io.seccompwatch.kubernetes.ApiChoice;
import io.seccompwatch.linux.FileLabel;
import io.seccompwatch.linux.OwnPrivileges;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.posture.AuditView;
import io.seccompwatch.posture.Posture;
import io.seccompwatch.posture.PostureScan;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a node as an agent with this configuration would find it, and tries whether a record
 * comes through. Puts the checks together; changes nothing on the node but that one harmless
 * record, and keeps nothing.
 */
public final class Doctor {

  /**
   * What is to be looked at.
   *
   * @param config the agent's configuration
   * @param agentPid the running agent whose options these are; null when they are only those of the
   *     command, of the environment and of the file
   * @param timeout how long the canary is waited for
   * @param environment the process's
   * @param version this program's
   */
  public record Patient(
      AgentConfig config,
      @Nullable Integer agentPid,
      Duration timeout,
      Map<String, String> environment,
      String version) {}

  private final Patient patient;
  private final InstantSource clock;
  private final NodeFiles node;
  private final Self self;
  private final Lsm lsm;
  private final Processes processes;
  private final SourceSelection selection;
  private final AuditState kernel;
  private final LoggedActions actions;
  private final StateCheck state;
  private final PidNumbering numbering;

  /** Looks at the few things that several checks share. */
  public Doctor(Patient patient, InstantSource clock) {
    this.patient = patient;
    this.clock = clock;
    AgentConfig config = patient.config();
    this.node = new NodeFiles(config.proc(), config.hostRoot());
    this.self = Self.of(node);
    this.lsm = Lsm.of(node);
    this.processes = Processes.of(node);
    this.selection = SourceSelection.of(config.sources(), Places.usual());
    this.kernel = AuditState.ask();
    this.actions = new LoggedActions(node);
    this.numbering = PidNumbering.of(config.proc());
    this.state = new StateCheck(node, config.stateDir());
  }

  /**
   * Examines; takes some seconds.
   *
   * @throws InterruptedException when the thread is interrupted meanwhile
   */
  public Report examine() throws InterruptedException {
    CanaryName name = CanaryName.of(patient.config().stateDir());
    Outcome outcome =
        new CanaryTrial(name, this::fire, patient.timeout(), clock).run(selection.sources());
    CanaryFindings canary = new CanaryFindings(outcome, name.kept(), state.holder().isPresent());
    List<Finding> findings = new ArrayList<>();
    boolean heardAny = canary.anyHeard();
    ContainersCheck containers = new ContainersCheck(() -> postures(heardAny));
    checks(containers)
        .forEach((section, checks) -> checks.forEach(c -> findings.addAll(run(section, c))));
    CanaryDiagnosis silence =
        new CanaryDiagnosis(
            actions, kernel, processes, canary.anyHeard(), canary.heardBy(Kind.AUDIT_LOG));
    findings.addAll(numbers(outcome));
    findings.addAll(canary.findings(s -> silence.of(s.chosen(), outcome.fired())));
    List<CanaryResult> heard = canary.heard(s -> silence.of(s.chosen(), outcome.fired()));
    String release = node.proc("sys/kernel/osrelease").word();
    String nodeName = NodeName.of(patient.config(), patient.environment());
    return new Report(
        clock.instant(),
        nodeName == null ? "unknown" : nodeName,
        release == null ? "unknown" : release,
        patient.version(),
        findings,
        heard,
        Verdict.of(
            findings, heard, outcome.unavailable(), containers.containers(), containers.unseen()));
  }

  private SeccompCanary.Result fire(String comm) {
    return new SeccompCanary().fire(comm, () -> numbering.noteThread(comm));
  }

  /** Reports when no record's process can be looked up: every workload is unknown then. */
  private List<Finding> numbers(Outcome outcome) {
    for (CanaryTrial.SourceOutcome source : outcome.sources()) {
      CanaryListener.Note note = source.note();
      if (note != null) {
        numbering.judge(note.comm(), note.pid());
      }
    }
    String problem = numbering.problem();
    return problem == null
        ? List.of()
        : List.of(
            Finding.blind(
                Section.CANARY,
                "process numbers",
                problem,
                "mount the machine's /proc and give it with --proc"));
  }

  private Map<Section, List<Check>> checks(ContainersCheck containers) {
    Map<Section, List<Check>> checks = new LinkedHashMap<>();
    checks.put(
        Section.KERNEL,
        List.of(new KernelCheck(node), actions, new KernelLogLimits(node, self, readsKernelLog())));
    checks.put(Section.AUDIT, List.of(new AuditCheck(node, kernel)));
    checks.put(Section.DAEMONS, daemons());
    checks.put(
        Section.SOURCES,
        List.of(
            new SourcesCheck(
                selection,
                left(),
                new FileReadability(self, lsm, FileLabel::of, FileReadability::open),
                Places.usual().multicast())));
    checks.put(
        Section.RIGHTS,
        List.of(
            new RightsCheck(
                node, self, new Namespaces(node, OwnPrivileges.current()), processes, lsm)));
    checks.put(Section.CLOCK, List.of(new ClockCheck(node, clock)));
    checks.put(Section.STATE, List.of(state, this::options));
    checks.put(
        Section.KUBERNETES,
        List.of(
            new KubernetesCheck(
                api(),
                patient.config().authorization() == AgentConfig.Authorization.KUBERNETES,
                "seccomp-watch/" + patient.version())));
    checks.put(Section.CONTAINERS, List.of(new KubeletCheck(node, processes), containers));
    return checks;
  }

  /** In whose name this is: a newcomer in a pod sees another node than the agent does otherwise. */
  private List<Finding> options() {
    Integer agent = patient.agentPid();
    if (agent != null) {
      return List.of(
          Finding.ok(Section.STATE, "options", "as of the agent that runs here, PID " + agent));
    }
    return patient.environment().containsKey("KUBERNETES_SERVICE_HOST")
        ? List.of(
            Finding.note(
                Section.STATE,
                "options",
                "no running agent's arguments can be read: only the environment, the file and what"
                    + " was given here count",
                "give doctor the args of the agent's container"))
        : List.of();
  }

  private boolean readsKernelLog() {
    return selection.sources().isEmpty() // then it is worth knowing why not even that one
        || selection.sources().stream()
            .anyMatch(s -> s.kind() == Kind.KMSG || s.kind() == Kind.SYSLOG);
  }

  private List<Check> daemons() {
    Map<String, String> journal = JournalConf.read(node);
    boolean handsOn = JournalCheck.handsOn(journal);
    boolean filesWrite =
        Stream.of("auditd", "rsyslogd", "syslog-ng").anyMatch(d -> processes.pid(d).isPresent());
    SyslogCheck syslog = new SyslogCheck(node, processes, handsOn);
    return List.of(
        new AuditdCheck(node, processes),
        syslog,
        new JournalCheck(processes, journal, filesWrite, syslog.livesOnJournal()));
  }

  /** With what the pods ask for where the API can be reached, else with the runtimes' files. */
  private Posture postures(boolean heard) {
    AuditView audit = kernel.view(heard);
    return PostureScan.alone(
            node.proc(),
            patient.config().cgroup(),
            patient.environment().get("SECCOMP_WATCH_POD_UID"),
            node.hostRoot(),
            NodePods.read(api(), "seccomp-watch/" + patient.version()),
            () -> audit)
        .take();
  }

  /** A defect in one check must not hide what the others find. */
  private static List<Finding> run(Section section, Check check) {
    try {
      return check.run();
    } catch (RuntimeException e) {
      return List.of(
          Finding.unknown(section, "defect", "a check failed: " + e, "please report it"));
    }
  }

  /** The files that {@code auto} looks for and did not take. */
  private List<Path> left() {
    if (patient.config().sources().stream().map(SourceSpec::kind).noneMatch(Kind.AUTO::equals)) {
      return List.of();
    }
    List<Path> taken = selection.sources().stream().map(Chosen::path).toList();
    Places usual = Places.usual();
    return Stream.concat(
            Stream.of(usual.auditLog()),
            Stream.concat(Stream.of(usual.kmsg()), usual.syslogs().stream()))
        .filter(path -> !taken.contains(path))
        .toList();
  }

  private @Nullable ApiChoice api() {
    AgentConfig config = patient.config();
    return config.kubernetes() == AgentConfig.Kubernetes.OFF
        ? null
        : ApiChoice.of(
            config.kubernetes() == AgentConfig.Kubernetes.REQUIRED,
            config.kubeconfig(),
            patient.environment(),
            ApiChoice.account(patient.environment()),
            NodeName.of(config, patient.environment()));
  }
}
