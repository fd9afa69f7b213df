package io.seccompwatch.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.posture.ContainerPosture;
import io.seccompwatch.posture.NodePosture;
import io.seccompwatch.posture.Posture;
import io.seccompwatch.posture.RequestedProfile;
import io.seccompwatch.record.SeccompAction;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Posture} as fields of a JSON object: {@code seccomp} says what holds for the node,
 * {@code containers} what holds for each.
 */
public final class PostureJson {

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
