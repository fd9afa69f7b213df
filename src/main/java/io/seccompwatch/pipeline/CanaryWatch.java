package io.seccompwatch.pipeline;

import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.publish.Books;
import io.seccompwatch.publish.SourceStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Judges the canary's firings, each by itself, and says once when none comes any more, when one
 * source does not bring it while others do, and when that is over. Of one thread but for {@link
 * #problem} and {@link #isProven}.
 */
public final class CanaryWatch {

  /** How long a record may take; printk alone may hold records back for some seconds. */
  public static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Set<String> KERNEL_LOG = Set.of("kmsg", "syslog");

  private final Supplier<List<SourceStatus>> sources;
  private final Books books;
  private final AgentLog log;
  private final Set<String> silent = new TreeSet<>();
  private volatile boolean missed;
  private volatile boolean proven;

  /** Judges by what these sources brought. */
  public CanaryWatch(Supplier<List<SourceStatus>> sources, Books books, AgentLog log) {
    this.sources = sources;
    this.books = books;
    this.log = log;
  }

  /** Whether there is nothing more to wait for: every source that is up has brought it. */
  public boolean isComplete(Canary.Firing firing) {
    if (firing.unavailable() != null) {
      return true;
    }
    Set<String> seen = firing.seen().keySet();
    return !seen.isEmpty()
        && sources.get().stream().allMatch(s -> !s.up() || seen.contains(s.name()));
  }

  /** What became of a firing so far, in words; null while nobody has brought it. */
  public @Nullable String result(Canary.Firing firing) {
    if (firing.unavailable() != null) {
      return "unavailable";
    }
    for (Map.Entry<String, Duration> first : firing.seen().entrySet()) {
      return "seen by " + first.getKey() + " after " + first.getValue().toMillis() + " ms";
    }
    return null;
  }

  /** Judges a firing that is complete or whose time is over. */
  public void judge(Canary.Firing firing) {
    String unavailable = firing.unavailable();
    if (unavailable != null) {
      log.warn("canary cannot be fired", "problem", unavailable);
      return;
    }
    Map<String, Duration> seen = firing.seen();
    if (seen.isEmpty()) {
      missed = true;
      proven = false;
      books.canaryMissed();
      log.warn(
          "canary was not seen: a denial would not be seen either",
          "silent",
          String.join(", ", sources.get().stream().map(s -> s.name() + "=" + s.path()).toList()),
          "check",
          "kernel.seccomp.actions_logged has log; no audit rule excludes SECCOMP; the file is the"
              + " one that auditd or rsyslog writes");
      return;
    }
    if (missed) {
      log.info("canary is seen again", "source", seen.keySet().iterator().next());
    }
    missed = false;
    proven = true;
    sources.get().forEach(source -> judge(source, seen));
  }

  private void judge(SourceStatus source, Map<String, Duration> seen) {
    String name = source.name();
    if (seen.containsKey(name)) {
      if (silent.remove(name)) {
        log.info("the canary comes through this source again", "source", name);
      }
    } else if (source.up() && silent.add(name)) {
      String by = String.join(", ", seen.keySet());
      if (KERNEL_LOG.contains(name)) {
        log.info(
            "the canary did not come through this source, though through others",
            "source",
            name,
            "seenBy",
            by,
            "why",
            seen.containsKey("audit-log")
                ? "normal: auditd takes the records, and the kernel's log has none"
                : "the kernel's log has no audit records while an auditd is registered, and without"
                    + " one at most ten in five seconds");
      } else {
        log.warn(
            "the canary did not come through this source, though through others",
            "source",
            name,
            "seenBy",
            by,
            "check",
            "audit-log: that auditd runs and writes this file; audit-netlink: that the agent is in"
                + " the host's network namespace");
      }
    }
  }

  /** Whether some source brought the last canary that was judged. For any thread. */
  public boolean isProven() {
    return proven;
  }

  /** What is wrong with the canary, in words; null when it comes. For any thread. */
  public @Nullable String problem() {
    return missed ? "was not seen: a denial would not be seen either" : null;
  }
}
