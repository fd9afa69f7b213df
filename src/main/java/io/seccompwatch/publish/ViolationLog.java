package io.seccompwatch.publish;

import io.seccompwatch.violation.Suppressed;
import io.seccompwatch.violation.Violation;
import io.seccompwatch.violation.ViolationJson;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes violations as JSON lines on a thread of its own. A line beyond its {@link LineBudget} is
 * suppressed, one that finds the queue full is dropped, one that cannot be written has failed; each
 * is counted, none blocks a reader. Thread-safe.
 */
public final class ViolationLog implements Publisher, AutoCloseable {

  /** How many violations may wait for the writer. */
  static final int QUEUE = 1_024;

  private static final int BATCH_BYTES = 64 * 1024;

  private sealed interface Entry {}

  /**
   * A line to be written.
   *
   * @param violations how many violations it is of: one, or none when it is a sum of suppressed
   *     ones
   * @param onFailure gives what the line would have told back to the budget, for a later sum
   */
  private record Waiting(JsonLine line, int violations, Runnable onFailure) implements Entry {}

  private record Stop() implements Entry {}

  @FunctionalInterface
  private interface JsonLine {
    void writeTo(OutputStream out) throws IOException;
  }

  /** The end of the time to write what waits, and what had been dropped when that time began. */
  private record Stopping(long deadline, long droppedBefore) {
    long leftNanos() {
      return Math.max(0, deadline - System.nanoTime());
    }
  }

  private final ViolationJson json = new ViolationJson();
  private final LogTarget target;
  private final LineBudget budget;
  private final BlockingQueue<Entry> queue = new ArrayBlockingQueue<>(QUEUE);
  private final AtomicLong accepted = new AtomicLong();
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong suppressed = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final Thread writer = new Thread(this::write, "violation-log");
  private volatile @Nullable Stopping stopping;
  private volatile @Nullable String problem;

  /** A log that writes to {@code target}; {@link #start} begins. */
  public ViolationLog(LogTarget target, Clock clock) {
    this.target = target;
    this.budget = new LineBudget(clock);
    writer.setDaemon(true);
  }

  /** Starts the writer. */
  public void start() {
    writer.start();
  }

  @Override
  public void publish(Violation violation) {
    synchronized (budget) {
      long left = budget.take(violation);
      if (left == LineBudget.SUPPRESSED) {
        suppressed.getAndIncrement();
      } else if (offer(waiting(violation, left))) {
        accepted.getAndIncrement();
      } else {
        dropped.getAndIncrement();
        budget.refused(violation, left);
      }
    }
  }

  /**
   * Writes sums of the suppressed violations that no line has reported in time. Costs nothing when
   * there are none.
   */
  public void reportSuppressed() {
    reportSuppressed(false);
  }

  private void reportSuppressed(boolean all) {
    synchronized (budget) {
      for (Suppressed sum : budget.unreported(all)) {
        if (!offer(new Waiting(out -> json.writeLine(sum, out), 0, () -> back(sum)))) {
          budget.back(sum);
        }
      }
    }
  }

  private Waiting waiting(Violation violation, long left) {
    return new Waiting(
        out -> json.writeLine(violation, left, out), 1, () -> refused(violation, left));
  }

  private void refused(Violation violation, long left) {
    synchronized (budget) {
      budget.refused(violation, left);
    }
  }

  private void back(Suppressed sum) {
    synchronized (budget) {
      budget.back(sum);
    }
  }

  /** Puts an entry into the queue; waits for room only while the agent stops. */
  private boolean offer(Entry entry) {
    Stopping now = stopping;
    if (now == null || !writer.isAlive()) {
      return queue.offer(entry);
    }
    try {
      return queue.offer(entry, now.leftNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Tells that the agent stops: from now on a violation that finds the queue full waits for room,
   * because there is no reader left that it would hold up. {@link #close()} must follow.
   *
   * @param patience how long all violations together may wait, and {@link #close()} for the writer
   */
  public void stopping(Duration patience) {
    stopping = new Stopping(System.nanoTime() + patience.toNanos(), dropped.get());
  }

  /** How many lines were written, suppressed, dropped and failed. */
  public Map<String, Long> results() {
    Map<String, Long> results = new LinkedHashMap<>();
    results.put("written", written.get());
    results.put("suppressed", suppressed.get());
    results.put("dropped", dropped.get());
    results.put("failed", failed.get());
    return results;
  }

  /** Why the last write failed; null when it did not. */
  public @Nullable String problem() {
    return problem;
  }

  @Override
  public void close() {
    close(Duration.ofMillis(500));
  }

  /**
   * Writes what waits and ends the writer; what waits for a writer that never began stays
   * unwritten.
   *
   * @param patience how long to wait for room and then for the writer, each
   * @return how many lines could not be written in that time: accepted ones, and since {@link
   *     #stopping} those that found no room
   */
  public long close(Duration patience) {
    reportSuppressed(true);
    Stopping now = stopping;
    Duration wait = patience;
    if (now != null && now.leftNanos() > patience.toNanos()) {
      wait = Duration.ofNanos(now.leftNanos());
    }
    try {
      if (writer.isAlive() && queue.offer(new Stop(), wait.toMillis(), TimeUnit.MILLISECONDS)) {
        writer.join(wait);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    writer.interrupt();
    long refused = now == null ? 0 : dropped.get() - now.droppedBefore();
    return accepted.get() - written.get() - failed.get() + refused;
  }

  private void write() {
    ByteArrayOutputStream batch = new ByteArrayOutputStream();
    List<Waiting> lines = new ArrayList<>();
    try (target) {
      Entry next = queue.take();
      while (next instanceof Waiting) {
        while (next instanceof Waiting waiting && batch.size() < BATCH_BYTES) {
          if (append(waiting, batch)) {
            lines.add(waiting);
          }
          next = queue.poll();
        }
        flush(batch, lines);
        next = next == null ? queue.take() : next;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      problem = target + ": " + e.getMessage();
    }
  }

  /** Adds a line to the batch; a defect in one violation is that line's failure and no more. */
  private boolean append(Waiting waiting, ByteArrayOutputStream batch) throws IOException {
    int before = batch.size();
    try {
      waiting.line().writeTo(batch);
      return true;
    } catch (RuntimeException e) {
      byte[] torn = batch.toByteArray();
      batch.reset();
      batch.write(torn, 0, before);
      failed.getAndAdd(waiting.violations());
      waiting.onFailure().run();
      return false;
    }
  }

  private void flush(ByteArrayOutputStream batch, List<Waiting> lines) {
    long violations = lines.stream().mapToLong(Waiting::violations).sum();
    try {
      target.write(batch.toByteArray());
      written.addAndGet(violations);
      problem = null;
    } catch (IOException | RuntimeException e) {
      failed.addAndGet(violations);
      lines.forEach(line -> line.onFailure().run());
      problem = target + ": " + e.getMessage();
    }
    batch.reset();
    lines.clear();
  }

  /** Target of JSON lines. Not thread-safe: the log's writer owns it. */
  public abstract static sealed class LogTarget implements AutoCloseable {

    /** Standard output. */
    public static LogTarget stdout() {
      return new Stdout();
    }

    /** A file that is appended to, and opened anew when logrotate has moved it away. */
    public static LogTarget file(Path path) {
      return new AppendedFile(path);
    }

    abstract void write(byte[] lines) throws IOException;

    @Override
    public abstract void close() throws IOException;

    private static final class Stdout extends LogTarget {
      private final OutputStream out = new FileOutputStream(FileDescriptor.out);

      @Override
      void write(byte[] lines) throws IOException {
        out.write(lines);
      }

      @Override
      public void close() {
        // The process ends with its standard output
      }

      @Override
      public String toString() {
        return "stdout";
      }
    }

    private static final class AppendedFile extends LogTarget {
      private final Path path;
      private @Nullable OutputStream out;
      private @Nullable Object key;

      AppendedFile(Path path) {
        this.path = path;
      }

      @Override
      void write(byte[] lines) throws IOException {
        OutputStream open = out;
        if (open == null || !isStillAt()) {
          close();
          boolean torn = endsWithinALine();
          open =
              Channels.newOutputStream(
                  Files.newByteChannel(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
          out = open;
          key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
          if (torn) {
            open.write('\n');
          }
        }
        try {
          open.write(lines);
        } catch (IOException e) {
          // A part may have been written: the next write opens the file anew and looks
          try {
            close();
          } catch (IOException alsoFailed) {
            e.addSuppressed(alsoFailed);
          }
          throw e;
        }
      }

      /**
       * Returns true if a full disk or a crash has left a part of a line, which the next must not
       * join.
       */
      private boolean endsWithinALine() throws IOException {
        if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
          return false;
        }
        try (SeekableByteChannel channel = Files.newByteChannel(path)) {
          ByteBuffer last = ByteBuffer.allocate(1);
          return channel.size() > 0
              && channel.position(channel.size() - 1).read(last) == 1
              && last.get(0) != '\n';
        }
      }

      private boolean isStillAt() throws IOException {
        try {
          Object now = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
          return now != null && now.equals(key);
        } catch (NoSuchFileException e) {
          return false;
        }
      }

      @Override
      public void close() throws IOException {
        OutputStream open = out;
        out = null;
        if (open != null) {
          open.close();
        }
      }

      @Override
      public String toString() {
        return path.toString();
      }
    }
  }
}
