package io.seccompwatch.publish;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * Takes Events as it is told to, and remembers what it was asked; that may be read by another
 * thread than asks.
 */
final class FakeEventsApi implements EventsApi {

  /** What it was asked to change. */
  record Patch(String namespace, String name, Series series) {}

  final List<NewEvent> creates = Collections.synchronizedList(new ArrayList<>());
  final List<Patch> patches = Collections.synchronizedList(new ArrayList<>());

  /** Answers to the next requests. */
  final Deque<Result> next = new ArrayDeque<>();

  /** The answer to all that come after those. */
  Result usual = new Done();

  @Override
  public Result create(NewEvent event) {
    creates.add(event);
    return answer();
  }

  @Override
  public Result patch(String namespace, String name, Series series) {
    patches.add(new Patch(namespace, name, series));
    return answer();
  }

  int requests() {
    return creates.size() + patches.size();
  }

  private Result answer() {
    Result scripted = next.poll();
    return scripted == null ? usual : scripted;
  }
}
