package io.seccompwatch.source;

import io.seccompwatch.source.FileFollower.FollowerLimits;
import io.seccompwatch.source.FileFollower.FollowerState;
import io.seccompwatch.source.RecordSource.StartAt;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A log file, followed through its rotations. */
public final class FileSource implements RecordSource {

  private final FileFollower follower;
  private final FollowerLoop loop;

  /** Waits for the disk in the reader's place. */
  private final ExecutorService saver =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("checkpoints").factory());

  /**
   * A source over a file that need not exist yet.
   *
   * @param file what to follow
   * @param startAt where to begin
   * @param checkpoints keeps how far it came, under {@code checkpointName}
   * @param sink takes the lines
   * @param clock the wall clock of the machine that stamps the files
   */
  public FileSource(
      Path file,
      StartAt startAt,
      CheckpointStore checkpoints,
      String checkpointName,
      LineSink sink,
      InstantSource clock) {
    this.follower =
        new FileFollower(
            file,
            startAt,
            checkpoints,
            checkpointName,
            sink,
            clock,
            System::nanoTime,
            FollowerLimits.defaults(),
            saver);
    this.loop = new FollowerLoop(follower, file);
  }

  @Override
  public void run() {
    try {
      loop.run();
    } finally {
      saver.shutdown();
    }
  }

  @Override
  public SourceState state() {
    FollowerState state = follower.state();
    return new SourceState(
        state.path().toString(),
        state.up(),
        state.reason(),
        state.warning(),
        state.lagBytes(),
        state.rotations());
  }

  @Override
  public void close() {
    loop.close();
  }

  /**
   * Polls a follower whenever its directory changes, and at a steady pace besides. The watch only
   * shortens the wait: where it is denied or its queue overflows, the pace still reads everything.
   *
   * <p>{@link #run} is the body of the source's thread and closes the follower at its end; {@link
   * #close} or an interrupt from any thread ends it.
   */
  public static final class FollowerLoop implements Runnable, AutoCloseable {

    /** The pace where there is no watch; also the longest a change can stay unseen there. */
    private static final Duration PACE = Duration.ofMillis(250);

    /** The pace while the directory is watched: a net for what the watch may miss. */
    private static final Duration WATCHED_PACE = Duration.ofSeconds(1);

    /** The least time between two polls: a storm of small writes is read in larger pieces. */
    private static final long REST_NANOS = 1_000_000;

    /** Rounds of {@link #PACE} until a watch that could not be had is tried again. */
    private static final int ROUNDS_TO_RETRY = 20;

    private final FileFollower follower;
    private final Path file;
    private volatile boolean closed;
    private volatile @Nullable WatchService watch;

    private @Nullable WatchKey key;
    private @Nullable Path watched;
    private int roundsToRetry;

    /** True if the last wait ended without a change: time to check whether a link was turned. */
    private boolean idle = true;

    /**
     * A loop.
     *
     * @param follower is polled by this loop only
     * @param file the path it follows
     */
    public FollowerLoop(FileFollower follower, Path file) {
      this.follower = follower;
      this.file = file;
    }

    @Override
    public void run() {
      try (follower;
          WatchService service = newWatchService()) {
        watch = service;
        while (!closed && !Thread.currentThread().isInterrupted()) {
          boolean more = follower.poll();
          if (!more) {
            register(service);
            await(service);
          }
        }
      } catch (IOException e) {
        // Only closing the watch can fail, and then it is over anyway.
      } catch (ClosedWatchServiceException e) {
        // close() was called while this thread waited.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Ends the loop soon; does not wait for it. */
    @Override
    public void close() {
      closed = true;
      WatchService service = watch;
      if (service != null) {
        try {
          service.close();
        } catch (IOException e) {
          // The loop sees the flag at its next round.
        }
      }
    }

    private @Nullable WatchService newWatchService() {
      try {
        return file.getFileSystem().newWatchService();
      } catch (IOException e) {
        return null; // no inotify instance left on the node: the pace must do
      }
    }

    private void await(@Nullable WatchService service) throws InterruptedException {
      if (service == null || key == null) {
        TimeUnit.NANOSECONDS.sleep(PACE.toNanos());
        return;
      }
      long start = System.nanoTime();
      WatchKey signalled = service.poll(WATCHED_PACE.toMillis(), TimeUnit.MILLISECONDS);
      idle = signalled == null;
      if (signalled != null) {
        long rest = REST_NANOS - (System.nanoTime() - start);
        if (rest > 0) {
          LockSupport.parkNanos(rest);
        }
        signalled.pollEvents();
        if (!signalled.reset()) {
          key = null; // the directory is gone
        }
      }
    }

    /** Watches the directory that the path leads to now; a link may have been turned elsewhere. */
    private void register(@Nullable WatchService service) {
      boolean watching = key != null && !idle;
      if (service == null || watching || (key == null && roundsToRetry-- > 0)) {
        return;
      }
      try {
        Path directory = file.toRealPath().getParent();
        if (directory != null && (key == null || !directory.equals(watched))) {
          if (key != null) {
            key.cancel();
          }
          key =
              directory.register(
                  service,
                  StandardWatchEventKinds.ENTRY_CREATE,
                  StandardWatchEventKinds.ENTRY_MODIFY,
                  StandardWatchEventKinds.ENTRY_DELETE);
          watched = directory;
        }
        roundsToRetry = 0;
      } catch (IOException e) {
        roundsToRetry = ROUNDS_TO_RETRY; // missing or denied: the pace reads on
      }
    }
  }
}
