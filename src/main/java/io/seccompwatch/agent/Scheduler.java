package io.seccompwatch.agent;

import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.pipeline.Canary;
import io.seccompwatch.pipeline.CanaryWatch;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.publish.ViolationLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the agent does by the clock, on one thread of its own: fires the canary and looks whether it
 * came, and says in the log when a source or a writer begins or ceases to fail.
 */
final class Scheduler implements AutoCloseable {

  private static final Duration GLANCE_AT_SOURCES = Duration.ofSeconds(2);

  /** How often the canary is looked for while it is awaited. */
  private static final Duration CANARY_GLANCE = Duration.ofMillis(100);

  /** The same while only some sources have not brought it: there is no hurry. */
  private static final Duration REST_GLANCE = Duration.ofSeconds(1);

  /** The first firing waits for the sources to be open, so long at most. */
  private static final Duration OPENING = Duration.ofSeconds(5);

  private final AgentConfig config;
  private final Sources sources;
  private final @Nullable Canary canary;
  private final CanaryWatch canaryWatch;
  private final @Nullable ViolationLog violationLog;
  private final @Nullable String stateProblem;
  private final KubernetesSide kubernetes;
  private final HttpEndpoint endpoint;
  private final Supplier<ProcessEventsStatus> processEvents;
  private final AgentLog log;
  private final Map<String, String> knownProblems = new HashMap<>();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "housekeeping");
            thread.setDaemon(true);
            return thread;
          });
  private volatile @Nullable String saveProblem;
  private boolean saidFirst;
  private long knownLostEvents;

  Scheduler(
      AgentConfig config,
      Sources sources,
      @Nullable Canary canary,
      CanaryWatch canaryWatch,
      @Nullable ViolationLog violationLog,
      @Nullable String stateProblem,
      KubernetesSide kubernetes,
      HttpEndpoint endpoint,
      Supplier<ProcessEventsStatus> processEvents,
      AgentLog log) {
    this.config = config;
    this.sources = sources;
    this.canary = canary;
    this.canaryWatch = canaryWatch;
    this.violationLog = violationLog;
    this.stateProblem = stateProblem;
    this.kubernetes = kubernetes;
    this.endpoint = endpoint;
    this.processEvents = processEvents;
    this.log = log;
  }

  void start() {
    if (stateProblem != null) {
      log.warn(
          "state directory cannot be used: a restart may lose or repeat records",
          "problem",
          stateProblem);
    }
    later(this::round, GLANCE_AT_SOURCES);
    long opened = System.nanoTime();
    later(() -> whenOpen(opened), Duration.ZERO);
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }

  /** What is not as it should be, in words. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    if (stateProblem != null) {
      problems.add("state directory: " + stateProblem);
    }
    String saving = saveProblem;
    if (saving != null) {
      problems.add("state directory: " + saving);
    }
    if (canaryWatch.problem() != null) {
      problems.add("canary: " + canaryWatch.problem());
    }
    if (violationLog != null && violationLog.problem() != null) {
      problems.add("violations log: " + violationLog.problem());
    }
    if (endpoint.problem() != null) {
      problems.add("tls: " + endpoint.problem());
    }
    String crowd = crowd();
    if (crowd != null) {
      problems.add("process events: " + crowd);
    }
    kubernetes
        .problems()
        .forEach(
            (what, problem) -> {
              if (problem != null) {
                problems.add(what + ": " + problem);
              }
            });
    return problems;
  }

  /** Does a task again and again; what it throws is logged and it is done again all the same. */
  void every(Duration pause, Runnable task) {
    later(
        () -> {
          every(pause, task);
          task.run();
        },
        pause);
  }

  /** A task that saves something, whose failure is a problem of the state directory. */
  Runnable saving(Supplier<@Nullable String> save) {
    return () -> saveProblem = save.get();
  }

  /** Does a task once, as soon as there is time; what it throws is logged. */
  void soon(Runnable task) {
    later(task, Duration.ZERO);
  }

  private void round() {
    later(this::round, GLANCE_AT_SOURCES);
    for (SourceStatus source : sources.statuses()) {
      told("source " + source.name(), source.problem(), source.path());
    }
    told("state directory", saveProblem, config.stateDir().toString());
    if (violationLog != null) {
      told("violations log", violationLog.problem(), config.violationsLog());
    }
    tellOfLostEvents();
    told("process events", crowd(), "this node");
    told("tls", endpoint.problem(), String.valueOf(config.tlsCert()));
    kubernetes
        .problems()
        .forEach((what, problem) -> told(what, problem, kubernetes.status().how()));
  }

  /** Says which container has more processes than can be remembered; null when none has. */
  private @Nullable String crowd() {
    String by = processEvents.get().crowd();
    return by == null
        ? null
        : "there are more processes than can be remembered, most of them of "
            + by
            + ": its own violations may stay unknown; look for a fork storm there";
  }

  private void tellOfLostEvents() {
    long lost = processEvents.get().counts().lost();
    if (lost > knownLostEvents) {
      log.warn("process events were lost; processes are looked at again", "lost", lost);
      knownLostEvents = lost;
    }
  }

  /** Says once when something begins to fail, and once when it is well again. */
  private void told(String what, @Nullable String problem, String where) {
    String known = knownProblems.get(what);
    if (problem == null && known != null) {
      knownProblems.remove(what);
      log.info(what + " is well again", "where", where);
    } else if (problem != null && !problem.equals(known)) {
      knownProblems.put(what, problem);
      log.warn(what + " has a problem", "where", where, "problem", problem);
    }
  }

  private void whenOpen(long since) {
    boolean late = System.nanoTime() - since > OPENING.toNanos();
    if (!sources.down().isEmpty() && !late) {
      later(() -> whenOpen(since), CANARY_GLANCE);
    } else if (canary == null) {
      sayFirst("off");
    } else {
      fire(canary);
    }
  }

  private void fire(Canary fired) {
    Duration every = config.canary();
    if (every != null) {
      later(() -> fire(fired), every); // first: whatever happens below, it is fired again
    }
    look(fired.fire(), System.nanoTime());
  }

  private void look(Canary.Firing firing, long since) {
    String result = canaryWatch.result(firing);
    if (result != null) {
      sayFirst(result);
    }
    boolean over = System.nanoTime() - since > CanaryWatch.PATIENCE.toNanos();
    if (over || canaryWatch.isComplete(firing)) {
      canaryWatch.judge(firing);
      sayFirst("missed");
    } else {
      later(() -> look(firing, since), result == null ? CANARY_GLANCE : REST_GLANCE);
    }
  }

  private void sayFirst(String canaryResult) {
    if (!saidFirst) {
      saidFirst = true;
      String reading =
          String.join(
              ", ", sources.statuses().stream().map(s -> s.name() + "=" + s.path()).toList());
      log.info("watching", "sources", reading, "canary", canaryResult);
    }
  }

  /** A defect in one task must not end the others: the executor would drop it silently. */
  @SuppressWarnings("FutureReturnValueIgnored") // what the task throws is caught within it
  private void later(Runnable task, Duration delay) {
    Runnable guarded =
        () -> {
          try {
            task.run();
          } catch (RuntimeException e) {
            log.warn("housekeeping failed", "error", e);
          }
        };
    try {
      clock.schedule(guarded, delay.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // The agent is being closed
    }
  }
}
