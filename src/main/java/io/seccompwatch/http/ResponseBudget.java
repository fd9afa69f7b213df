package io.seccompwatch.http;

import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Bounds what large answers take of the agent's small heap, however many clients ask and however
 * slowly they read: one is made at a time, and those that are made and not yet written share a
 * number of bytes. Thread-safe.
 */
final class ResponseBudget {

  /**
   * A fifth of the heap that the agent is given (run.options): metrics of a busy node ten times.
   */
  static final int BYTES = 8 << 20;

  /** One is made in tens of milliseconds. */
  private static final long PATIENCE_SECONDS = 5;

  /** Makes an answer. */
  @FunctionalInterface
  interface Making {
    Response make();
  }

  /** Writes an answer to whoever asked, and comes back when it is written. */
  @FunctionalInterface
  interface Writing {
    void write(Response response) throws IOException;
  }

  private final int capacity;
  private final RefusedRequests denials;
  private final Semaphore turn = new Semaphore(1, true);
  private final Semaphore left;

  /**
   * Nothing is being answered yet.
   *
   * @param capacity how many bytes of answers there may be at once; a larger one takes all of them
   * @param denials counts those that there was no room for
   */
  ResponseBudget(int capacity, RefusedRequests denials) {
    this.capacity = capacity;
    this.denials = denials;
    this.left = new Semaphore(capacity);
  }

  /** Makes and writes an answer, or writes that there is no room for it. */
  void answer(Making making, Writing writing) throws IOException {
    Response response = null;
    int taken = 0;
    if (hasTurn()) {
      try {
        Response made = making.make();
        int size = Math.min(made.body().length, capacity);
        if (left.tryAcquire(size)) {
          taken = size;
          response = made;
        }
      } finally {
        turn.release();
      }
    }
    try {
      writing.write(response == null ? noRoom() : response);
    } finally {
      left.release(taken);
    }
  }

  private boolean hasTurn() {
    try {
      return turn.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the agent is being closed
      return false;
    }
  }

  /** The answer to a client that there is no room for; it is counted. */
  Response noRoom() {
    denials.count(RefusedRequests.Reason.TOO_MANY_ANSWERS);
    return Response.text(503, "too many answers are being read\n").with("Retry-After", "5");
  }
}
