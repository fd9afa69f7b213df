package io.seccompwatch.http;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** Counts the requests that were refused, by reason. Thread-safe. */
public final class RefusedRequests {

  /** Why a request is refused; the names are label values. */
  enum Reason {
    /** It has no bearer token, and needs one. */
    NO_TOKEN,
    /** Nobody is known by its token. */
    BAD_TOKEN,
    /** Whoever it is may not read this page. */
    FORBIDDEN,
    /** The API server could not be asked. */
    API_UNAVAILABLE,
    /** Too many tokens are being asked about. */
    TOO_MANY_REVIEWS,
    /** Too many answers are being read, too slowly. */
    TOO_MANY_ANSWERS,
    /** The query API without authorization is for loopback. */
    NOT_LOOPBACK,
    /** It came over loopback under the name of somebody else. */
    FOREIGN_HOST;

    private String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Map<Reason, LongAdder> counts = new EnumMap<>(Reason.class);

  /** Nothing was refused yet. */
  public RefusedRequests() {
    for (Reason reason : Reason.values()) {
      counts.put(reason, new LongAdder());
    }
  }

  /** Counts one. */
  void count(Reason reason) {
    Objects.requireNonNull(counts.get(reason)).increment();
  }

  /** Every reason with its count, also those that have none yet. */
  public Map<String, Long> byReason() {
    Map<String, Long> all = new LinkedHashMap<>();
    counts.forEach((reason, count) -> all.put(reason.label(), count.sum()));
    return all;
  }
}
