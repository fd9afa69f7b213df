package io.seccompwatch.violation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.AttributionReason;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.record.AuditArch;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads back what {@link ViolationJson} wrote. Thread-safe. */
public final class ViolationReader {

  private final ObjectReader json = new ObjectMapper().reader();

  /**
   * Reads a line.
   *
   * @return the violation, or null when the line is a JSON object of another schema
   * @throws IOException when the line is no JSON object, or lacks what the schema promises
   */
  public @Nullable Violation read(byte[] buffer, int from, int to) throws IOException {
    JsonNode node = json.readTree(buffer, from, to - from);
    if (!node.isObject() || !ViolationJson.SCHEMA.equals(node.path("schema").asText())) {
      return null;
    }
    try {
      return violation(node);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException("not of schema " + ViolationJson.SCHEMA + ": " + e.getMessage(), e);
    }
  }

  private static Violation violation(JsonNode node) throws JsonProcessingException {
    JsonNode process = node.path("process");
    String archText = text(node, "arch");
    SeccompRecord record =
        new SeccompRecord(
            stamp(text(node, "auditId")),
            id(process, "auid"),
            process.path("uid").asLong(),
            process.path("gid").asLong(),
            id(process, "session"),
            text(process, "label"),
            process.path("pid").asInt(),
            text(process, "comm"),
            text(process, "exe"),
            node.path("signal").asInt(),
            archText == null ? 0 : arch(archText),
            archText != null,
            node.path("syscall").path("number").asLong(),
            0,
            hex(node, "ip"),
            (int) hex(node, "code"));
    String time = text(node, "time");
    return new Violation(
        record,
        time == null ? null : Instant.parse(time),
        node.path("source").asText(),
        text(node, "node"),
        text(node.path("syscall"), "name"),
        attribution(node.path("attribution"), node.path("workload")));
  }

  private static Attribution attribution(JsonNode attribution, JsonNode workload) {
    String namespace = text(workload, "namespace");
    String pod = text(workload, "pod");
    Workload named =
        namespace == null || pod == null
            ? null
            : new Workload(
                namespace,
                pod,
                text(workload, "container"),
                text(workload, "image"),
                text(workload.path("owner"), "kind"),
                text(workload.path("owner"), "name"));
    Outcome outcome = constant(Outcome.values(), Outcome::label, text(attribution, "outcome"));
    return new Attribution(
        outcome == null ? Outcome.UNKNOWN : outcome,
        constant(Evidence.values(), Evidence::label, text(attribution, "by")),
        constant(AttributionReason.values(), AttributionReason::label, text(attribution, "reason")),
        text(workload, "podUid"),
        text(workload, "containerId"),
        named);
  }

  private static <E> @Nullable E constant(
      E[] values, Function<E, String> label, @Nullable String text) {
    return Arrays.stream(values).filter(v -> label.apply(v).equals(text)).findFirst().orElse(null);
  }

  private static @Nullable AuditStamp stamp(@Nullable String auditId) {
    if (auditId == null) {
      return null;
    }
    int point = auditId.indexOf('.');
    int colon = auditId.indexOf(':', point + 1);
    if (point < 1 || colon < point + 2 || colon > point + 4) {
      throw new IllegalArgumentException("auditId '" + auditId + "'");
    }
    return new AuditStamp(
        Long.parseLong(auditId.substring(0, point)),
        Integer.parseInt(auditId.substring(point + 1, colon)),
        colon - point - 1,
        Long.parseLong(auditId.substring(colon + 1)));
  }

  private static int arch(String text) {
    return text.startsWith("0x")
        ? Integer.parseUnsignedInt(text.substring(2), 16)
        : AuditArch.ofLabel(text)
            .orElseThrow(() -> new IllegalArgumentException("arch '" + text + "'"))
            .token();
  }

  private static long id(JsonNode node, String field) {
    return node.hasNonNull(field) ? node.get(field).asLong() : SeccompRecord.UNSET;
  }

  private static long hex(JsonNode node, String field) {
    String text = text(node, field);
    if (text == null || !text.startsWith("0x")) {
      throw new IllegalArgumentException(field + " '" + text + "'");
    }
    return Long.parseUnsignedLong(text.substring(2), 16);
  }

  private static @Nullable String text(JsonNode node, String field) {
    return node.hasNonNull(field) ? node.get(field).asText() : null;
  }
}
