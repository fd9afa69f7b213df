package io.seccompwatch.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.RecentViolations;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.violation.JsonEscapes;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code /api/v1/violations}: the last violations, newest first, filtered by namespace, pod,
 * container, workload, syscall, action and since (an ISO time, or {@code 30m} ago), at most {@code
 * limit} of them.
 */
public final class ViolationsPage implements Page {

  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;

  /** Where an answer is cut: strings of hostile records are long, and longer when escaped. */
  private static final int MAX_BYTES = 1 << 20;

  private static final Set<String> PARAMETERS =
      new TreeSet<>(
          Set.of(
              "namespace", "pod", "container", "workload", "syscall", "action", "since", "limit"));

  private static final Pattern AGO = Pattern.compile("\\d{1,6}[smhd]");

  private final RecentViolations violations;
  private final InstantSource clock;
  private final ViolationJson schema = new ViolationJson();
  private final JsonFactory json = JsonEscapes.factory().build();

  /** A page over the store; the clock tells how long ago something was. */
  public ViolationsPage(RecentViolations violations, InstantSource clock) {
    this.violations = violations;
    this.clock = clock;
  }

  @Override
  public synchronized Response get(Page.Request request) throws IOException {
    try {
      Query query = new Query(request.query(), PARAMETERS);
      int limit = limit(query.get("limit"));
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      try (JsonGenerator to = json.createGenerator(body)) {
        to.writeStartObject();
        to.writeArrayFieldStart("violations");
        boolean truncated = false;
        for (Violation violation : violations.find(filter(query), limit)) {
          to.flush();
          truncated = body.size() > MAX_BYTES;
          if (truncated) {
            break;
          }
          schema.write(violation, 0, to);
        }
        to.writeEndArray();
        if (truncated) {
          to.writeBooleanField("truncated", true);
        }
        to.writeEndObject();
      }
      return Response.json(200, body.toByteArray());
    } catch (Query.BadQuery e) {
      return Response.text(400, e.getMessage() + "\n");
    }
  }

  private Predicate<Violation> filter(Query query) throws Query.BadQuery {
    Instant since = since(query.get("since"));
    return since(since)
        .and(named(query.get("namespace"), Workload::namespace))
        .and(named(query.get("pod"), Workload::pod))
        .and(named(query.get("container"), Workload::container))
        .and(named(query.get("workload"), Workload::ownerName))
        .and(
            is(query.get("syscall"), Violation::syscallName)
                .or(is(query.get("syscall"), violation -> violation.record().syscallText())))
        .and(is(action(query.get("action")), violation -> violation.record().action().label()));
  }

  /** A misspelled action would find nothing, and seem to say that nothing happened. */
  private static @Nullable String action(@Nullable String text) throws Query.BadQuery {
    List<String> known = Stream.of(SeccompAction.values()).map(SeccompAction::label).toList();
    if (text != null && !known.contains(text)) {
      throw new Query.BadQuery("unknown action; known are " + String.join(", ", known));
    }
    return text;
  }

  private static Predicate<Violation> since(@Nullable Instant since) {
    return violation -> {
      Instant time = violation.time();
      return since == null || (time != null && !time.isBefore(since));
    };
  }

  private static Predicate<Violation> named(
      @Nullable String wanted, Function<Workload, @Nullable String> name) {
    return is(
        wanted,
        violation -> {
          Workload workload = violation.attribution().workload();
          return workload == null ? null : name.apply(workload);
        });
  }

  private static Predicate<Violation> is(
      @Nullable String wanted, Function<Violation, @Nullable String> value) {
    return violation -> wanted == null || wanted.equals(value.apply(violation));
  }

  private @Nullable Instant since(@Nullable String text) throws Query.BadQuery {
    try {
      if (text == null) {
        return null;
      }
      return AGO.matcher(text).matches() ? clock.instant().minus(ago(text)) : Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw new Query.BadQuery("since is no time; give 2026-11-22T10:20:00Z or 30m say");
    }
  }

  /** {@code 90s}, {@code 30m}, {@code 24h} or {@code 7d}, as {@code replay} takes them. */
  private static Duration ago(String text) {
    return Duration.parse((text.endsWith("d") ? "P" : "PT") + text.toUpperCase(Locale.ROOT));
  }

  private static int limit(@Nullable String text) throws Query.BadQuery {
    if (text == null) {
      return DEFAULT_LIMIT;
    }
    try {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= MAX_LIMIT) {
        return limit;
      }
    } catch (NumberFormatException e) {
      // Told below, as for a number out of range
    }
    throw new Query.BadQuery("limit is a whole number from 1 to " + MAX_LIMIT);
  }

  /** A query string's parameters, each given once and known. */
  static final class Query {

    /** A query that cannot be answered; the message is for its sender. */
    static final class BadQuery extends Exception {
      private static final long serialVersionUID = 1L;

      BadQuery(String message) {
        super(message);
      }
    }

    private static final int MAX_PAIRS = 64;

    private final Map<String, String> parameters = new HashMap<>();

    /**
     * Takes a raw query string apart.
     *
     * @param known the parameters that there are
     */
    Query(String raw, Set<String> known) throws BadQuery {
      String[] pairs = raw.split("&", MAX_PAIRS + 1);
      if (pairs.length > MAX_PAIRS) {
        throw new BadQuery("more than " + MAX_PAIRS + " parameters");
      }
      for (String pair : pairs) {
        if (pair.isEmpty()) {
          continue;
        }
        int equals = pair.indexOf('=');
        String name = decode(equals < 0 ? pair : pair.substring(0, equals));
        if (!known.contains(name)) {
          throw new BadQuery("unknown parameter; known are " + String.join(", ", known));
        }
        String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
        if (parameters.putIfAbsent(name, value) != null) {
          throw new BadQuery("parameter '" + name + "' is given twice");
        }
      }
    }

    @Nullable String get(String name) {
      return parameters.get(name);
    }

    private static String decode(String text) throws BadQuery {
      try {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        throw new BadQuery("the query is not URL-encoded");
      }
    }
  }
}
