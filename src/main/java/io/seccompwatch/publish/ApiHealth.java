package io.seccompwatch.publish;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How the API server is doing, and what follows from it: when to ask again, and what not to ask
 * for. The times are milliseconds of a clock that only runs forward. Not thread-safe.
 */
final class ApiHealth {

  /** What an agent may do to Events in a namespace. */
  enum Verb {
    CREATE,
    PATCH;

    final String text = name().toLowerCase(Locale.ROOT);
  }

  /** The first and the longest pause after a request that failed. */
  static final long FIRST_PAUSE_MILLIS = 1_000;

  static final long LONGEST_PAUSE_MILLIS = 60_000;

  /** The longest pause that the API server can ask for. */
  static final long LONGEST_ASKED_MILLIS = 300_000;

  /** How long until something forbidden is tried again: somebody may have mended the RBAC. */
  static final long FORBIDDEN_MILLIS = 600_000;

  /**
   * How often in a row something is forbidden before that is believed: an API server that has just
   * started forbids everything until it has read its rules, for a second or so (seen in 1.36).
   */
  static final int BELIEVED_AFTER = 4;

  /** How long it is known that something was forbidden that nobody has asked for since. */
  private static final long FORBIDDEN_KNOWN_MILLIS = 6 * FORBIDDEN_MILLIS;

  /** How many requests in a row fail before it is a problem: one that fails is none. */
  static final int TOLD_AFTER = 3;

  /** How many namespaces are remembered; a node has at most as many as pods. */
  static final int MAX_FORBIDDEN = 1_024;

  private record Permission(Verb verb, String namespace) {}

  private record Refusal(long at, String problem, int times) {

    private boolean isBelieved() {
      return times >= BELIEVED_AFTER;
    }
  }

  private final RandomGenerator random;
  private final Map<Permission, Refusal> forbidden =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Permission, Refusal> eldest) {
          return size() > MAX_FORBIDDEN;
        }
      };
  private long pausedUntil = Long.MIN_VALUE;
  private int failures;
  private @Nullable String outage;
  private @Nullable String refused;

  ApiHealth(RandomGenerator random) {
    this.random = random;
  }

  /** How long nothing is to be asked for; 0 when something may. */
  long pausedFor(long now) {
    return pausedUntil <= now ? 0 : pausedUntil - now;
  }

  /** The API server has answered. */
  void answered() {
    failures = 0;
    outage = null;
  }

  /** It has done as asked. */
  void done(Verb verb, String namespace) {
    answered();
    refused = null;
    forbidden.remove(new Permission(verb, namespace));
  }

  /** It has not, and will not: the Event is at fault. */
  void invalid(String message) {
    answered();
    refused = "the API server refuses an Event: " + EventText.message(message);
  }

  /** It asks for a pause, or is not there: nothing is asked for in the meantime. */
  void unavailable(String reason, @Nullable Duration retryAfter, long now) {
    long asked =
        retryAfter == null
            ? 0
            : Math.clamp(retryAfter.toSeconds(), 0, LONGEST_ASKED_MILLIS / 1_000) * 1_000;
    pausedUntil = now + Math.max(asked, pause(failures));
    failures++;
    // The first reason stays for as long as the outage, so that it is said once
    outage = outage == null ? EventText.message(reason) : outage;
  }

  /**
   * It forbids something in a namespace.
   *
   * @return whether that is to be believed; else nothing is asked for in the meantime
   */
  boolean forbid(Verb verb, String namespace, String message, long now) {
    answered();
    Permission permission = new Permission(verb, namespace);
    Refusal known = forbidden.get(permission);
    String problem =
        known != null
            ? known.problem()
            : "the API server forbids to "
                + verb.text
                + " Events in namespace "
                + EventText.message(namespace)
                + ": give the agent's account create and patch on events in events.k8s.io: "
                + EventText.message(message);
    Refusal refusal = new Refusal(now, problem, known == null ? 1 : known.times() + 1);
    forbidden.put(permission, refusal);
    if (!refusal.isBelieved()) {
      pausedUntil = now + pause(refusal.times() - 1);
    }
    return refusal.isBelieved();
  }

  /** For how long something is not to be asked for in a namespace; 0 when it may. */
  long forbiddenFor(Verb verb, String namespace, long now) {
    Refusal refusal = forbidden.get(new Permission(verb, namespace));
    return refusal == null || !refusal.isBelieved()
        ? 0
        : Math.max(0, refusal.at() + FORBIDDEN_MILLIS - now);
  }

  /** What is wrong; null when nothing is. The same text for as long as the same is wrong. */
  @Nullable String problem(long now) {
    Iterator<Refusal> refusals = forbidden.values().iterator();
    while (refusals.hasNext()) {
      Refusal refusal = refusals.next();
      if (now - refusal.at() >= FORBIDDEN_KNOWN_MILLIS) {
        refusals.remove();
      } else if (refusal.isBelieved()) {
        return refusal.problem();
      }
    }
    return failures >= TOLD_AFTER ? outage : refused;
  }

  /** How long to wait after so many failures in a row: doubled each time, and half of it random. */
  long pause(int failuresBefore) {
    long longest =
        Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failuresBefore, 16));
    return longest / 2 + random.nextLong(longest / 2 + 1);
  }
}
