package io.seccompwatch.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.posture.ContainerPosture;
import io.seccompwatch.posture.NodePosture;
import io.seccompwatch.posture.Posture;
import io.seccompwatch.posture.RequestedProfile;
import io.seccompwatch.publish.AgentMetrics;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.KernelAuditStatus;
import io.seccompwatch.publish.KubernetesStatus;
import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.violation.JsonEscapes;
import io.seccompwatch.violation.ViolationJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@code /api/v1/status}: what the agent is, reads, counts and lacks, as one JSON document. */
public final class StatusPage implements Page {

  /**
   * The agent at one moment.
   *
   * @param node the node's name; null when unknown
   * @param canary how it would be known that denials are seen
   * @param events violations by what became of them as Kubernetes Events; empty when there are none
   * @param processEvents how forks, execs and exits are followed
   * @param posture the seccomp posture of the node's containers; null before the first look
   * @param kernelAudit what the kernel's audit system says of itself
   * @param problems everything else that is not as it should be, in words
   */
  public record Status(
      AgentMetrics.Build build,
      @Nullable String node,
      Instant started,
      boolean ready,
      List<SourceStatus> sources,
      Books.Balance balance,
      CanaryStatus canary,
      KubernetesStatus kubernetes,
      Map<String, Long> events,
      ProcessEventsStatus processEvents,
      @Nullable Posture posture,
      KernelAuditStatus kernelAudit,
      List<String> problems) {}

  private final Supplier<Status> status;
  private final JsonFactory json = JsonEscapes.factory().build();

  /** A page over the agent's status. */
  public StatusPage(Supplier<Status> status) {
    this.status = status;
  }

  @Override
  public Response get(Page.Request request) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try (JsonGenerator to = json.createGenerator(body)) {
      to.useDefaultPrettyPrinter();
      write(status.get(), to);
    }
    body.write('\n');
    return Response.json(200, body.toByteArray());
  }

  private static void write(Status status, JsonGenerator to) throws IOException {
    to.writeStartObject();
    to.writeStringField("version", status.build().version());
    to.writeStringField("revision", status.build().revision());
    to.writeStringField("javaVersion", status.build().javaVersion());
    to.writeStringField("node", status.node());
    to.writeStringField("started", ViolationJson.format(status.started()));
    to.writeBooleanField("ready", status.ready());
    to.writeArrayFieldStart("sources");
    for (SourceStatus source : status.sources()) {
      to.writeStartObject();
      to.writeStringField("name", source.name());
      to.writeStringField("path", source.path());
      to.writeBooleanField("up", source.up());
      to.writeStringField("problem", source.problem());
      to.writeNumberField("lagBytes", source.lagBytes());
      to.writeNumberField("rotations", source.rotations());
      to.writeEndObject();
    }
    to.writeEndArray();
    writeBalance(status.balance(), to);
    CanarySection.write(status.canary(), to);
    writeKubernetes(status.kubernetes(), to);
    writeCounts("events", status.events(), to);
    writeProcessEvents(status.processEvents(), to);
    PostureJson.write(status.posture(), to);
    writeKernel(status.kernelAudit(), to);
    to.writeArrayFieldStart("problems");
    for (String problem : status.problems()) {
      to.writeString(problem);
    }
    to.writeEndArray();
    to.writeEndObject();
  }

  private static void writeKubernetes(KubernetesStatus status, JsonGenerator to)
      throws IOException {
    to.writeObjectFieldStart("kubernetes");
    to.writeBooleanField("on", status.on());
    to.writeStringField("how", status.how());
    if (status.on()) {
      Instant since = status.outOfTouchSince();
      to.writeBooleanField("synced", status.synced());
      to.writeStringField("outOfTouchSince", since == null ? null : ViolationJson.format(since));
      to.writeStringField("problem", status.problem());
      to.writeNumberField("pods", status.pods());
      writeCounts("requests", status.requests(), to);
      to.writeNumberField("failures", status.failures());
      writeCounts("skipped", status.skipped(), to);
    }
    to.writeEndObject();
  }

  private static void writeProcessEvents(ProcessEventsStatus events, JsonGenerator to)
      throws IOException {
    to.writeObjectFieldStart("processEvents");
    to.writeBooleanField("active", events.active());
    to.writeStringField("reason", events.reason());
    to.writeNumberField("bufferBytes", events.bufferBytes());
    to.writeNumberField("events", events.counts().events());
    to.writeNumberField("lost", events.counts().lost());
    to.writeNumberField("losses", events.counts().losses());
    to.writeNumberField("untracked", events.counts().untracked());
    to.writeNumberField("processes", events.counts().processes());
    to.writeNumberField("tombstones", events.counts().tombstones());
    to.writeNumberField("forgotten", events.counts().forgotten());
    to.writeStringField("crowdedBy", events.crowd());
    to.writeEndObject();
  }

  private static void writeKernel(KernelAuditStatus audit, JsonGenerator to) throws IOException {
    to.writeObjectFieldStart("kernel");
    KernelAuditStatus.Values values = audit.values();
    if (values != null) {
      to.writeNumberField("enabled", values.enabled());
      to.writeNumberField("auditdPid", values.daemonPid());
      to.writeNumberField("rateLimit", values.rateLimit());
      to.writeNumberField("backlogLimit", values.backlogLimit());
      to.writeNumberField("backlog", values.backlog());
      to.writeNumberField("lostSinceBoot", values.lost());
    }
    to.writeStringField("problem", audit.problem());
    to.writeEndObject();
  }

  private static void writeBalance(Books.Balance balance, JsonGenerator to) throws IOException {
    to.writeObjectFieldStart("balance");
    to.writeNumberField("lines", balance.lines());
    to.writeNumberField("records", balance.records());
    to.writeNumberField("duplicates", balance.duplicates());
    to.writeNumberField("canary", balance.canary());
    to.writeNumberField("pending", balance.pending());
    to.writeNumberField("held", balance.held());
    to.writeNumberField("violations", balance.violations());
    to.writeNumberField("denials", balance.denials());
    to.writeNumberField("logged", balance.logged());
    to.writeNumberField("retired", balance.retired());
    to.writeNumberField("attributions", balance.attributions());
    writeCounts("rejected", balance.rejected(), to);
    writeCounts("lost", balance.lost(), to);
    to.writeBooleanField("balanced", balance.balanced());
    to.writeEndObject();
  }

  private static void writeCounts(String name, Map<String, Long> reasons, JsonGenerator to)
      throws IOException {
    to.writeObjectFieldStart(name);
    for (Map.Entry<String, Long> reason : reasons.entrySet()) {
      to.writeNumberField(reason.getKey(), reason.getValue());
    }
    to.writeEndObject();
  }

  /** The status page's part about the canary. */
  static final class CanarySection {

    private CanarySection() {}

    static void write(CanaryStatus canary, JsonGenerator to) throws IOException {
      to.writeObjectFieldStart("canary");
      to.writeStringField("seenBy", canary.seenBy());
      Duration delay = canary.delay();
      writeSeconds("delaySeconds", delay == null ? Double.NaN : delay.toNanos() / 1e9, to);
      to.writeStringField("problem", canary.problem());
      to.writeNumberField("fired", canary.fired());
      to.writeNumberField("missed", canary.missed());
      to.writeArrayFieldStart("sources");
      for (CanaryStatus.Source source : canary.sources()) {
        Instant last = source.lastSuccess();
        to.writeStartObject();
        to.writeStringField("name", source.name());
        to.writeBooleanField("seen", source.seen());
        to.writeStringField("lastSuccess", last == null ? null : ViolationJson.format(last));
        writeSeconds("delaySeconds", source.delaySeconds(), to);
        to.writeEndObject();
      }
      to.writeEndArray();
      to.writeEndObject();
    }

    private static void writeSeconds(String name, double seconds, JsonGenerator to)
        throws IOException {
      if (Double.isNaN(seconds)) {
        to.writeNullField(name);
      } else {
        to.writeNumberField(name, seconds);
      }
    }
  }

  /**
   * State of the canary.
   *
   * @param seenBy the source that brought the last firing first; null when none has
   * @param delay how long that took
   * @param problem why none has; null when there is nothing wrong
   * @param fired how often it was fired since the start
   * @param missed how often no source brought it in time
   * @param sources how it fares through each; empty while it is off
   */
  public record CanaryStatus(
      @Nullable String seenBy,
      @Nullable Duration delay,
      @Nullable String problem,
      long fired,
      long missed,
      List<Source> sources) {

    /**
     * State of the canary in one source.
     *
     * @param seen whether the source brought the last firing
     * @param lastSuccess when it last brought one; null for never
     * @param delaySeconds how long that took; NaN for never
     */
    public record Source(
        String name, boolean seen, @Nullable Instant lastSuccess, double delaySeconds) {}
  }

  /**
   * A {@link Posture} as fields of a JSON object: {@code seccomp} says what holds for the node,
   * {@code containers} what holds for each.
   */
  public static final class PostureJson {

    private PostureJson() {}

    /** Writes both fields; the first is null and the second empty when there is no posture yet. */
    public static void write(@Nullable Posture posture, JsonGenerator to) throws IOException {
      if (posture == null) {
        to.writeNullField("seccomp");
      } else {
        writeNode(posture.node(), posture.skipped(), to);
      }
      to.writeArrayFieldStart("containers");
      if (posture != null) {
        for (ContainerPosture container : posture.containers()) {
          writeContainer(container, to);
        }
      }
      to.writeEndArray();
    }

    private static void writeNode(NodePosture node, int skipped, JsonGenerator to)
        throws IOException {
      to.writeObjectFieldStart("seccomp");
      to.writeArrayFieldStart("actionsLogged");
      for (SeccompAction action : SeccompAction.values()) {
        if (node.visibility().actionsLogged().contains(action)) {
          to.writeString(action.label());
        }
      }
      to.writeEndArray();
      to.writeBooleanField("actionsLoggedAssumed", node.assumed());
      to.writeStringField("auditing", node.auditing());
      to.writeStringField("blind", node.blind());
      to.writeStringField("doubt", node.doubt());
      to.writeNumberField("containersSkipped", skipped);
      to.writeEndObject();
    }

    private static void writeContainer(ContainerPosture container, JsonGenerator to)
        throws IOException {
      to.writeStartObject();
      to.writeStringField("namespace", container.namespace());
      to.writeStringField("pod", container.pod());
      to.writeStringField("container", container.container());
      to.writeStringField("containerId", container.containerId());
      RequestedProfile asked = container.asked();
      to.writeObjectFieldStart("asked");
      to.writeStringField("type", asked.type().label());
      to.writeStringField("localhostProfile", asked.localhostProfile());
      to.writeStringField("from", asked.from().label());
      to.writeEndObject();
      to.writeBooleanField("privileged", asked.privileged());
      to.writeStringField("mode", container.mode().label());
      Integer filters = container.filters();
      if (filters == null) {
        to.writeNullField("filters");
      } else {
        to.writeNumberField("filters", filters);
      }
      to.writeBooleanField("denialsVisible", container.denialsVisible());
      to.writeStringField("reason", container.reason());
      to.writeEndObject();
    }
  }
}
