package io.seccompwatch.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One scrape, in Prometheus' text format. */
final class Metrics {

  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)(?: \\d+)?");
  private static final Pattern LABEL = Pattern.compile("([a-zA-Z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

  private record Sample(String name, Map<String, String> labels, double value) {

    private boolean has(Map<String, String> wanted) {
      return labels.entrySet().containsAll(wanted.entrySet());
    }
  }

  private final List<Sample> samples = new ArrayList<>();

  Metrics(String text) {
    for (String line : text.lines().filter(l -> !l.isEmpty() && !l.startsWith("#")).toList()) {
      Matcher sample = SAMPLE.matcher(line);
      assertThat(sample.matches()).as(line).isTrue();
      Map<String, String> labels = new HashMap<>();
      if (sample.group(2) != null) {
        LABEL.matcher(sample.group(2)).results().forEach(l -> labels.put(l.group(1), l.group(2)));
      }
      samples.add(new Sample(sample.group(1), labels, Double.parseDouble(sample.group(3))));
    }
  }

  /** The sum of the metric's series that have these labels. */
  double sum(String name, String... labelsAndValues) {
    Map<String, String> wanted = wanted(labelsAndValues);
    return samples.stream()
        .filter(s -> s.name.equals(name) && s.has(wanted))
        .mapToDouble(Sample::value)
        .sum();
  }

  private static Map<String, String> wanted(String... labelsAndValues) {
    Map<String, String> wanted = new HashMap<>();
    for (int i = 0; i < labelsAndValues.length; i += 2) {
      wanted.put(labelsAndValues[i], labelsAndValues[i + 1]);
    }
    return wanted;
  }

  /** Whether the metric has a series with these labels. */
  boolean has(String name, String... labelsAndValues) {
    return samples.stream().anyMatch(s -> s.name.equals(name) && s.has(wanted(labelsAndValues)));
  }

  /** Whether every record is accounted for; records of others on this kernel included. */
  void assertBooksBalance() {
    double published =
        sum("seccomp_watch_violations_pending") + sum("seccomp_watch_attributions_total");
    assertThat(sum("seccomp_watch_records_total"))
        .as("records = duplicates + canary + violations")
        .isEqualTo(
            sum("seccomp_watch_records_duplicate_total")
                + sum("seccomp_watch_canary_records_total")
                + published);
    assertThat(sum("seccomp_watch_attributions_total"))
        .as("violations = denials + logged + those whose series have gone")
        .isEqualTo(
            sum("seccomp_denials_total")
                + sum("seccomp_logged_syscalls_total")
                + sum("seccomp_watch_violations_retired_total"));
  }
}
