package io.seccompwatch.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.violation.ViolationJson;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;

/** The status page's part about the canary. */
final class CanarySection {

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
