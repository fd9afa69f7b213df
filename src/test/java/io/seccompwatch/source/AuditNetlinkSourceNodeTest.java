package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.seccompwatch.linux.SeccompCanary;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The real kernel's audit socket with a buffer that holds nothing. */
@Tag("node")
class AuditNetlinkSourceNodeTest {

  private static final int STORM = 500;

  /** The machine's other records, of whatever type, may fall into the hole too. */
  private static final int OTHERS = 100;

  @Test
  void whatIsGeneratedIsReceivedOrLost() throws Exception {
    assumeTrue(
        Files.isWritable(Path.of("/proc/sys/kernel/printk")), "needs root on Linux, on a node");
    Sink sink = new Sink();
    AuditNetlinkSource source =
        new AuditNetlinkSource(
            () -> AuditStream.ofKernel(1), // the kernel gives the least it may
            sink,
            () -> {
              throw new AssertionError("nobody else sends");
            },
            () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
    Thread thread = Thread.ofPlatform().start(source);
    try {
      Await.until("to be up", () -> source.state().up());
      fire("storm-begins", 1);
      Await.until("the first", () -> sink.of("storm-begins") == 1);
      fire("storm", STORM); // the sink holds the first back until all were made
      sink.goOn.countDown();
      fire("storm-ends", 1);
      Await.until(
          "the books to balance",
          () -> {
            fire("storm-ends", 1); // shows the end of the hole, wherever it is
            return sink.of("storm") + sink.lost() >= STORM;
          });
      long received = sink.of("storm");
      assertThat(received).isBetween(1L, STORM / 2L);
      assertThat(received + sink.lost()).isBetween((long) STORM, (long) STORM + OTHERS);
      assertThat(sink.lost(LossReason.SOCKET_OVERRUN)).isGreaterThan(STORM / 2);
    } finally {
      sink.goOn.countDown();
      source.close();
      thread.join();
    }
  }

  private static void fire(String comm, int times) {
    SeccompCanary canary = new SeccompCanary();
    for (int i = 0; i < times; i++) {
      assertThat(canary.fire(comm)).isInstanceOf(SeccompCanary.Result.Fired.class);
    }
  }

  /** Counts, and holds the storm's first record back. */
  private static final class Sink implements LineSink {
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final Map<String, Long> received = new HashMap<>();
    private final Map<LossReason, Long> lost = new EnumMap<>(LossReason.class);

    @Override
    public void line(byte[] buffer, int from, int to) {
      String text = new String(buffer, from, to - from, StandardCharsets.ISO_8859_1);
      int comm = text.indexOf("comm=\"") + 6;
      String name = text.substring(comm, text.indexOf('"', comm));
      synchronized (this) {
        received.merge(name, 1L, Long::sum);
      }
      if (name.equals("storm")) {
        awaitGo();
      }
    }

    private void awaitGo() {
      try {
        goOn.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    synchronized long of(String comm) {
      return received.getOrDefault(comm, 0L);
    }

    synchronized long lost() {
      return lost.values().stream().mapToLong(count -> count).sum();
    }

    synchronized long lost(LossReason reason) {
      return lost.getOrDefault(reason, 0L);
    }

    @Override
    public void lineTooLong(long bytes) {
      throw new AssertionError("no record is that long");
    }

    @Override
    public synchronized void lost(LossReason reason, long count) {
      lost.merge(reason, count, Long::sum);
    }

    @Override
    public void rotated() {
      throw new AssertionError("a socket does not rotate");
    }
  }
}
