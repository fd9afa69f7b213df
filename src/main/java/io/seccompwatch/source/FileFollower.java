package io.seccompwatch.source;

import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.CheckpointStore.CheckpointSaving;
import io.seccompwatch.source.FileAccess.FileIdentity;
import io.seccompwatch.source.RecordSource.StartAt;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Follows a log file through everything that is done to logs: rename and copy-and-truncate
 * rotation, also several between two polls or while the agent was down, compression, deletion and
 * re-creation, links turned elsewhere, lost permissions. It reads by open handle; names only say
 * where to look.
 *
 * <p>Each line is delivered once, the older file first. After a crash the lines since the last
 * checkpoint come again; after {@link #close} none does. What cannot be had: bytes that are written
 * between the copy and the truncation of a copy-and-truncate rotation, and what was written and
 * removed between two polls without leaving a sibling. When bytes are known to be gone unread,
 * {@link LineSink#lost} is told {@link LossReason#ROTATION}; it counts files whose unread rest is
 * gone or may be gone, not lines.
 *
 * <p>A last line without a newline waits. It is delivered as it stands when its file is closed,
 * that is when the file was rotated away, has been quiet for a while and its successor holds data,
 * or when it was truncated and no copy holds more of it.
 *
 * <p>{@link #poll} and {@link #close} belong to one thread; {@link #state} is free.
 */
public final class FileFollower implements AutoCloseable {

  /** How long it is told that a checkpoint was missing: afterwards there is a new one. */
  private static final long LOAD_WARNING_NANOS = 60_000_000_000L;

  private final Path file;
  private final CheckpointSaving saving;
  private final InstantSource clock;
  private final LongSupplier nanos;
  private final FollowerLimits limits;
  private final FollowedFiles files;
  private final LineSink sink;

  private long lastCheckpoint;
  private boolean checkpointWanted = true;
  private final @Nullable String loadWarning;
  private final long loadWarningUntil;
  private @Nullable Instant lastRead;
  private volatile FollowerState state;

  /**
   * A follower of the node's file system; nothing is opened before the first poll.
   *
   * @param file the path to follow; it need not exist
   * @param startAt where to begin
   * @param checkpoints keeps how far it came
   * @param source name under which the checkpoint is kept
   * @param sink takes the lines, on the thread that polls
   * @param clock the wall clock of the machine that stamps the files
   * @param nanos a clock that only runs forward, such as {@code System::nanoTime}
   * @param limits the bounds
   * @param saver runs the saving of checkpoints, which waits for the disk: no line should have to
   *     wait with it. {@code Runnable::run} saves while polling
   */
  public FileFollower(
      Path file,
      StartAt startAt,
      CheckpointStore checkpoints,
      String source,
      LineSink sink,
      InstantSource clock,
      LongSupplier nanos,
      FollowerLimits limits,
      Executor saver) {
    this(
        file, startAt, checkpoints, source, sink, clock, nanos, limits, saver, FileAccess.ofNode());
  }

  FileFollower(
      Path file,
      StartAt startAt,
      CheckpointStore checkpoints,
      String source,
      LineSink sink,
      InstantSource clock,
      LongSupplier nanos,
      FollowerLimits limits,
      Executor saver,
      FileAccess access) {
    this.file = file;
    this.saving = new CheckpointSaving(checkpoints, source, saver);
    this.clock = clock;
    this.nanos = nanos;
    this.limits = limits;
    this.sink = sink;
    this.files = new FollowedFiles(file, startAt, sink, clock, limits, access);
    CheckpointStore.Loaded loaded =
        startAt == StartAt.CHECKPOINT ? checkpoints.load(source) : CheckpointStore.Loaded.FIRST;
    this.loadWarning = loaded.warning();
    if (loaded.checkpoint() != null) {
      files.resume(loaded.checkpoint());
    }
    if (loaded.missingSince() != null) {
      files.beginAtOldest(loaded.missingSince());
    }
    this.loadWarningUntil = nanos.getAsLong() + LOAD_WARNING_NANOS;
    this.lastCheckpoint = nanos.getAsLong() - limits.checkpointEvery().toNanos();
    this.state =
        new FollowerState(false, "not yet opened", loadWarning, file, null, 0, 0, 0, 0, 0, null);
  }

  /**
   * One round without waiting: notices what was done to the files, reads what there is up to the
   * bound, and keeps a checkpoint when one is due. Failures of the file system go to the state;
   * what the sink throws comes through, and the line that it threw at is delivered again.
   *
   * @return whether there is more to read at once
   */
  public boolean poll() {
    long now = nanos.getAsLong();
    boolean changed;
    boolean more;
    try {
      more = files.poll(now);
    } finally {
      changed = files.takeChanged();
      checkpointWanted |= changed;
    }
    if (changed) {
      lastRead = clock.instant();
    }
    if (!more) {
      sink.idle();
    }
    boolean due = now - lastCheckpoint >= limits.checkpointEvery().toNanos();
    // Where a link led is not to be found again from its name: that is kept at once.
    // One that could not be saved is tried again when the next is due.
    checkpointWanted |= saving.warning() != null;
    if (files.takeMovedElsewhere() || (checkpointWanted && due)) {
      checkpointNow();
    }
    publish();
    return more;
  }

  /** Keeps how far the sink has dealt with lines; call it on the polling thread. */
  public void checkpointNow() {
    Checkpoint checkpoint = files.checkpoint();
    if (checkpoint != null) {
      saving.later(checkpoint);
      checkpointWanted = false;
      lastCheckpoint = nanos.getAsLong();
    }
  }

  /** How the follower stands; from any thread. */
  public FollowerState state() {
    return state;
  }

  /** Keeps a last checkpoint and closes every file; call it on the polling thread. */
  @Override
  public void close() {
    // A channel that an interrupted thread touches closes itself: the checkpoint would not be kept.
    boolean interrupted = Thread.interrupted();
    try {
      saving.last(files.checkpoint());
      files.open().close();
      publish();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void publish() {
    FollowedFile open = files.open().current();
    String saveWarning = saving.warning();
    boolean over = nanos.getAsLong() - loadWarningUntil > 0;
    String checkpointWarning = saveWarning == null && !over ? loadWarning : saveWarning;
    String warning = files.warning() == null ? checkpointWarning : files.warning();
    FollowerState next =
        new FollowerState(
            open != null,
            open == null ? files.reason() : null,
            warning,
            file,
            open == null ? null : open.run().identity(),
            open == null ? 0 : open.run().offset(),
            open == null ? 0 : open.run().knownSize(),
            files.open().lag(),
            files.rotations(),
            files.open().count(),
            lastRead);
    if (!next.equals(state)) {
      state = next;
    }
  }

  /**
   * State of a follower; a snapshot, replaced as a whole after every poll that changed something.
   *
   * @param up whether the file at the path is open and can be read
   * @param reason why it is not, in words; null when it is
   * @param warning what is wrong although the file is read: a checkpoint that cannot be written, a
   *     sibling that cannot be read; null when nothing is
   * @param path the followed path
   * @param identity the file that is open at the path; null when none is
   * @param offset bytes of it that the sink has dealt with
   * @param size bytes of it, as last seen
   * @param lagBytes bytes seen but not yet read, in the file and in files rotated away
   * @param rotations how often the follower moved on to new content since it started
   * @param openFiles files held open: the present one and those rotated away
   * @param lastRead when bytes were last read; null when none were
   */
  public record FollowerState(
      boolean up,
      @Nullable String reason,
      @Nullable String warning,
      Path path,
      @Nullable FileIdentity identity,
      long offset,
      long size,
      long lagBytes,
      long rotations,
      int openFiles,
      @Nullable Instant lastRead) {}

  /**
   * The bounds of a {@link FileFollower}.
   *
   * @param maxLineBytes the longest line that is delivered, without its line end; at least 1
   * @param bufferBytes size of the one read buffer; at least 4 KiB
   * @param bytesPerPoll after how many bytes a poll returns although there is more; at least 1
   * @param checkpointEvery the least time between two checkpoints
   * @param lateWrites how long a file that was rotated away must not have grown before its handle
   *     is closed: writers go on with the old file until they are told to reopen
   * @param retryAfter how long to wait after a failed look at a directory or a file
   * @param maxLeaving how many files that were rotated away are held open at most
   */
  public record FollowerLimits(
      int maxLineBytes,
      int bufferBytes,
      int bytesPerPoll,
      Duration checkpointEvery,
      Duration lateWrites,
      Duration retryAfter,
      int maxLeaving) {

    /** Checks the bounds. */
    public FollowerLimits {
      if (maxLineBytes < 1 || bufferBytes < 4096 || bytesPerPoll < 1 || maxLeaving < 1) {
        throw new IllegalArgumentException(
            "follower limits: line %d, buffer %d, poll %d, leaving %d: at least 1, 4096, 1, 1 needed"
                .formatted(maxLineBytes, bufferBytes, bytesPerPoll, maxLeaving));
      }
    }

    /**
     * 64 KiB lines, a buffer of 128 KiB, 256 KiB a poll, a checkpoint every 3 s, 10 s for late
     * writes, a retry every second, 16 files held open.
     */
    public static FollowerLimits defaults() {
      return new FollowerLimits(
          64 << 10,
          128 << 10,
          256 << 10,
          Duration.ofSeconds(3),
          Duration.ofSeconds(10),
          Duration.ofSeconds(1),
          16);
    }
  }
}
