package io.seccompwatch.agent;

import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.PodIndex;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.AgentException;
import io.seccompwatch.config.ConfigException;
import io.seccompwatch.kubernetes.ApiAccess;
import io.seccompwatch.kubernetes.ApiChoice;
import io.seccompwatch.kubernetes.ApiConnection;
import io.seccompwatch.kubernetes.EventsClient;
import io.seccompwatch.kubernetes.PodWatch;
import io.seccompwatch.kubernetes.PodWatch.PodWatchStatus;
import io.seccompwatch.kubernetes.PodWatch.PodWatchStatus.State;
import io.seccompwatch.kubernetes.TokenReviews;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.KubernetesEvents;
import io.seccompwatch.publish.KubernetesStatus;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the agent has to do with the API server: it reads this node's pods and writes Events. */
final class KubernetesSide implements AutoCloseable {

  /** Those that are there when the API server is asked. */
  private record Running(
      ApiConnection api,
      PodIndex pods,
      PodWatch watch,
      @Nullable KubernetesEvents events,
      @Nullable TokenReviews reviews) {}

  private final String how;

  /** Why it is off although it was meant to be on; null when it is not. */
  private final @Nullable String failed;

  private final @Nullable Running running;

  private KubernetesSide(String how, @Nullable String failed, @Nullable Running running) {
    this.how = how;
    this.failed = failed;
    this.running = running;
  }

  /**
   * Decides whether the API server is asked, and how; nothing is sent yet.
   *
   * @param node this node's name; null when it is not known
   * @throws AgentException when it must be asked and cannot be
   */
  static KubernetesSide of(
      AgentConfig config, @Nullable String node, String version, Clock clock, AgentLog log) {
    if (config.kubernetes() == AgentConfig.Kubernetes.OFF) {
      return new KubernetesSide("switched off", null, null);
    }
    boolean required =
        config.kubernetes() == AgentConfig.Kubernetes.REQUIRED
            || config.authorization() == AgentConfig.Authorization.KUBERNETES;
    ApiChoice choice =
        ApiChoice.of(
            required,
            config.kubeconfig(),
            System.getenv(),
            ApiChoice.account(System.getenv()),
            node);
    return switch (choice) {
      case ApiChoice.Off off -> {
        log.info(
            "kubernetes is off: pods have the names that their runtime gives", "why", off.why());
        yield new KubernetesSide(off.why(), null, null);
      }
      case ApiChoice.Impossible impossible ->
          throw new AgentException(
              "cannot start: kubernetes: " + impossible.problem() + ": " + impossible.remedy());
      case ApiChoice.On on -> on(on, required, config, version, clock, log);
    };
  }

  private static KubernetesSide on(
      ApiChoice.On on,
      boolean required,
      AgentConfig config,
      String version,
      Clock clock,
      AgentLog log) {
    ApiConnection api;
    try {
      api = ApiConnection.open(on.access(), "seccomp-watch/" + version);
    } catch (IOException e) {
      if (on.access() instanceof ApiAccess.Kubeconfig) {
        String what = String.valueOf(e.getMessage()).replaceFirst("^kubeconfig ", "");
        throw new ConfigException("kubeconfig", what, "fix it, or give --kubernetes off");
      }
      if (required) {
        throw new AgentException(
            "cannot start: kubernetes: " + e.getMessage() + ": fix it, or give --kubernetes off");
      }
      String why = String.valueOf(e.getMessage());
      log.warn("kubernetes is off: pods have the names that their runtime gives", "why", why);
      return new KubernetesSide("off", why, null);
    }
    SecureRandom random = new SecureRandom();
    PodIndex pods = new PodIndex(clock, PodIndex.Limits.DEFAULT);
    String node = on.nodeName();
    PodWatch.Listener listener =
        new PodWatch.Listener() {
          @Override
          public void synced(int count, int failures) {
            log.info("pods are synced", "pods", count, "node", node, "server", api.server());
            if (count == 0) {
              log.warn("no pod is bound to this node: is --node-name right?", "node", node);
            }
          }

          @Override
          public void failed(State state, String error, Duration retry) {
            // Scheduler tells of problems, this one among them
          }
        };
    PodWatch watch =
        new PodWatch(api, on.nodeName(), pods, clock, PodWatch.Timing.DEFAULT, random, listener);
    KubernetesEvents events =
        switch (config.events()) {
          case OFF -> null;
          case DENIED -> events(api, KubernetesEvents.Which.DENIED, on.nodeName(), clock, random);
          case ALL -> events(api, KubernetesEvents.Which.ALL, on.nodeName(), clock, random);
        };
    TokenReviews reviews =
        config.authorization() == AgentConfig.Authorization.KUBERNETES
            ? new TokenReviews(api)
            : null;
    return new KubernetesSide(
        on.why() + ", node " + on.nodeName(), null, new Running(api, pods, watch, events, reviews));
  }

  private static KubernetesEvents events(
      ApiConnection api,
      KubernetesEvents.Which which,
      String node,
      Clock clock,
      SecureRandom random) {
    return new KubernetesEvents(new EventsClient(api), which, node, clock, random);
  }

  /** This node's pods; null when they are not read. */
  @Nullable PodDirectory pods() {
    return running == null ? null : running.pods();
  }

  /** Makes Events; null when there are to be none. */
  @Nullable KubernetesEvents events() {
    return running == null ? null : running.events();
  }

  /** Asks about the tokens of scrapers; null when there is no authorization. */
  @Nullable TokenReviews reviews() {
    return running == null ? null : running.reviews();
  }

  /** What became of violations as Events; empty when there are to be none. */
  Map<String, Long> eventResults() {
    KubernetesEvents events = events();
    return events == null ? Map.of() : events.results();
  }

  /** How the reading of pods is doing. */
  KubernetesStatus status() {
    if (running == null) {
      return KubernetesStatus.off(how);
    }
    PodWatchStatus watch = running.watch().status();
    boolean synced = running.pods().synced();
    Map<String, Long> requests = new LinkedHashMap<>();
    requests.put("list", watch.lists());
    requests.put("watch", watch.watches());
    Map<String, Long> skipped = new LinkedHashMap<>();
    watch.skipped().forEach((reason, n) -> skipped.put(reason.label(), n));
    PodIndex.Size size = running.pods().size();
    skipped.put("too_many", size.refused());
    return new KubernetesStatus(
        true,
        how.contains("://") ? how : how + " at " + watch.server(),
        synced,
        running.pods().outOfTouchSince(),
        synced ? null : watch.lastError(),
        size.live() + size.deleted(),
        requests,
        watch.failures(),
        skipped);
  }

  /** What keeps it from being of use, by what it is; null when nothing does. */
  Map<String, @Nullable String> problems() {
    Map<String, @Nullable String> problems = new LinkedHashMap<>();
    KubernetesEvents events = events();
    problems.put("kubernetes", running == null ? failed : status().problem());
    problems.put("kubernetes events", events == null ? null : events.problem());
    TokenReviews reviews = reviews();
    problems.put("authorization", reviews == null ? null : reviews.problem());
    return problems;
  }

  void start() {
    if (running != null) {
      running.watch().start();
      if (running.events() != null) {
        running.events().start();
      }
    }
  }

  /** Sends the Events that wait, for half a second at most, and ends. */
  @Override
  public void close() {
    if (running != null) {
      running.watch().close();
      if (running.events() != null) {
        running.events().close();
      }
      running.api().close();
    }
  }
}
