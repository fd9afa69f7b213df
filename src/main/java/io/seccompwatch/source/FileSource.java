package io.seccompwatch.source;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

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
}
