package io.seccompwatch.doctor;

import io.seccompwatch.doctor.Finding.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The verdict on a node.
 *
 * @param carriers the sources that carried the canary
 * @param why reasons why nothing is seen, in words; empty when something is
 * @param containers containers that run
 * @param silent containers of these whose denials are not certainly written down
 */
public record Verdict(List<String> carriers, List<String> why, int containers, int silent) {

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
   * @param containers containers that run
   * @param silent containers of these whose denials are not certainly written down
   */
  static Verdict of(
      List<Finding> findings,
      List<CanaryResult> heard,
      @Nullable String unavailable,
      int containers,
      int silent) {
    List<String> carriers =
        heard.stream()
            .filter(h -> h.delayMillis() != null)
            .map(CanaryResult::source)
            .distinct()
            .toList();
    List<String> why = new ArrayList<>();
    findings.stream()
        .filter(finding -> finding.level() == Level.BLIND)
        .forEach(finding -> why.add(finding.subject() + ": " + finding.what()));
    if (!why.isEmpty() || !carriers.isEmpty()) {
      return new Verdict(carriers, why, containers, silent);
    }
    if (heard.stream().noneMatch(CanaryResult::open)) {
      why.add("no source can be read");
    } else if (unavailable != null) {
      why.add("nothing is proven, the canary could not be fired");
    } else {
      why.add("no source brought the canary");
    }
    heard.stream()
        .filter(h -> h.why() != null && (unavailable == null || !h.open()))
        .forEach(h -> why.add(h.source() + ": " + h.why()));
    return new Verdict(carriers, why, containers, silent);
  }

  /** Whether no denial would be seen. */
  public boolean isBlind() {
    return !why.isEmpty();
  }

  /** Returns the verdict in one line, with the containers that are not seen first. */
  public String text() {
    if (isBlind()) {
      return "BLIND: " + String.join("; ", why);
    }
    String seen = "records come through " + String.join(", ", carriers);
    if (containers == 0) {
      return seen + "; no container is known here";
    }
    return unseen(silent, containers) + "; " + seen;
  }

  /** Returns the share of the containers that are not seen in words. */
  static String unseen(long silent, long containers) {
    return silent == 0
        ? "denials of all %d containers are seen".formatted(containers)
        : "NOT SEEN: denials of %d of %d containers may leave no trace"
            .formatted(silent, containers);
  }
}
