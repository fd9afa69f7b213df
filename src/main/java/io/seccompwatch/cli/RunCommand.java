package io.seccompwatch.cli;

import io.seccompwatch.agent.Agent;
import io.seccompwatch.agent.AgentConfig;
import io.seccompwatch.agent.ConfigSources;
import io.seccompwatch.agent.RunOption;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * {@code run}: the agent itself. Its options are made from {@link RunOption}, without annotations,
 * so that the list stands in one place and the start is spared the reflection.
 */
final class RunCommand implements Callable<Integer> {

  private static final String CONFIG = "--config";

  private CommandSpec spec = CommandSpec.create();

  private RunCommand() {}

  /** The command, ready to be added to its parent. */
  static CommandSpec spec() {
    RunCommand command = new RunCommand();
    CommandSpec spec = CommandSpec.wrapWithoutInspection(command);
    command.spec = spec;
    spec.name("run");
    spec.usageMessage()
        .description(
            "Reads denials as they happen, attributes them and publishes them.",
            "Each option is also a key of the file of --config and an environment variable"
                + " SECCOMP_WATCH_<OPTION>; flag > environment > file > default.")
        .width(100)
        .footer(
            "",
            "Examples:",
            "  seccomp-watch run --kubernetes off --listen 127.0.0.1:9326",
            "  seccomp-watch run --source audit-log=/host/audit/audit.log --proc /host/proc",
            "  SECCOMP_WATCH_CANARY=off seccomp-watch run --config /etc/seccomp-watch.yaml");
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("Shows this help.").build());
    spec.addOption(
        OptionSpec.builder(CONFIG)
            .paramLabel("FILE")
            .type(String.class)
            .description("A YAML file of options.")
            .build());
    for (RunOption option : RunOption.values()) {
      String fallback = option.fallback();
      spec.addOption(
          OptionSpec.builder("--" + option.key())
              .paramLabel(option.placeholder())
              .type(option.repeatable() ? List.class : String.class)
              .auxiliaryTypes(String.class)
              .description(option.help() + (fallback == null ? "" : " Default: " + fallback + "."))
              .build());
    }
    return spec;
  }

  @Override
  public Integer call() throws InterruptedException {
    Map<RunOption, List<String>> flags = new EnumMap<>(RunOption.class);
    for (RunOption option : RunOption.values()) {
      Object value = spec.findOption("--" + option.key()).getValue();
      if (value instanceof List<?> values) {
        flags.put(option, values.stream().map(String::valueOf).toList());
      } else if (value != null) {
        flags.put(option, List.of(value.toString()));
      }
    }
    Object file = spec.findOption(CONFIG).getValue();
    String configFile = file == null ? System.getenv("SECCOMP_WATCH_CONFIG") : file.toString();
    AgentConfig config =
        AgentConfig.of(ConfigSources.merge(flags, System.getenv(), path(configFile)));
    runUntilStopped(config);
    return 0;
  }

  /**
   * Runs until SIGTERM or SIGINT. They go to the JVM's shutdown hooks, after which it would exit
   * with 143: the hook closes the agent and ends the process with 0 itself.
   */
  private static void runUntilStopped(AgentConfig config) throws InterruptedException {
    AtomicReference<@Nullable Agent> agent = new AtomicReference<>();
    Thread hook =
        new Thread(
            () -> {
              Agent started = agent.get();
              if (started != null) {
                started.close();
              }
              Runtime.getRuntime().halt(0);
            },
            "stop");
    // Before the start: a pod that is deleted while it starts has not failed
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      agent.set(Agent.start(config, BuildInfo.read().forMetrics(), System.err));
    } catch (RuntimeException e) {
      Runtime.getRuntime().removeShutdownHook(hook); // a failed start keeps its own exit code
      throw e;
    }
    new CountDownLatch(1).await();
  }

  private static @Nullable Path path(@Nullable String text) {
    return text == null || text.isEmpty() ? null : Path.of(text);
  }
}
