package io.seccompwatch.agent;

import io.seccompwatch.attribution.ProcessEventsStatus;
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
final class Housekeeping implements AutoCloseable {

  private static final Duration GLANCE_AT_SOURCES = Duration.ofSeconds(2);

  /** How long the canary may take; printk alone may hold records back for some seconds. */
  private static final Duration CANARY_PATIENCE = Duration.ofSeconds(10);

  /** How often the canary is looked for while it is awaited. */
  private static final Duration CANARY_GLANCE = Duration.ofMillis(100);

  /** The first firing waits for the sources to be open, so long at most. */
  private static final Duration OPENING = Duration.ofSeconds(5);

  private final AgentConfig config;
  private final Sources sources;
  private final @Nullable Canary canary;
  private final @Nullable ViolationLog violationLog;
  private final @Nullable String stateProblem;
  private final KubernetesSide kubernetes;
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
  private boolean saidFirst;
  private long knownLostEvents;
  private volatile boolean canaryMissed;

  Housekeeping(
      AgentConfig config,
      Sources sources,
      @Nullable Canary canary,
      @Nullable ViolationLog violationLog,
      @Nullable String stateProblem,
      KubernetesSide kubernetes,
      Supplier<ProcessEventsStatus> processEvents,
      AgentLog log) {
    this.config = config;
    this.sources = sources;
    this.canary = canary;
    this.violationLog = violationLog;
    this.stateProblem = stateProblem;
    this.kubernetes = kubernetes;
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
    if (canaryMissed) {
      problems.add("canary: was not seen: a denial would not be seen either");
    }
    if (violationLog != null && violationLog.problem() != null) {
      problems.add("violations log: " + violationLog.problem());
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

  private void round() {
    later(this::round, GLANCE_AT_SOURCES);
    for (SourceStatus source : sources.statuses()) {
      told("source " + source.name(), source.problem(), source.path());
    }
    if (violationLog != null) {
      told("violations log", violationLog.problem(), config.violationsLog());
    }
    tellOfLostEvents();
    kubernetes
        .problems()
        .forEach((what, problem) -> told(what, problem, kubernetes.status().how()));
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
    fired.fire();
    look(fired, System.nanoTime());
  }

  private void look(Canary fired, long since) {
    Canary.Status status = fired.status();
    if (status == null) {
      return;
    }
    if (status.unavailable() != null) {
      log.warn("canary cannot be fired", "problem", status.unavailable());
      sayFirst("unavailable");
    } else if (status.seenBy() != null) {
      if (canaryMissed) {
        log.info("canary is seen again", "source", status.seenBy());
      }
      canaryMissed = false;
      Duration delay = status.delay();
      sayFirst(
          "seen by "
              + status.seenBy()
              + " after "
              + (delay == null ? 0 : delay.toMillis())
              + " ms");
    } else if (System.nanoTime() - since > CANARY_PATIENCE.toNanos()) {
      canaryMissed = true;
      log.warn(
          "canary was not seen: a denial would not be seen either",
          "silent",
          String.join(
              ", ", sources.statuses().stream().map(s -> s.name() + "=" + s.path()).toList()),
          "check",
          "kernel.seccomp.actions_logged has log; no audit rule excludes SECCOMP; the file is the"
              + " one that auditd or rsyslog writes");
      sayFirst("missed");
    } else {
      later(() -> look(fired, since), CANARY_GLANCE);
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
