package io.seccompwatch.violation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attribution.Evidence;
import io.seccompwatch.attribution.Attribution.Outcome;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.attribution.Workload.SeccompProfile;
import io.seccompwatch.record.AuditArch;
import io.seccompwatch.record.AuditStamp;
import io.seccompwatch.record.SeccompRecord;
import io.seccompwatch.record.SeccompRecord.Extent;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads back what {@link ViolationJson} wrote. Thread-safe. */
public final class ViolationReader {

  private static final long MAX_U32 = 0xffffffffL;

  /** More than an agent counts; the sums of many lines do not overflow with it. */
  private static final long MAX_COUNT = 1L << 40;

  private final ObjectReader json =
      new ObjectMapper().reader().with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /**
   * A violation as its line has it.
   *
   * @param suppressed how many violations of the same kind the agent left out before this line; 0
   *     for none
   */
  public record Entry(Violation violation, long suppressed) {}

  /**
   * Reads a line with the number of violations that were left out before it.
   *
   * @return the line's content, or null when the line is a JSON object of another schema
   * @throws IOException when the line is no JSON object, or lacks what the schema promises
   */
  public @Nullable Entry readEntry(byte[] buffer, int from, int to) throws IOException {
    JsonNode node = tree(buffer, from, to);
    if (node == null) {
      return null;
    }
    try {
      long suppressed =
          node.hasNonNull("suppressed") ? number(node, "suppressed", 0, MAX_COUNT) : 0;
      return new Entry(violation(node), suppressed);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException("not of schema " + ViolationJson.SCHEMA + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads a line.
   *
   * @return the violation, or null when the line is a JSON object of another schema
   * @throws IOException when the line is no JSON object, or lacks what the schema promises
   */
  public @Nullable Violation read(byte[] buffer, int from, int to) throws IOException {
    Entry entry = readEntry(buffer, from, to);
    return entry == null ? null : entry.violation();
  }

  /** Returns the object on the line, or null when it is of another schema. */
  private @Nullable JsonNode tree(byte[] buffer, int from, int to) throws IOException {
    JsonNode node = json.readTree(buffer, from, to - from);
    if (!node.isObject()) {
      throw new IOException("no JSON object");
    }
    return ViolationJson.SCHEMA.equals(node.path("schema").asText()) ? node : null;
  }

  private static Violation violation(JsonNode node) throws JsonProcessingException {
    JsonNode process = node.path("process");
    String archText = text(node, "arch");
    Extent extent = extent(node);
    SeccompRecord record =
        new SeccompRecord(
            stamp(text(node, "auditId")),
            id(process, "auid"),
            number(process, "uid", 0, MAX_U32),
            number(process, "gid", 0, MAX_U32),
            id(process, "session"),
            text(process, "label"),
            (int) number(process, "pid", Integer.MIN_VALUE, Integer.MAX_VALUE),
            text(process, "comm"),
            text(process, "exe"),
            extent.compareTo(Extent.SIGNAL) < 0
                ? 0
                : (int) number(node, "signal", Integer.MIN_VALUE, Integer.MAX_VALUE),
            archText == null ? 0 : arch(archText),
            archText != null,
            extent.compareTo(Extent.CALL) < 0
                ? -1
                : number(node.path("syscall"), "number", Long.MIN_VALUE, Long.MAX_VALUE),
            0,
            extent == Extent.WHOLE ? hex(node, "ip") : 0,
            extent == Extent.WHOLE ? code(node) : 0,
            extent);
    String time = text(node, "time");
    return new Violation(
        record,
        time == null ? null : Instant.parse(time),
        required(node, "source"),
        text(node, "node"),
        text(node.path("syscall"), "name"),
        attribution(node.path("attribution"), node.path("workload")));
  }

  /** Of a record that was cut, code is there and null, and so is what else was missing. */
  private static Extent extent(JsonNode node) {
    if (!isNull(node, "code")) {
      return Extent.WHOLE;
    }
    if (!isNull(node.path("syscall"), "number")) {
      return Extent.CALL;
    }
    return isNull(node, "signal") ? Extent.PROCESS : Extent.SIGNAL;
  }

  private static boolean isNull(JsonNode node, String field) {
    return node.path(field).isNull();
  }

  /**
   * Reads a line of schema {@value Suppressed#SCHEMA}.
   *
   * @return the sum, or null when the line is a JSON object of another schema
   * @throws IOException when the line is no JSON object, or lacks what the schema promises
   */
  public @Nullable Suppressed readSuppressed(byte[] buffer, int from, int to) throws IOException {
    JsonNode node = json.readTree(buffer, from, to - from);
    if (!Suppressed.SCHEMA.equals(node.path("schema").asText())) {
      return null;
    }
    try {
      boolean ofSeveral = !node.hasNonNull("attribution");
      return new Suppressed(
          Instant.parse(required(node, "time")),
          text(node, "node"),
          ofSeveral ? null : attribution(node.path("attribution"), node.path("workload")),
          number(node, "denied", 0, MAX_COUNT),
          number(node, "logged", 0, MAX_COUNT));
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException("not of schema " + Suppressed.SCHEMA + ": " + e.getMessage(), e);
    }
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
                null,
                text(workload, "image"),
                text(workload.path("owner"), "kind"),
                text(workload.path("owner"), "name"),
                profile(workload.path("profile")));
    Outcome outcome = constant(Outcome.values(), Outcome::label, text(attribution, "outcome"));
    return new Attribution(
        outcome == null ? Outcome.UNKNOWN : outcome,
        constant(Evidence.values(), Evidence::label, text(attribution, "by")),
        constant(AttributionReason.values(), AttributionReason::label, text(attribution, "reason")),
        text(workload, "podUid"),
        text(workload, "containerId"),
        named);
  }

  private static @Nullable SeccompProfile profile(JsonNode profile) {
    String type = text(profile, "type");
    return type == null ? null : new SeccompProfile(type, text(profile, "localhostProfile"));
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
        digits(auditId.substring(0, point)),
        (int) digits(auditId.substring(point + 1, colon)),
        colon - point - 1,
        digits(auditId.substring(colon + 1)));
  }

  /** Digits alone: a sign would make a stamp that no kernel writes. */
  private static long digits(String text) {
    if (!text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("auditId with '" + text + "'");
    }
    return Long.parseLong(text);
  }

  private static int arch(String text) {
    return text.startsWith("0x")
        ? Integer.parseUnsignedInt(text.substring(2), 16)
        : AuditArch.ofLabel(text)
            .orElseThrow(() -> new IllegalArgumentException("arch '" + text + "'"))
            .token();
  }

  private static long id(JsonNode node, String field) {
    return node.hasNonNull(field) ? number(node, field, 0, MAX_U32) : SeccompRecord.UNSET;
  }

  /** A number that the schema promises; a lacking one must not be read as 0, which is a value. */
  private static long number(JsonNode node, String field, long min, long max) {
    JsonNode value = node.path(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException(field + " is no number");
    }
    long number = value.asLong();
    if (number < min || number > max) {
      throw new IllegalArgumentException(field + " " + number);
    }
    return number;
  }

  private static int code(JsonNode node) {
    long code = hex(node, "code");
    if (code < 0 || code > MAX_U32) {
      throw new IllegalArgumentException("code " + Long.toHexString(code));
    }
    return (int) code;
  }

  private static String required(JsonNode node, String field) {
    String text = text(node, field);
    if (text == null) {
      throw new IllegalArgumentException("no " + field);
    }
    return text;
  }

  private static long hex(JsonNode node, String field) {
    String text = text(node, field);
    if (text == null || !text.startsWith("0x")) {
      throw new IllegalArgumentException(field + " '" + text + "'");
    }
    return Long.parseUnsignedLong(text.substring(2), 16);
  }

  private static @Nullable String text(JsonNode node, String field) {
    if (!node.hasNonNull(field)) {
      return null;
    }
    if (!node.get(field).isTextual()) {
      throw new IllegalArgumentException(field + " is no text");
    }
    return node.get(field).textValue();
  }
}
