package io.seccompwatch.publish;

import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.ApiHealth.Verb;
import io.seccompwatch.publish.EventsApi.NewEvent;
import io.seccompwatch.publish.EventsApi.Result;
import io.seccompwatch.publish.EventsApi.Series;
import io.seccompwatch.violation.Violation;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes few Events of many violations, and keeps their account: at any moment accepted = published
 * + aggregated + suppressed + failed + waiting. It says what is to be sent and takes the answer; it
 * sends nothing and never waits. The times are milliseconds of a clock that only runs forward. Not
 * thread-safe.
 *
 * <p>A violation whose series has an Event is aggregated as soon as it is counted there; the API
 * server is told of the count at growing intervals. One that comes before its Event is created
 * waits with it, and is aggregated or has failed when that is settled. What is aggregated stays so:
 * when the last count cannot be told, the Event is there and tells of fewer.
 */
final class EventCorrelator {

  /** How many series are remembered: a full node's pods with their bursts, in about 1.6 MiB. */
  static final int MAX_SERIES = 2_048;

  /** How many of them may wait for their Event to be created. */
  static final int MAX_WAITING = 1_000;

  /** How many names are tried when others have taken them. */
  private static final int MAX_NAMES = 3;

  /** What the writer is to do next. */
  sealed interface Step {}

  /** Nothing, for so long. */
  record Wait(long millis) implements Step {}

  /** To create an Event. */
  record Create(EventSeries series, NewEvent event) implements Step {}

  /** To tell how often. */
  record Update(EventSeries series, Series counted) implements Step {}

  private final String instance;
  private final EventNames names;
  private final ApiHealth health;
  private final EventBudget budget;
  private final Map<EventSeries.Key, EventSeries> all = new LinkedHashMap<>(64, 0.75f, true);
  private final EventTally tally = new EventTally();
  private long drawn;

  EventCorrelator(String instance, EventNames names, ApiHealth health, EventBudget budget) {
    this.instance = instance;
    this.names = names;
    this.health = health;
    this.budget = budget;
  }

  /**
   * Takes a violation whose pod is known.
   *
   * @param time when it happened
   * @return when something is to be sent because of it; {@link Long#MAX_VALUE} when nothing is, or
   *     nothing that was not to be sent before
   */
  long accept(Violation violation, Workload workload, String podUid, Instant time, long now) {
    tally.accepted++;
    EventSeries.Key key = EventSeries.Key.of(violation, podUid, workload);
    EventSeries series = all.get(key);
    if (series == null) {
      return admit(key, violation, workload, time, now);
    }
    boolean first = series.told == series.count;
    series.repeat(time, now);
    if (series.live) {
      tally.aggregated++;
      return first ? updateAt(series, now, false) : Long.MAX_VALUE;
    }
    series.waiting++;
    tally.waiting++;
    return Long.MAX_VALUE;
  }

  private long admit(
      EventSeries.Key key, Violation violation, Workload workload, Instant time, long now) {
    if (health.forbiddenFor(Verb.CREATE, workload.namespace(), now) > 0) {
      tally.failed++;
      return Long.MAX_VALUE;
    }
    if (tally.toCreate >= MAX_WAITING || !budget.takeNew(key.podUid(), violation.denied(), now)) {
      tally.suppressed++;
      return Long.MAX_VALUE;
    }
    if (all.size() >= MAX_SERIES) {
      forgetEldest();
    }
    String name = names.name(workload.pod(), String.valueOf(drawn++));
    all.put(key, new EventSeries(key, violation, workload, time, now, name));
    tally.waiting++;
    tally.toCreate++;
    return now;
  }

  /** Fewer may wait than are remembered, so that there always is one that does not. */
  private void forgetEldest() {
    for (Iterator<EventSeries> i = all.values().iterator(); i.hasNext(); ) {
      if (i.next().live) {
        i.remove();
        return;
      }
    }
  }

  /**
   * What to do next; when it is to send something, {@link #answer} must follow.
   *
   * @param closing whether this is the last chance to tell of repeats
   */
  Step next(long now, boolean closing) {
    settleOld(now);
    long paused = health.pausedFor(now);
    EventSeries create = null;
    EventSeries update = null;
    long earliest = now + EventSeries.IDLE_MILLIS;
    for (EventSeries series : all.values()) {
      long at = series.live ? updateAt(series, now, closing) : series.notBefore;
      earliest = Math.min(earliest, series.settledAt());
      if (at > now) {
        earliest = Math.min(earliest, at);
      } else if (series.live) {
        update = update == null || series.toldAt < update.toldAt ? series : update;
      } else {
        create = create == null || series.notBefore < create.notBefore ? series : create;
      }
    }
    if (paused > 0) {
      return new Wait(Math.min(paused, earliest - now));
    }
    if (create != null) {
      return new Create(create, create.event(instance));
    }
    if (update != null && budget.takeUpdate(now)) {
      return new Update(update, update.series());
    }
    long untilToken = update == null ? Long.MAX_VALUE : EventBudget.NODE_REFILL_MILLIS;
    return new Wait(Math.min(untilToken, earliest - now));
  }

  /** Gives up what has waited too long, and forgets the series that are over. */
  private void settleOld(long now) {
    for (EventSeries series : List.copyOf(all.values())) {
      if (series.settledAt() <= now) {
        if (series.live) {
          all.remove(series.key);
        } else {
          fail(series);
        }
      }
    }
  }

  /** When the API server is to be told of repeats; never when there are none. */
  private long updateAt(EventSeries series, long now, boolean closing) {
    if (series.told == series.count) {
      return Long.MAX_VALUE;
    }
    long wanted = closing ? now : series.updateWantedAt();
    long forbidden = health.forbiddenFor(Verb.PATCH, series.pod.namespace(), now);
    long at = Math.max(wanted, series.notBefore);
    return forbidden == 0 ? at : Math.max(at, now + forbidden);
  }

  /** Takes the answer to a step. */
  void answer(Step step, Result result, long now) {
    switch (step) {
      case Wait wait -> throw new IllegalArgumentException("nothing was asked");
      case Create create -> created(create.series(), create.event(), result, now);
      case Update update -> updated(update.series(), update.counted(), result, now);
    }
  }

  private void created(EventSeries series, NewEvent event, Result result, long now) {
    switch (result) {
      case EventsApi.Done done -> {
        health.done(Verb.CREATE, series.pod.namespace());
        Series told = event.series();
        live(series, told == null ? 1 : told.count(), now);
      }
      case EventsApi.AlreadyExists exists -> nameTaken(series, now);
      case EventsApi.NotFound gone -> giveUp(series);
      case EventsApi.NamespaceTerminating gone -> giveUp(series);
      case EventsApi.Forbidden forbidden -> {
        String namespace = series.pod.namespace();
        if (health.forbid(Verb.CREATE, namespace, forbidden.message(), now)) {
          failAllIn(namespace);
        }
      }
      case EventsApi.Invalid invalid -> {
        health.invalid(invalid.message());
        fail(series);
      }
      case EventsApi.Throttled throttled ->
          health.unavailable("429: too many requests", throttled.retryAfter(), now);
      case EventsApi.Unavailable unavailable -> {
        series.maybeCreated = true;
        postpone(series, unavailable, now);
      }
    }
  }

  /**
   * After a request without an answer, the Event of that name is the series' own: the name holds a
   * number that only this agent knows. Which count it was created with is not known.
   */
  private void nameTaken(EventSeries series, long now) {
    health.answered();
    if (series.maybeCreated) {
      live(series, 1, now);
    } else if (series.names < MAX_NAMES - 1) {
      series.names++;
      rename(series);
    } else {
      fail(series);
    }
  }

  private void rename(EventSeries series) {
    series.name = names.name(series.pod.name(), String.valueOf(drawn++));
    series.maybeCreated = false;
  }

  private void live(EventSeries series, long told, long now) {
    long repeats = series.waiting;
    if (!series.counted) {
      tally.published++;
      repeats--;
    }
    tally.aggregated += repeats;
    tally.waiting -= series.waiting;
    tally.toCreate--;
    series.created(told, now);
  }

  private void updated(EventSeries series, Series counted, Result result, long now) {
    switch (result) {
      case EventsApi.Done done -> {
        health.done(Verb.PATCH, series.pod.namespace());
        series.updated(counted, now);
      }
      case EventsApi.NotFound gone -> createAgain(series, now);
      case EventsApi.NamespaceTerminating gone -> {
        health.answered();
        all.remove(series.key, series);
      }
      case EventsApi.Forbidden forbidden ->
          health.forbid(Verb.PATCH, series.pod.namespace(), forbidden.message(), now);
      case EventsApi.Invalid invalid -> {
        health.invalid(invalid.message());
        series.updated(counted, now);
      }
      case EventsApi.AlreadyExists conflict ->
          postpone(series, new EventsApi.Unavailable("409: conflict", null), now);
      case EventsApi.Throttled throttled ->
          health.unavailable("429: too many requests", throttled.retryAfter(), now);
      case EventsApi.Unavailable unavailable -> postpone(series, unavailable, now);
    }
  }

  /** Somebody has deleted the Event, or it has expired: the count needs another. */
  private void createAgain(EventSeries series, long now) {
    health.answered();
    if (all.get(series.key) != series || tally.toCreate >= MAX_WAITING) {
      all.remove(series.key, series);
      return;
    }
    rename(series);
    series.live = false;
    series.wantedSince = now;
    series.notBefore = now;
    tally.toCreate++;
  }

  private void postpone(EventSeries series, EventsApi.Unavailable unavailable, long now) {
    health.unavailable(unavailable.reason(), unavailable.retryAfter(), now);
    series.notBefore = now + health.pause(series.attempts);
    series.attempts++;
  }

  /** What has become of all violations. */
  EventTally tally() {
    return tally;
  }

  int series() {
    return all.size();
  }

  private void giveUp(EventSeries series) {
    health.answered();
    fail(series);
  }

  private void failAllIn(String namespace) {
    for (EventSeries series : List.copyOf(all.values())) {
      if (!series.live && series.pod.namespace().equals(namespace)) {
        fail(series);
      }
    }
  }

  private void fail(EventSeries series) {
    tally.failed += series.waiting;
    tally.waiting -= series.waiting;
    tally.toCreate--;
    series.waiting = 0;
    all.remove(series.key, series);
  }
}
