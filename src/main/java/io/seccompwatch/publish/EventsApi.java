package io.seccompwatch.publish;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The part of the API server that takes Events, {@code events.k8s.io/v1}. A call waits for the
 * answer, for a bounded time, and tries nothing again. Thread-safe.
 */
public interface EventsApi {

  /**
   * An Event of type Warning about a pod, as it is to be created. Also for a call that was only
   * logged: it is what a profile that blocks would break, and {@code Normal} Events are those that
   * people filter out.
   *
   * @param name a DNS-1123 subdomain
   * @param eventTime when what it tells of happened first
   * @param reportingInstance which agent reports it, at most 128 bytes
   * @param action what was done, at most 128 bytes
   * @param reason why it is told, at most 128 bytes
   * @param regarding the pod; the Event lives in its namespace
   * @param note the text for people, at most 1,024 bytes of UTF-8
   * @param series how often it has happened; null for once
   */
  record NewEvent(
      String name,
      Instant eventTime,
      String reportingInstance,
      String action,
      String reason,
      Pod regarding,
      String note,
      @Nullable Series series) {}

  /**
   * A pod, or a container of it.
   *
   * @param uid as the kubelet knows it, also for a static pod: that is how the kubelet's own Events
   *     name it, and how {@code kubectl describe} looks for them
   * @param fieldPath {@code spec.containers{app}} say; null for the pod itself
   */
  record Pod(String namespace, String name, String uid, @Nullable String fieldPath) {}

  /**
   * The repeats of an Event, its first occurrence counted too; all that may change in it later.
   *
   * @param count at least 2
   */
  record Series(int count, Instant lastObserved) {}

  /** What the API server answered. */
  sealed interface Result {}

  /** It is done. */
  record Done() implements Result {}

  /** There is an Event of this name. */
  record AlreadyExists() implements Result {}

  /** There is no such Event or no such namespace. */
  record NotFound() implements Result {}

  /**
   * The agent may not do this: RBAC, a quota or a policy.
   *
   * @param message the API server's words, unfiltered
   */
  record Forbidden(String message) implements Result {}

  /** The namespace is being deleted, and takes nothing new. */
  record NamespaceTerminating() implements Result {}

  /**
   * The API server will never take this.
   *
   * @param message the API server's words, unfiltered
   */
  record Invalid(String message) implements Result {}

  /**
   * Not done: the API server asks for fewer requests.
   *
   * @param retryAfter how long it asks to wait; null when it does not say
   */
  record Throttled(@Nullable Duration retryAfter) implements Result {}

  /**
   * No answer, or none that says what became of the request: it may have been done all the same.
   *
   * @param reason unfiltered
   * @param retryAfter how long it asks to wait; null when it does not say
   */
  record Unavailable(String reason, @Nullable Duration retryAfter) implements Result {}

  /**
   * Creates an Event.
   *
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  Result create(NewEvent event) throws InterruptedException;

  /**
   * Changes the series of an Event.
   *
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  Result patch(String namespace, String name, Series series) throws InterruptedException;
}
