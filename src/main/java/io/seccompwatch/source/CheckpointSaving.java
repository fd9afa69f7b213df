package io.seccompwatch.source;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Saves a source's checkpoints aside from the thread that reads: the latest one wins, and none is
 * saved after the last. Thread-safe.
 */
final class CheckpointSaving {

  private final CheckpointStore store;
  private final String source;
  private final Executor executor;
  private final Object writing = new Object();

  private volatile @Nullable Checkpoint pending;
  private volatile @Nullable String warning;
  private boolean over;

  CheckpointSaving(CheckpointStore store, String source, Executor executor) {
    this.store = store;
    this.source = source;
    this.executor = executor;
  }

  /** Saves a checkpoint soon, unless a later one comes before. */
  void later(Checkpoint checkpoint) {
    pending = checkpoint;
    try {
      executor.execute(this::savePending);
    } catch (RejectedExecutionException e) {
      savePending(); // the executor was shut down first
    }
  }

  /** Saves the last checkpoint at once, after any that is being saved; null saves what waits. */
  void last(@Nullable Checkpoint checkpoint) {
    synchronized (writing) {
      Checkpoint latest = checkpoint == null ? pending : checkpoint;
      pending = null;
      if (latest != null && !over) {
        warning = store.save(source, latest);
      }
      over = true;
    }
  }

  /** Why the latest could not be saved; null when it could. */
  @Nullable String warning() {
    return warning;
  }

  private void savePending() {
    synchronized (writing) {
      Checkpoint latest = pending;
      pending = null;
      if (latest != null && !over) {
        warning = store.save(source, latest);
      }
    }
  }
}
