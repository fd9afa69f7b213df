package io.seccompwatch.publish;

import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.ApiHealth.Verb;
import io.seccompwatch.publish.EventText.EventNames;
import io.seccompwatch.publish.EventsApi.NewEvent;
import io.seccompwatch.publish.EventsApi.Pod;
import io.seccompwatch.publish.EventsApi.Result;
import io.seccompwatch.publish.EventsApi.Series;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

  /**
   * Violations of one Event, its repeats included. The times in milliseconds are those of a clock
   * that only runs forward. Not thread-safe.
   */
  static final class EventSeries {

    /** Key by which Events differ. */
    record Key(
        String podUid,
        @Nullable String container,
        @Nullable String arch,
        long syscall,
        SeccompAction action) {

      /** The key of a violation whose pod is known. */
      static Key of(Violation violation, String podUid, Workload workload) {
        return new Key(
            podUid,
            workload.container(),
            ViolationJson.archText(violation.record()),
            violation.record().syscall(),
            violation.record().action());
      }
    }

    /** Quiet time after which a series ends; the next violation is a new Event, as in client-go. */
    static final long IDLE_MILLIS = 360_000;

    /** Time for which the creation of an Event is tried. */
    static final long GIVE_UP_MILLIS = 600_000;

    /**
     * When repeats are told first, and at most how far apart: the interval doubles each time, so
     * that a pod just looked at shows about how often, and a storm of days costs two requests an
     * hour, as client-go's recorder does (and often enough to renew the hour that Events are kept).
     */
    static final long FIRST_UPDATE_MILLIS = 5_000;

    static final long LONGEST_UPDATE_MILLIS = 1_800_000;

    final Key key;
    final Pod pod;
    final String reason;
    final String note;
    final Instant eventTime;

    /** When the Event was asked for, or asked for again. */
    long wantedSince;

    /** When the last violation came. */
    long lastCame;

    /** Not to be sent before this. */
    long notBefore;

    /** When the count was last told, and how long to wait until it is told again. */
    long toldAt;

    long interval;
    Instant lastObserved;
    String name;

    /** Number of names that the series has had. */
    int names;

    /** Failed requests in a row. */
    int attempts;

    /** Violations of the series, and the part of them that the API server has acknowledged. */
    long count = 1;

    long told;

    /** Violations that wait for the Event's creation. */
    long waiting = 1;

    /** True if an Event of {@link #name} is known to be there. */
    boolean live;

    /** True if the series had an Event before. */
    boolean counted;

    /** True if a request to create the Event got no answer: the Event may be there. */
    boolean maybeCreated;

    EventSeries(
        Key key, Violation violation, Workload workload, Instant time, long now, String name) {
      this.key = key;
      this.pod =
          new Pod(
              workload.namespace(), workload.pod(), key.podUid(), EventText.fieldPath(workload));
      this.reason = violation.denied() ? "SeccompDenied" : "SeccompLogged";
      this.note = EventText.note(violation, workload);
      this.eventTime = time;
      this.lastObserved = time;
      this.wantedSince = now;
      this.lastCame = now;
      this.notBefore = now;
      this.name = name;
    }

    /** Counts one more violation. */
    void repeat(Instant time, long now) {
      count++;
      lastCame = now;
      if (time.isAfter(lastObserved)) {
        lastObserved = time;
      }
    }

    /** The Event to create. */
    NewEvent event(String instance) {
      return new NewEvent(
          name, eventTime, instance, "Syscall", reason, pod, note, count > 1 ? series() : null);
    }

    /** The repeats as they are to be told. */
    Series series() {
      return new Series((int) Math.min(Integer.MAX_VALUE, count), lastObserved);
    }

    /** There is an Event, which tells of so many violations. */
    void created(long told, long now) {
      counted = true;
      live = true;
      waiting = 0;
      attempts = 0;
      notBefore = now;
      this.told = told;
      toldAt = now;
      interval = Math.max(interval, FIRST_UPDATE_MILLIS);
    }

    /** The Event tells of so many violations. */
    void updated(Series series, long now) {
      // What the field cannot hold is not told again and again
      told = count > Integer.MAX_VALUE ? count : series.count();
      toldAt = now;
      attempts = 0;
      interval = Math.min(LONGEST_UPDATE_MILLIS, interval * 2);
    }

    /** When its repeats should be told: after the interval, or when it is over. */
    long updateWantedAt() {
      return Math.min(toldAt + interval, lastCame + IDLE_MILLIS);
    }

    /** When nothing more is to be done about it. */
    long settledAt() {
      if (!live) {
        return wantedSince + GIVE_UP_MILLIS;
      }
      long quiet = lastCame + IDLE_MILLIS;
      return told == count ? quiet : quiet + GIVE_UP_MILLIS;
    }
  }

  /** The account of {@link EventCorrelator}. Not thread-safe. */
  static final class EventTally {

    /** All that were taken: the sum of the five that follow. */
    long accepted;

    long published;
    long aggregated;
    long suppressed;
    long failed;

    /** Violations that wait for their Event to be created. */
    long waiting;

    /** Events that wait to be created; part of no sum. */
    int toCreate;

    /** Returns the number of violations by result. */
    Map<String, Long> results() {
      Map<String, Long> results = new LinkedHashMap<>();
      results.put("published", published);
      results.put("aggregated", aggregated);
      results.put("suppressed", suppressed);
      results.put("failed", failed);
      return results;
    }
  }
}
