package io.seccompwatch.agent;

import io.seccompwatch.attribution.PidNumbering;
import io.seccompwatch.http.StatusPage;
import io.seccompwatch.http.StatusPage.CanaryStatus;
import io.seccompwatch.pipeline.Canary;
import io.seccompwatch.pipeline.PendingViolations;
import io.seccompwatch.posture.Posture;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.Conditions;
import io.seccompwatch.publish.KubernetesStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The agent at a moment, for the status page and for {@code /readyz}. Thread-safe as its parts are.
 *
 * @param canary what became of the last canary; null when it is switched off
 * @param posture the node's seccomp posture; null before the first look
 * @param numbering whether a record's process can be looked up
 * @param problems what else is not as it should be, in words
 */
record StatusReport(
    AgentMetrics.Build build,
    @Nullable String node,
    Instant started,
    Sources sources,
    PendingViolations delivery,
    Books books,
    Conditions conditions,
    @Nullable Canary canary,
    Supplier<@Nullable Posture> posture,
    PidNumbering numbering,
    Supplier<List<String>> problems) {

  StatusPage.Status status() {
    return new StatusPage.Status(
        build,
        node,
        started,
        notReady().isEmpty(),
        sources.statuses(),
        books.balance(),
        canaryStatus(),
        conditions.kubernetes().get(),
        conditions.events().get(),
        conditions.processEvents().get(),
        posture.get(),
        conditions.kernelAudit().get(),
        allProblems());
  }

  private List<String> allProblems() {
    List<String> all = new ArrayList<>(problems.get());
    String unnamed = numbering.problem();
    if (unnamed != null) {
      all.add("attribution: " + unnamed);
    }
    return all;
  }

  /** A line for everything that must be there before the agent is of full use. */
  List<String> notReady() {
    List<String> lines = new ArrayList<>(sources.down());
    KubernetesStatus kubernetes = conditions.kubernetes().get();
    if (kubernetes.on() && !kubernetes.synced()) {
      String problem = kubernetes.problem();
      lines.add(
          "kubernetes: "
              + kubernetes.how()
              + ": pods are not synced: "
              + (problem == null ? "the first list is under way" : problem));
    }
    String unnamed = numbering.problem();
    if (unnamed != null) {
      lines.add("attribution: " + unnamed);
    }
    return lines;
  }

  private CanaryStatus canaryStatus() {
    Canary.Firing last = canary == null ? null : canary.last();
    Map<String, Duration> seen = last == null ? Map.of() : last.seen();
    String seenBy = seen.isEmpty() ? null : seen.keySet().iterator().next();
    return new CanaryStatus(
        seenBy,
        seenBy == null ? null : seen.get(seenBy),
        canaryProblem(last, seen),
        books.canariesFired(),
        books.canariesMissed(),
        books.canarySuccesses().stream()
            .map(
                source ->
                    new CanaryStatus.Source(
                        source.source(),
                        seen.containsKey(source.source()),
                        source.seconds() == 0
                            ? null
                            : Instant.ofEpochMilli(Math.round(source.seconds() * 1_000)),
                        source.delaySeconds()))
            .toList());
  }

  private @Nullable String canaryProblem(Canary.@Nullable Firing last, Map<String, Duration> seen) {
    if (canary == null) {
      return "switched off";
    }
    if (last == null) {
      return "not fired yet";
    }
    if (last.unavailable() != null) {
      return last.unavailable();
    }
    return seen.isEmpty() ? "not seen yet" : null;
  }
}
