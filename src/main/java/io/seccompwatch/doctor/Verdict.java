package io.seccompwatch.doctor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether denials are seen.
 *
 * @param carriers the sources that carried the canary
 * @param why why nothing is seen, in words; empty when something is
 */
public record Verdict(List<String> carriers, List<String> why) {

  /** Copies the lists. */
  public Verdict {
    carriers = List.copyOf(carriers);
    why = List.copyOf(why);
  }

  /**
   * The verdict: blind when no source brought the canary, or when something was found that keeps
   * denials from every source although the canary came through.
   *
   * @param unavailable why the canary could not be fired; null when it was
   */
  static Verdict of(List<Finding> findings, List<Heard> heard, @Nullable String unavailable) {
    List<String> carriers =
        heard.stream().filter(h -> h.delayMillis() != null).map(Heard::source).distinct().toList();
    List<String> why = new ArrayList<>();
    findings.stream()
        .filter(finding -> finding.level() == Level.BLIND)
        .forEach(finding -> why.add(finding.subject() + ": " + finding.what()));
    if (!why.isEmpty() || !carriers.isEmpty()) {
      return new Verdict(carriers, why);
    }
    if (heard.stream().noneMatch(Heard::open)) {
      why.add("no source can be read");
    } else if (unavailable != null) {
      why.add("nothing is proven, the canary could not be fired");
    } else {
      why.add("no source brought the canary");
    }
    heard.stream()
        .filter(h -> h.why() != null && (unavailable == null || !h.open()))
        .forEach(h -> why.add(h.source() + ": " + h.why()));
    return new Verdict(carriers, why);
  }

  /** Whether no denial would be seen. */
  public boolean isBlind() {
    return !why.isEmpty();
  }

  /** In one line. */
  public String text() {
    return isBlind()
        ? "BLIND: " + String.join("; ", why)
        : "denials are seen through " + String.join(", ", carriers);
  }
}
