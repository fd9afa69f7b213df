package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.linux.BootTime;
import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.source.KmsgReader.KmsgStart;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The real /dev/kmsg: needs root, because it writes to it too. */
@Tag("node")
class KmsgReaderNodeTest {

  private static final Path KMSG = Path.of("/dev/kmsg");
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration PRINTK_INTERVAL = Duration.ofMillis(5_500);
  private static final int MOST_FIRINGS = 6;

  private final Lines lines = new Lines();
  private final String mark = "seccomp-watch test " + System.nanoTime();

  @BeforeEach
  void needsKmsg() {
    assumeTrue(Files.isReadable(KMSG) && Files.isWritable(KMSG), "needs root and a /dev/kmsg");
  }

  @Test
  void reads_what_is_written_after_it_began() throws Exception {
    write(mark + " before");
    try (Running running = start(new KmsgStart.End())) {
      write(mark + " after");

      // User facility (1) and warning (4): 12. The kernel lets nobody claim its own facility 0.
      assertThat(lines.next(mark)).matches("12,\\d+,\\d+,-(,[^;]*)?;" + mark + " after");
      assertThat(running.reader.state().up()).isTrue();
    }
  }

  @Test
  void reads_the_whole_ring_from_its_beginning() throws Exception {
    write(mark + " before");
    try (Running running = start(new KmsgStart.Beginning())) {
      assertThat(lines.next(mark)).endsWith(" before");
      assertThat(running.reader.state().recordsRead()).isPositive();
    }
  }

  @Test
  void resumes_behind_the_last_record_handled_without_loss_or_repetition() throws Exception {
    long last;
    try (Running running = start(new KmsgStart.End())) {
      write(mark + " 1");
      lines.next(mark);
      Thread.sleep(50); // the number is told after the line
      last = running.reader.lastSequence();
    }
    write(mark + " 2");
    write(mark + " 3");

    try (Running running = start(new KmsgStart.After(last, bootId()))) {
      assertThat(lines.next(mark)).endsWith(" 2");
      assertThat(lines.next(mark)).endsWith(" 3");
      assertThat(running.reader.lastSequence()).isGreaterThan(last);
      assertThat(lines.lost.get()).isZero();
    }
  }

  @Test
  void sees_the_record_of_the_canary() throws Exception {
    assumeTrue(!auditdRuns(), "auditd takes the records away from the kernel log");
    String comm = "swc-" + System.nanoTime() % 1_000_000;
    try (Running running = start(new KmsgStart.End())) {
      assertThat(fireUntilSeen(comm))
          .contains(";audit: type=1326 audit(")
          .contains(" pid=" + ProcessHandle.current().pid() + " ")
          .contains(" sig=0 ")
          .endsWith("code=0x7ffc0000");
      assertThat(running.reader.state().up()).isTrue();
    }
  }

  @Test
  void close_ends_a_wait_at_once() throws Exception {
    try (Running running = start(new KmsgStart.End())) {
      Thread.sleep(100); // into poll(2)
      long from = System.nanoTime();
      running.reader.close();
      assertThat(running.thread.join(PATIENCE)).isTrue();
      assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofMillis(500));
      assertThat(running.reader.state().reason()).isEqualTo("stopped");
    }
  }

  @Test
  void an_interrupt_ends_a_wait_at_once_and_reading_can_go_on_later() throws Exception {
    try (Running running = start(new KmsgStart.End())) {
      write(mark + " 1");
      lines.next(mark);
      Thread.sleep(100); // into poll(2)
      running.thread.interrupt();
      assertThat(running.thread.join(PATIENCE)).isTrue();
      assertThat(running.reader.state().up()).isFalse();
      write(mark + " 2");

      try (Running again = Running.of(running.reader)) {
        assertThat(lines.next(mark)).endsWith(" 2");
        assertThat(again.thread.isAlive()).isTrue();
      }
    }
  }

  @Test
  void a_collection_does_not_wait_for_a_reader_that_waits() throws Exception {
    try (Running running = start(new KmsgStart.End())) {
      Thread.sleep(100); // into poll(2)
      long from = System.nanoTime();
      System.gc();
      assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(5));
      assertThat(running.reader.state().up()).isTrue();
    }
  }

  @Test
  void leaves_no_descriptor_behind() throws Exception {
    long before = descriptors();
    for (int i = 0; i < 20; i++) {
      start(new KmsgStart.End()).close();
    }
    // Others in this JVM open files too, but not twice twenty.
    assertThat(descriptors()).isLessThan(before + 20);
  }

  private Running start(KmsgStart start) throws Exception {
    return Running.of(new KmsgReader(KMSG, start, bootId(), lines));
  }

  private record Running(KmsgReader reader, Thread thread) implements AutoCloseable {

    static Running of(KmsgReader reader) throws Exception {
      Running running = new Running(reader, Thread.ofPlatform().daemon().start(reader::run));
      while (!reader.state().up()) {
        Thread.sleep(1);
      }
      return running;
    }

    @Override
    public void close() {
      reader.close();
      try {
        assertThat(thread.join(PATIENCE)).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted while the reader stopped", e);
      }
    }
  }

  private static boolean auditdRuns() {
    return ProcessHandle.allProcesses()
        .anyMatch(process -> process.info().command().orElse("").endsWith("/auditd"));
  }

  private static long descriptors() throws Exception {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  /** Others may have used up what printk lets through in five seconds: then it is fired again. */
  private String fireUntilSeen(String comm) throws InterruptedException {
    String part = "comm=\"" + comm + "\"";
    for (int i = 0; i < MOST_FIRINGS; i++) {
      assertThat(new SeccompCanary().fire(comm)).isInstanceOf(SeccompCanary.Result.Fired.class);
      String line = lines.nextWithin(part, PRINTK_INTERVAL);
      if (line != null) {
        return line;
      }
    }
    throw new AssertionError("no record with " + part);
  }

  private static String bootId() throws Exception {
    return BootTime.bootId(Path.of("/proc"));
  }

  /**
   * Harmless: user facility, and a text that nobody looks for. Without its line end the kernel
   * would hold it back for a continuation.
   */
  private static void write(String text) throws Exception {
    Files.writeString(KMSG, "<12>" + text + "\n", StandardOpenOption.WRITE);
  }

  private static final class Lines implements LineSink {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final AtomicLong lost = new AtomicLong();

    /** The same; null when it does not come in time. */
    @Nullable String nextWithin(String part, Duration patience) throws InterruptedException {
      long deadline = System.nanoTime() + patience.toNanos();
      while (true) {
        String line = lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (line == null || line.contains(part)) {
          return line;
        }
      }
    }

    String next(String part) throws InterruptedException {
      while (true) {
        String line = lines.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        assertThat(line).as("a record with " + part).isNotNull();
        if (line.contains(part)) {
          return line;
        }
      }
    }

    @Override
    public void line(byte[] buffer, int from, int to) {
      lines.add(new String(buffer, from, to - from, StandardCharsets.ISO_8859_1));
    }

    @Override
    public void lineTooLong(long bytes) {
      throw new AssertionError("no record is that long");
    }

    @Override
    public void lost(LossReason reason, long count) {
      lost.addAndGet(count);
    }

    @Override
    public void rotated() {
      throw new AssertionError("a ring does not rotate");
    }
  }
}
