package io.seccompwatch.doctor;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The few metrics of an agent that are looked at, from Prometheus's text. Immutable. */
final class AgentSamples {

  static final String UP = "seccomp_watch_source_up";
  static final String CANARY = "seccomp_watch_canary_last_success_timestamp_seconds";
  static final String SOURCE_CANARY = "seccomp_watch_source_canary_last_success_timestamp_seconds";
  static final String FIRED = "seccomp_watch_canary_fired_total";
  static final String MISSED = "seccomp_watch_canary_missed_total";
  static final String LOST = "seccomp_watch_records_lost_total";
  static final String OVERFLOW = "seccomp_watch_series_overflow_total";
  static final String VISIBLE = "seccomp_container_denials_visible";
  static final String STARTED = "process_start_time_seconds";
  static final String UPTIME = "process_uptime_seconds";

  private static final Set<String> LOOKED_AT =
      Set.of(UP, CANARY, SOURCE_CANARY, FIRED, MISSED, LOST, OVERFLOW, VISIBLE, STARTED, UPTIME);

  /**
   * Series of one metric: the containers of a node are the most, and a program that answers in an
   * agent's place may have any number.
   */
  private static final int MAX_SERIES = 4_096;

  private static final Pattern SAMPLE =
      Pattern.compile("([a-z_]{1,100})(?:\\{([^}]{0,1000})\\})? ([0-9.eE+-]{1,40})");

  private static final Pattern LABEL = Pattern.compile("[a-z_]+=\"([^\"\\\\]*)\"");

  private final Map<String, Map<String, Double>> values = new HashMap<>();

  AgentSamples(String text) {
    text.lines().filter(line -> !line.startsWith("#")).forEach(this::add);
  }

  private void add(String line) {
    Matcher sample = SAMPLE.matcher(line);
    if (!sample.matches() || !LOOKED_AT.contains(sample.group(1))) {
      return;
    }
    StringBuilder labels = new StringBuilder();
    if (sample.group(2) != null) {
      Matcher label = LABEL.matcher(sample.group(2));
      while (label.find()) {
        // In the order of the text, which is that of the labels' names
        labels.insert(0, labels.isEmpty() ? label.group(1) : label.group(1) + " ");
      }
    }
    Map<String, Double> series =
        values.computeIfAbsent(sample.group(1), name -> new LinkedHashMap<>());
    try {
      if (series.size() < MAX_SERIES) {
        series.put(labels.toString(), Double.valueOf(sample.group(3)));
      }
    } catch (NumberFormatException e) {
      // No sample
    }
  }

  /** Whether this can be an agent's. */
  boolean isAgent() {
    return values.containsKey(UP);
  }

  /** The series of a metric by the values of their labels, the last label's first. */
  Map<String, Double> series(String name) {
    return values.getOrDefault(name, Map.of());
  }

  /** The only series of a metric; null when there is none. */
  @Nullable Double value(String name) {
    return series(name).get("");
  }

  /** The same, 0 when there is none. */
  double count(String name) {
    Double value = value(name);
    return value == null ? 0 : value;
  }

  /** The sum over a metric's series. */
  double sum(String name) {
    return series(name).values().stream().mapToDouble(Double::doubleValue).sum();
  }
}
