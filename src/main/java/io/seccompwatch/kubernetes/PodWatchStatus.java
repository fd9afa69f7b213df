package io.seccompwatch.kubernetes;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the reading of this node's pods is doing. Immutable.
 *
 * @param state what it is doing
 * @param since since when
 * @param server the API server's address
 * @param lastError what failed last, also when all is well again; null when nothing ever did
 * @param lastErrorAt when that was; null when nothing ever did
 * @param lists complete lists that were read
 * @param watches watches that were begun
 * @param events pods that watches told of
 * @param failures lists and watches that failed
 * @param skipped what the server sent and was not used, by reason; every reason is there
 */
public record PodWatchStatus(
    State state,
    Instant since,
    String server,
    @Nullable String lastError,
    @Nullable Instant lastErrorAt,
    long lists,
    long watches,
    long events,
    long failures,
    Map<SkipReason, Long> skipped) {

  /** What the reading of pods is doing; a closed set, used as a label. */
  public enum State {
    /** The first list is being read. */
    CONNECTING("connecting"),
    /** The list is complete and kept. */
    SYNCED("synced"),
    /** The server cannot be reached or does not answer as it should; it is tried again. */
    UNAVAILABLE("unavailable"),
    /** The server does not know the agent: 401. */
    UNAUTHORIZED("unauthorized"),
    /** The agent may not list pods: 403. */
    FORBIDDEN("forbidden"),
    /** The agent has been told to stop. */
    STOPPED("stopped");

    private final String label;

    State(String label) {
      this.label = label;
    }

    /** The name that users see. */
    public String label() {
      return label;
    }
  }

  /** Copies the counts. */
  public PodWatchStatus {
    skipped = Map.copyOf(skipped);
  }
}
