package io.seccompwatch.source;

import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.KmsgReader.KmsgStart;
import io.seccompwatch.source.KmsgReader.KmsgState;
import io.seccompwatch.source.RecordSource.StartAt;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's log ring, with a checkpoint of its own (boot and sequence number) and a new attempt
 * every second while it cannot be read.
 */
public final class KmsgSource implements RecordSource {

  private static final long CHECKPOINT_EVERY_MILLIS = 3_000;
  private static final long RETRY_MILLIS = 1_000;

  private final Path device;
  private final KmsgReader reader;
  private final KmsgCheckpoints checkpoints;
  private final String bootId;
  private final InstantSource clock;
  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile @Nullable String warning;
  private long savedAtMillis;
  private long savedSequence;

  /**
   * A source over the ring.
   *
   * @param device usually {@code /dev/kmsg}
   * @param startAt where to begin; {@link StartAt#CHECKPOINT} without one is the ring's end
   * @param stateDirectory keeps how far it came
   * @param usedBefore whether an agent has run with that directory: without a checkpoint the source
   *     then begins with the oldest record
   * @param bootId the running boot's id
   * @param sink takes the records' lines
   */
  public KmsgSource(
      Path device,
      StartAt startAt,
      Path stateDirectory,
      boolean usedBefore,
      String bootId,
      LineSink sink,
      InstantSource clock) {
    this.device = device;
    this.bootId = bootId;
    this.clock = clock;
    this.checkpoints = new KmsgCheckpoints(stateDirectory);
    KmsgCheckpoints.Loaded loaded =
        switch (startAt) {
          case END -> new KmsgCheckpoints.Loaded(new KmsgStart.End(), null);
          case BEGINNING -> new KmsgCheckpoints.Loaded(new KmsgStart.Beginning(), null);
          case CHECKPOINT -> checkpoints.load(usedBefore);
        };
    this.warning = loaded.warning();
    this.reader = new KmsgReader(device, loaded.start(), bootId, new Checkpointing(sink));
    this.savedSequence = reader.lastSequence();
  }

  @Override
  public void run() {
    try {
      do {
        reader.run();
      } while (!closing.await(RETRY_MILLIS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      checkpoint();
    }
  }

  @Override
  public SourceState state() {
    KmsgState state = reader.state();
    return new SourceState(device.toString(), state.up(), state.reason(), warning, 0, 0);
  }

  @Override
  public void close() {
    closing.countDown();
    reader.close();
  }

  private void checkpoint() {
    long sequence = reader.lastSequence();
    if (sequence != savedSequence) {
      warning = checkpoints.save(new KmsgStart.After(sequence, bootId));
      savedSequence = sequence;
      savedAtMillis = clock.millis();
    }
  }

  /** Keeps a checkpoint of what was dealt with before the line at hand, now and then. */
  private final class Checkpointing implements LineSink {
    private final LineSink sink;

    Checkpointing(LineSink sink) {
      this.sink = sink;
    }

    @Override
    public void line(byte[] buffer, int from, int to) {
      sink.line(buffer, from, to);
      if (clock.millis() - savedAtMillis >= CHECKPOINT_EVERY_MILLIS) {
        checkpoint();
      }
    }

    @Override
    public void lineTooLong(long bytes) {
      sink.lineTooLong(bytes);
    }

    @Override
    public void idle() {
      sink.idle();
    }

    @Override
    public void lost(LossReason reason, long count) {
      sink.lost(reason, count);
    }

    @Override
    public void rotated() {
      sink.rotated();
    }
  }
}
