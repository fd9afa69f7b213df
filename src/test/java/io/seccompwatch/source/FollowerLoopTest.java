package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.FileFollower.FollowerLimits;
import io.seccompwatch.source.FileSource.FollowerLoop;
import io.seccompwatch.source.RecordSource.StartAt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.BitSet;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowerLoopTest {

  private static final int LINES = 100_000;
  private static final int LINES_PER_FILE = 8_000;

  @TempDir Path temp;

  @Test
  void aWriterThatRotatesAtSpeedIsReadWithoutLoss() throws Exception {
    Path file = Files.createFile(temp.resolve("audit.log"));
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch all = new CountDownLatch(1);
    Numbers numbers = new Numbers(first, all);
    FileFollower follower = follower(file, numbers);
    try (FollowerLoop loop = new FollowerLoop(follower, file)) {
      follower.poll();
      Thread reader = Thread.ofPlatform().name("reader").start(loop);
      writeAndRotate(file);
      assertThat(all.await(60, TimeUnit.SECONDS))
          .as("%d of %d lines", numbers.seen.cardinality(), LINES)
          .isTrue();
      reader.interrupt();
      assertThat(reader.join(java.time.Duration.ofSeconds(10))).isTrue();
    }
    assertThat(numbers.repeated.get()).isZero();
    assertThat(numbers.lost.get()).isZero();
    assertThat(follower.state().rotations()).isEqualTo((LINES - 1) / LINES_PER_FILE);
  }

  @Test
  void anInterruptEndsTheLoopAndKeepsTheCheckpoint() throws Exception {
    Path file = Files.createFile(temp.resolve("audit.log"));
    CountDownLatch first = new CountDownLatch(1);
    FileFollower follower = follower(file, new Numbers(first, new CountDownLatch(1)));
    try (FollowerLoop loop = new FollowerLoop(follower, file)) {
      follower.poll();
      Thread reader = Thread.ofPlatform().name("reader").start(loop);
      Files.writeString(file, text(0), StandardOpenOption.APPEND);
      assertThat(first.await(30, TimeUnit.SECONDS)).isTrue();
      reader.interrupt();
      assertThat(reader.join(java.time.Duration.ofSeconds(10))).isTrue();
    }
    CheckpointStore.Loaded kept =
        new CheckpointStore(temp.resolve("state"), null).load("audit-log");
    Checkpoint checkpoint = Objects.requireNonNull(kept.checkpoint());
    assertThat(checkpoint.runs().getFirst().offset()).isEqualTo(text(0).length());
  }

  @Test
  void closingFromAnotherThreadEndsTheLoop() throws Exception {
    Path file = Files.createFile(temp.resolve("audit.log"));
    CountDownLatch first = new CountDownLatch(1);
    FileFollower follower = follower(file, new Numbers(first, new CountDownLatch(1)));
    Thread reader;
    try (FollowerLoop loop = new FollowerLoop(follower, file)) {
      follower.poll();
      reader = Thread.ofPlatform().name("reader").start(loop);
      Files.writeString(file, text(0), StandardOpenOption.APPEND);
      assertThat(first.await(30, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(reader.join(java.time.Duration.ofSeconds(10))).isTrue();
    assertThat(new CheckpointStore(temp.resolve("state"), null).load("audit-log").checkpoint())
        .isNotNull();
  }

  private FileFollower follower(Path file, LineSink sink) {
    return new FileFollower(
        file,
        StartAt.CHECKPOINT,
        new CheckpointStore(temp.resolve("state"), null),
        "audit-log",
        sink,
        Clock.systemUTC(),
        System::nanoTime,
        FollowerLimits.defaults(),
        Runnable::run);
  }

  private static void writeAndRotate(Path file) throws IOException {
    FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    try {
      for (int i = 0; i < LINES; i++) {
        if (i > 0 && i % LINES_PER_FILE == 0) {
          shift(file);
          // As auditd and rsyslog do: a few lines still go to the renamed file.
          out.write(ByteBuffer.wrap(text(i++).getBytes(StandardCharsets.ISO_8859_1)));
          out.close();
          out =
              FileChannel.open(
                  file,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.APPEND,
                  StandardOpenOption.CREATE);
        }
        out.write(ByteBuffer.wrap(text(i).getBytes(StandardCharsets.ISO_8859_1)));
      }
    } finally {
      out.close();
    }
  }

  private static void shift(Path file) throws IOException {
    for (int i = 29; i >= 0; i--) {
      Path from = i == 0 ? file : file.resolveSibling(file.getFileName() + "." + i);
      if (Files.exists(from)) {
        Path to = file.resolveSibling(file.getFileName() + "." + (i + 1));
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private static String text(int number) {
    return "type=SECCOMP msg=audit(1795342823.836:%08d): auid=0 comm=\"kc\" code=0x50000 %s\n"
        .formatted(number, "x".repeat(40));
  }

  /** Notes which numbers came; written by the reader's thread, read when it has ended. */
  private static final class Numbers implements LineSink {

    private static final int NUMBER_AT = "type=SECCOMP msg=audit(1795342823.836:".length();

    final BitSet seen = new BitSet(LINES);
    final AtomicLong repeated = new AtomicLong();
    final AtomicLong lost = new AtomicLong();
    private final CountDownLatch first;
    private final CountDownLatch all;

    Numbers(CountDownLatch first, CountDownLatch all) {
      this.first = first;
      this.all = all;
    }

    @Override
    public void line(byte[] buffer, int from, int to) {
      String digits = new String(buffer, from + NUMBER_AT, 8, StandardCharsets.ISO_8859_1);
      int number = Integer.parseInt(digits);
      if (seen.get(number)) {
        repeated.incrementAndGet();
      }
      seen.set(number);
      first.countDown();
      if (seen.cardinality() == LINES) {
        all.countDown();
      }
    }

    @Override
    public void lineTooLong(long bytes) {
      lost.incrementAndGet();
    }

    @Override
    public void lost(LossReason reason, long count) {
      lost.addAndGet(count);
    }

    @Override
    public void rotated() {}
  }
}
