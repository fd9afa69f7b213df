package io.seccompwatch.publish;

import io.seccompwatch.attribution.Workload;
import io.seccompwatch.publish.EventsApi.NewEvent;
import io.seccompwatch.publish.EventsApi.Pod;
import io.seccompwatch.publish.EventsApi.Series;
import io.seccompwatch.record.SeccompAction;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is told by one Event, its repeats included. The times in milliseconds are those of a clock
 * that only runs forward. Not thread-safe.
 */
final class EventSeries {

  /** What tells one Event from another. */
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

  /** How long a series is quiet before it ends; what comes then is a new Event, as in client-go. */
  static final long IDLE_MILLIS = 360_000;

  /** How long the creation of an Event is tried. */
  static final long GIVE_UP_MILLIS = 600_000;

  /**
   * When repeats are told first, and at most how far apart: the interval doubles each time, so that
   * a pod just looked at shows about how often, and a storm of days costs two requests an hour, as
   * client-go's recorder does (and often enough to renew the hour that Events are kept).
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

  /** How many names it has had. */
  int names;

  /** How often in a row the API server has not done it. */
  int attempts;

  /** How many violations it stands for, and how many of these the API server was told of. */
  long count = 1;

  long told;

  /** How many violations wait for it to become an Event. */
  long waiting = 1;

  /** Whether there is an Event of {@link #name}, as far as is known. */
  boolean live;

  /** Whether it was one before. */
  boolean counted;

  /** Whether a request to create it has got no answer: it may be there. */
  boolean maybeCreated;

  EventSeries(
      Key key, Violation violation, Workload workload, Instant time, long now, String name) {
    this.key = key;
    this.pod =
        new Pod(workload.namespace(), workload.pod(), key.podUid(), EventText.fieldPath(workload));
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
