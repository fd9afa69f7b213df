package io.seccompwatch.agent;

import io.seccompwatch.publish.SourceStatus;
import io.seccompwatch.source.RecordSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The sources and their threads. Thread-safe once started. */
final class Sources implements AutoCloseable {

  private static final long STOP_MILLIS = 4_000;

  /** A source under the name that users know. */
  record Named(String name, RecordSource source) {}

  private final List<Named> sources;
  private final List<Thread> threads = new CopyOnWriteArrayList<>();

  Sources(List<Named> sources) {
    this.sources = List.copyOf(sources);
  }

  /** Starts a thread for each. */
  void start() {
    for (Named named : sources) {
      Thread thread = new Thread(named.source(), "source-" + named.name());
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  /** Whether every source's thread runs; one that has ended is a defect, and wants a restart. */
  boolean alive() {
    return threads.stream().allMatch(Thread::isAlive);
  }

  /** Each source's status, for metrics: sources of one name are one, up when all of them are. */
  List<SourceStatus> statuses() {
    Map<String, SourceStatus> statuses = new LinkedHashMap<>();
    for (Named named : sources) {
      RecordSource.SourceState state = named.source().state();
      statuses.merge(
          named.name(),
          new SourceStatus(
              named.name(),
              state.path(),
              state.up(),
              state.up() ? state.warning() : state.reason(),
              state.lagBytes(),
              state.rotations()),
          Sources::together);
    }
    return List.copyOf(statuses.values());
  }

  /** A line for each source that is not up, with the reason. */
  List<String> down() {
    List<String> down = new ArrayList<>();
    for (Named named : sources) {
      RecordSource.SourceState state = named.source().state();
      if (!state.up()) {
        down.add("source " + named.name() + ": " + state.path() + ": " + state.reason());
      }
    }
    return down;
  }

  /** Stops all and waits until their checkpoints are kept, for four seconds at most. */
  @Override
  public void close() {
    sources.forEach(named -> named.source().close());
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(STOP_MILLIS);
    try {
      for (Thread thread : threads) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        thread.join(Math.max(1, left));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static SourceStatus together(SourceStatus a, SourceStatus b) {
    return new SourceStatus(
        a.name(),
        a.path() + ", " + b.path(),
        a.up() && b.up(),
        a.problem() == null ? b.problem() : a.problem(),
        a.lagBytes() + b.lagBytes(),
        a.rotations() + b.rotations());
  }
}
