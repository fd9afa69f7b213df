package io.seccompwatch.doctor;

import io.seccompwatch.config.CanaryName;
import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.linux.SeccompCanary;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Opens every source, fires the canary and sees where it comes out. It is fired a second time when
 * it was heard nowhere after half the time: the kernel's log may just have been full of others'
 * records.
 *
 * @param fire makes the record with the given name
 * @param timeout how long to wait at most
 */
record CanaryTrial(
    CanaryName name,
    Function<String, SeccompCanary.Result> fire,
    Duration timeout,
    InstantSource clock) {

  /** How long the others are waited for once one source has brought it. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  /**
   * What came of it.
   *
   * @param fired when it was fired first; null when it could not be
   * @param unavailable why it could not be fired; null when it was
   * @param sources each source, in the order of the selection
   */
  record Outcome(
      @Nullable Instant fired, @Nullable String unavailable, List<SourceOutcome> sources) {}

  /**
   * One source.
   *
   * @param problem why it could not be read; null when it was
   * @param note what was heard; null for nothing
   */
  record SourceOutcome(
      Chosen chosen, @Nullable String problem, CanaryListener.@Nullable Note note) {}

  /** Runs it; takes up to the timeout and some seconds to open the sources. */
  Outcome run(List<Chosen> chosen) throws InterruptedException {
    Map<String, CanaryListener.Fired> firings = new ConcurrentHashMap<>();
    Semaphore heard = new Semaphore(0);
    List<Listening> sources = new ArrayList<>();
    try {
      for (Chosen each : chosen) {
        sources.add(Listening.to(each, firings, heard::release, clock));
      }
      int open = (int) sources.stream().filter(source -> source.problem() == null).count();
      Instant fired = clock.instant();
      String unavailable = fireAndWait(firings, heard, open);
      return new Outcome(
          unavailable == null ? fired : null,
          unavailable,
          sources.stream()
              .map(
                  source ->
                      new SourceOutcome(source.chosen(), source.problem(), source.ear().heard()))
              .toList());
    } finally {
      sources.forEach(Listening::close);
    }
  }

  private @Nullable String fireAndWait(
      Map<String, CanaryListener.Fired> firings, Semaphore heard, int open)
      throws InterruptedException {
    String unavailable = fire(0, firings);
    if (unavailable != null || open == 0) {
      return unavailable;
    }
    Duration half = timeout.dividedBy(2);
    if (!heard.tryAcquire(half.toNanos(), TimeUnit.NANOSECONDS)) {
      unavailable = fire(1, firings);
      if (unavailable != null || !heard.tryAcquire(half.toNanos(), TimeUnit.NANOSECONDS)) {
        return unavailable;
      }
    }
    Duration rest = GRACE.compareTo(timeout) < 0 ? GRACE : timeout;
    long all = open - 1L;
    if (all > 0 && !heard.tryAcquire((int) all, rest.toNanos(), TimeUnit.NANOSECONDS)) {
      return null; // Whoever has not brought it by now is told of as silent
    }
    return null;
  }

  private @Nullable String fire(int attempt, Map<String, CanaryListener.Fired> firings) {
    String comm = name.comm(clock.millis() + attempt);
    // Before the call: the record may come sooner than the call returns
    firings.put(comm, new CanaryListener.Fired(System.nanoTime(), clock.instant()));
    return fire.apply(comm) instanceof SeccompCanary.Result.Unavailable failed
        ? failed.what() + ": " + failed.errno() + ": " + failed.remedy()
        : null;
  }
}
