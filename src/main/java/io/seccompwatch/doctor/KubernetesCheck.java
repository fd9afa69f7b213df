package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Section;
import io.seccompwatch.kubernetes.AccessReview;
import io.seccompwatch.kubernetes.ApiChoice;
import io.seccompwatch.kubernetes.ApiConnection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether the API server can be reached, and what the agent may do there, verb by verb. Nothing is
 * changed: the server is asked for its opinion.
 *
 * @param choice how it is reached; null when Kubernetes is switched off
 * @param authorizes whether the agent asks about the tokens of scrapers
 * @param userAgent how this program is called in the server's audit log
 */
record KubernetesCheck(@Nullable ApiChoice choice, boolean authorizes, String userAgent)
    implements Check {

  private static final String SUBJECT = "api";
  private static final String EVENTS = "events.k8s.io";

  /** A right that the agent uses. */
  private record Right(String verb, String group, String resource, String without) {

    String text() {
      return verb + " " + resource + (group.isEmpty() ? "" : "." + group);
    }
  }

  private static final List<Right> RIGHTS =
      List.of(
          new Right("list", "", "pods", "pods have no names"),
          new Right("watch", "", "pods", "new pods have no names"),
          new Right("create", EVENTS, "events", "denials do not become Events"),
          new Right("patch", EVENTS, "events", "repeats of an Event are not counted"));

  /** What {@code --authorization kubernetes} needs beside. */
  private static final List<Right> REVIEWS =
      List.of(
          new Right(
              "create", "authentication.k8s.io", "tokenreviews", "nobody can read the metrics"),
          new Right(
              "create",
              "authorization.k8s.io",
              "subjectaccessreviews",
              "nobody can read the metrics"));

  @Override
  public List<Finding> run() {
    return switch (choice) {
      case null -> List.of(Finding.ok(Section.KUBERNETES, SUBJECT, "switched off"));
      case ApiChoice.Off off ->
          List.of(Finding.note(Section.KUBERNETES, SUBJECT, "not asked: " + off.why(), null));
      case ApiChoice.Impossible impossible ->
          List.of(
              Finding.problem(
                  Section.KUBERNETES, SUBJECT, impossible.problem(), impossible.remedy()));
      case ApiChoice.On on -> ask(on);
    };
  }

  private List<Finding> ask(ApiChoice.On on) {
    try (ApiConnection api = ApiConnection.open(on.access(), userAgent)) {
      return ask(on, api.server(), new AccessReview(api));
    } catch (IOException e) {
      return List.of(
          Finding.problem(
              Section.KUBERNETES,
              SUBJECT,
              String.valueOf(e.getMessage()),
              "give a kubeconfig or an account that can be read"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  private List<Finding> ask(ApiChoice.On on, String server, AccessReview review)
      throws InterruptedException {
    List<Finding> findings = new ArrayList<>();
    List<String> allowed = new ArrayList<>();
    List<Right> rights = new ArrayList<>(RIGHTS);
    if (authorizes) {
      rights.addAll(REVIEWS);
    }
    for (Right right : rights) {
      AccessReview.Result result = review.may(right.verb(), right.group(), right.resource());
      switch (result.answer()) {
        case YES -> allowed.add(right.text());
        case NO -> findings.add(denied(right));
        case UNKNOWN -> {
          findings.add(unanswered(server, result.why()));
          return findings; // The next one would wait as long for the same answer
        }
      }
    }
    if (!allowed.isEmpty()) {
      findings.addFirst(
          Finding.ok(Section.KUBERNETES, SUBJECT, server + ": may " + String.join(", ", allowed)));
    }
    if (allowed.contains(RIGHTS.getFirst().text())) {
      findings.add(node(on.nodeName(), review.hasPods(on.nodeName())));
    }
    return findings;
  }

  private static Finding denied(Right right) {
    return Finding.problem(
        Section.KUBERNETES,
        "rbac",
        "may not " + right.text() + ": " + right.without(),
        "give the agent's ClusterRole: apiGroups: [\"%s\"], resources: [%s], verbs: [%s]"
            .formatted(right.group(), right.resource(), right.verb()));
  }

  private static Finding unanswered(String server, String why) {
    String remedy =
        why.startsWith("HTTP 401")
            ? "the token is not taken: let the service account be mounted anew, or renew it"
            : why.startsWith("HTTP 403")
                ? "give the agent's account the role system:basic-user, which every account has"
                : "look at the address, the network policies and the certificate authority";
    return Finding.problem(Section.KUBERNETES, SUBJECT, server + ": " + why, remedy);
  }

  private static Finding node(String node, AccessReview.Result pods) {
    return switch (pods.answer()) {
      case YES -> Finding.ok(Section.KUBERNETES, "node", node + " has pods");
      case NO ->
          Finding.problem(
              Section.KUBERNETES,
              "node",
              "no pod is bound to a node named " + node,
              "give --node-name as kubectl get nodes shows it, spec.nodeName in a pod");
      case UNKNOWN -> Finding.unknown(Section.KUBERNETES, "node", node + ": " + pods.why(), null);
    };
  }
}
