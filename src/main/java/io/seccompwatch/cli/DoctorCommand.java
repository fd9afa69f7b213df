package io.seccompwatch.cli;

import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.AgentException;
import io.seccompwatch.config.ConfigException;
import io.seccompwatch.config.ConfigLoader;
import io.seccompwatch.config.ConfigValues;
import io.seccompwatch.config.RunOption;
import io.seccompwatch.doctor.AgentReport;
import io.seccompwatch.doctor.AgentReport.AgentReportJson;
import io.seccompwatch.doctor.AgentTarget;
import io.seccompwatch.doctor.AgentsDoctor;
import io.seccompwatch.doctor.Doctor;
import io.seccompwatch.doctor.Report;
import io.seccompwatch.doctor.ReportJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code seccomp-watch doctor}: whether an agent with these options would see a denial on this
 * node, and what keeps it from it. Used once, by one thread.
 */
@Command(
    name = "doctor",
    description = {
      "Says what can be seen on this node, and why not: looks at kernel, audit, daemons, files,"
          + " rights and the Kubernetes API, then fires one harmless record and shows where it came"
          + " out.",
      "With --agent it asks agents that run how they are doing.",
      "Options that the agent has too mean the same, and so do its SECCOMP_WATCH_* variables. In"
          + " the container of an agent that runs, those that are left out are that agent's."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  seccomp-watch doctor                        on a node, as root",
      "  kubectl exec ds/seccomp-watch -- java @/opt/seccomp-watch/lib/image.options doctor",
      "  seccomp-watch doctor --source audit-log=/host/audit/audit.log --proc /host/proc",
      "  seccomp-watch doctor --output json | jq .verdict",
      "  seccomp-watch doctor --agent http://seccomp-watch.monitoring:9326",
      "",
      "Changes nothing on the node or in the cluster. Exit codes: 0 a denial would be seen (what"
          + " else is wrong is shown), by each agent with --agent, 1 it would not, 2 wrong usage."
    },
    usageHelpWidth = 100,
    sortOptions = false)
public final class DoctorCommand implements Callable<Integer> {
  private static final int SEEING = 0;
  private static final int BLIND = 1;

  private static final String ENVIRONMENT_CONFIG = "SECCOMP_WATCH_CONFIG";

  private enum Output {
    TEXT,
    JSON
  }

  private final Map<String, String> environment;
  private final Path ownProc;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The agent's YAML file of options.")
  private @Nullable String config;

  @Option(
      names = "--source",
      paramLabel = "KIND[=PATH]",
      description = "What the agent reads, auto by default; may be given more than once.")
  private List<String> source = List.of();

  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      description = "The agent's directory; it is looked at, and nothing in it is changed.")
  private @Nullable String stateDir;

  @Option(names = "--proc", paramLabel = "DIR", description = "The node's procfs.")
  private @Nullable String proc;

  @Option(names = "--cgroup", paramLabel = "DIR", description = "The node's cgroup file systems.")
  private @Nullable String cgroup;

  @Option(
      names = "--host-root",
      paramLabel = "DIR",
      description = "The node's root, or a directory with the mounted parts of it.")
  private @Nullable String hostRoot;

  @Option(
      names = "--kubernetes",
      paramLabel = "MODE",
      description = "Whether the API is used: auto, required or off.")
  private @Nullable String kubernetes;

  @Option(names = "--kubeconfig", paramLabel = "FILE", description = "How to reach the API.")
  private @Nullable String kubeconfig;

  @Option(
      names = "--node-name",
      paramLabel = "NAME",
      description = "This node's name in Kubernetes.")
  private @Nullable String nodeName;

  @Option(
      names = "--agent",
      paramLabel = "URL",
      description =
          "Asks running agents instead of looking at this node: every address behind the name, 100"
              + " at most.")
  private @Nullable String agent;

  @Option(
      names = "--agent-ca",
      paramLabel = "FILE",
      description = "Whose certificates are believed, PEM; those that Java knows when left out.")
  private @Nullable String agentCa;

  @Option(
      names = "--agent-token",
      paramLabel = "FILE",
      description =
          "The bearer token to show over https; the pod's service account's when left out.")
  private @Nullable String agentToken;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      description = "How long the canary is waited for. Default: ${DEFAULT-VALUE}.",
      defaultValue = "10s")
  private String timeout = "10s";

  @Option(
      names = "--output",
      paramLabel = "FORM",
      description = "text or json. Default: ${DEFAULT-VALUE}.",
      defaultValue = "text")
  private String output = "text";

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it by itself
  private boolean help;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before call()
  private CommandSpec spec;

  /** The command as users call it. */
  public DoctorCommand() {
    this(System.getenv(), Path.of("/proc"));
  }

  /**
   * @param environment the process's environment
   * @param ownProc where this process sees those of its own container
   */
  public DoctorCommand(Map<String, String> environment, Path ownProc) {
    this.environment = Map.copyOf(environment);
    this.ownProc = ownProc;
  }

  /**
   * Runs the command; see its help for what it prints and its exit codes.
   *
   * @throws ConfigException when an option cannot be used
   */
  @Override
  public Integer call() throws InterruptedException {
    Output form = output();
    if (agent != null) {
      return askAgents(agent, form);
    }
    Optional<RunningAgent> running = RunningAgent.find(ownProc);
    AgentConfig agent =
        AgentConfig.of(ConfigLoader.merge(merged(running), environment, configFile(running)));
    Doctor.Patient patient =
        new Doctor.Patient(
            agent,
            running.map(RunningAgent::pid).orElse(null),
            ConfigValues.duration("timeout", timeout),
            environment,
            BuildInfo.read().version());
    Report report = new Doctor(patient, Clock.systemUTC()).examine();
    PrintWriter out = spec.commandLine().getOut();
    switch (form) {
      case TEXT -> DoctorText.print(report, out);
      case JSON -> written(() -> ReportJson.write(report, out));
    }
    out.flush();
    return report.verdict().isBlind() ? BLIND : SEEING;
  }

  private int askAgents(String url, Output form) throws InterruptedException {
    if (config != null || flags().values().stream().anyMatch(values -> !values.isEmpty())) {
      throw new ConfigException(
          "agent",
          "with options that are about this node",
          "give only --agent-…, --timeout, --output");
    }
    AgentTarget target =
        AgentTarget.of(url, agentCa, agentToken, environment, BuildInfo.read().version());
    Duration patience = ConfigValues.duration("timeout", timeout);
    AgentReport report = new AgentsDoctor(target, patience, Clock.systemUTC()).examine();
    PrintWriter out = spec.commandLine().getOut();
    switch (form) {
      case TEXT -> DoctorText.print(report, out);
      case JSON -> written(() -> AgentReportJson.write(report, out));
    }
    out.flush();
    return report.isWell() ? SEEING : BLIND;
  }

  private interface Writing {
    void write() throws IOException;
  }

  private static void written(Writing report) {
    try {
      report.write();
    } catch (IOException e) {
      throw new AgentException("cannot write the report: stdout: " + e.getMessage());
    }
  }

  private Output output() {
    return switch (output) {
      case "text" -> Output.TEXT;
      case "json" -> Output.JSON;
      default ->
          throw new ConfigException(
              "output", "unknown value '" + output + "'", "give one of text, json");
    };
  }

  private Map<RunOption, List<String>> flags() {
    Map<RunOption, List<String>> flags = new EnumMap<>(RunOption.class);
    flags.put(RunOption.SOURCE, source);
    put(flags, RunOption.STATE_DIR, stateDir);
    put(flags, RunOption.PROC, proc);
    put(flags, RunOption.CGROUP, cgroup);
    put(flags, RunOption.HOST_ROOT, hostRoot);
    put(flags, RunOption.KUBERNETES, kubernetes);
    put(flags, RunOption.KUBECONFIG, kubeconfig);
    put(flags, RunOption.NODE_NAME, nodeName);
    return flags;
  }

  private static void put(
      Map<RunOption, List<String>> flags, RunOption option, @Nullable String value) {
    if (value != null) {
      flags.put(option, List.of(value));
    }
  }

  /** The options of this command are stronger than those of the agent that runs. */
  private Map<RunOption, List<String>> merged(Optional<RunningAgent> running) {
    Map<RunOption, List<String>> merged = new EnumMap<>(RunOption.class);
    running.ifPresent(agent -> merged.putAll(agent.flags().options()));
    flags()
        .forEach(
            (option, values) -> {
              if (!values.isEmpty()) {
                merged.put(option, values);
              }
            });
    return merged;
  }

  private @Nullable Path configFile(Optional<RunningAgent> running) {
    String file = config;
    if (file == null) {
      file =
          running.map(agent -> agent.flags().config()).orElse(environment.get(ENVIRONMENT_CONFIG));
    }
    return file == null || file.isEmpty() ? null : ConfigValues.path("config", file);
  }
}
