package io.seccompwatch.cli;

import io.seccompwatch.agent.Agent;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.ConfigLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** {@code run}: the agent itself, until it is told to stop. */
final class RunCommand {

  private RunCommand() {}

  /** Starts the agent; does not return unless the calling thread is interrupted. */
  static void run(RunFlags flags) throws InterruptedException {
    runUntilStopped(
        AgentConfig.of(
            ConfigLoader.merge(
                flags.options(), System.getenv(), flags.configFile(System.getenv()))));
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
}
