package io.seccompwatch.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.linux.AuditControl.AuditUnavailableException;
import io.seccompwatch.linux.AuditMulticast.AuditMessages;
import io.seccompwatch.linux.Errno;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.record.LossNotice.LossReason;
import io.seccompwatch.testing.Await;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the source makes of the socket's answers, told by a script. */
class AuditNetlinkSourceTest {

  private static final int SECCOMP = 1326;
  private static final int SYSCALL = 1300;

  private final RecordingSink sink = new RecordingSink();
  private final AtomicInteger untrusted = new AtomicInteger();
  private long now;
  private @Nullable String doubt;

  /** A message as the socket gives it. */
  private record Message(int type, String text, boolean whole) {}

  /** The time passes. */
  private record Later(long millis) {}

  private enum Happens {
    OVERRUN,
    UNTRUSTED
  }

  @Test
  void handsOnSeccompRecordsAndOnlyThem() throws Exception {
    run(
        message(SECCOMP, "audit(1.002:7): auid=1"),
        message(SYSCALL, "audit(1.002:8): arch=c000003e"),
        message(SECCOMP, "audit(1.003:9): auid=2\0"));
    assertThat(sink.lines).containsExactly("audit(1.002:7): auid=1", "audit(1.003:9): auid=2");
    assertThat(sink.reasons).isEmpty();
  }

  @Test
  void countsWhatIsMissingAmongAllTypesOnceItIsCertain() throws Exception {
    run(
        message(SECCOMP, "audit(1.002:7): a"),
        message(SYSCALL, "audit(1.002:11): b"),
        message(SYSCALL, "audit(1.002:9): c"),
        Errno.EAGAIN,
        new Later(5_000));
    assertThat(sink.reasons).containsExactly(LossReason.SERIAL_GAP);
    assertThat(sink.lost).isEqualTo(2);
  }

  @Test
  void anOverrunCountsAtOnceAndItsHoleOnce() throws Exception {
    run(
        message(SECCOMP, "audit(1.002:7): a"),
        Happens.OVERRUN,
        message(SECCOMP, "audit(1.002:8): b"),
        Errno.EAGAIN,
        message(SECCOMP, "audit(1.002:20): c"),
        Errno.EAGAIN,
        new Later(5_000));
    assertThat(sink.reasons).containsExactly(LossReason.SOCKET_OVERRUN, LossReason.SOCKET_OVERRUN);
    assertThat(sink.lost).isEqualTo(11);
  }

  @Test
  void aRecordThatWasCutOffIsToldAndItsSerialIsNotMissed() throws Exception {
    run(
        message(SECCOMP, "audit(1.002:7): a"),
        new Message(SECCOMP, "audit(1.002:8): b", false),
        message(SECCOMP, "audit(1.002:9): c"),
        Errno.EAGAIN,
        new Later(5_000));
    assertThat(sink.lines).hasSize(2);
    assertThat(sink.tooLong).hasSize(1);
    assertThat(sink.reasons).isEmpty();
  }

  @Test
  void whatTheKernelDidNotSendIsToldApart() throws Exception {
    run(Happens.UNTRUSTED, message(SECCOMP, "audit(1.002:7): a"));
    assertThat(untrusted).hasValue(1);
    assertThat(sink.lines).hasSize(1);
  }

  @Test
  void longRecordsComeWhole() throws Exception {
    String exe = "41".repeat(4_100);
    run(message(SECCOMP, "audit(1.002:7): exe=" + exe));
    assertThat(sink.lines).containsExactly("audit(1.002:7): exe=" + exe);
  }

  @Test
  void joinsAnewAfterAFailureAndCountsWhatWasMissedMeanwhile() throws Exception {
    Script first = new Script(message(SECCOMP, "audit(1.002:7): a"), Errno.EBADF);
    Script second =
        new Script(message(SECCOMP, "audit(1.002:9): b"), Errno.EAGAIN, new Later(5_000));
    Queue<Script> scripts = new ArrayDeque<>(Arrays.asList(first, second));
    AuditNetlinkSource source = source(scripts::remove);
    second.atEnd = source::close;
    source.run();
    assertThat(sink.lines).containsExactly("audit(1.002:7): a", "audit(1.002:9): b");
    assertThat(sink.reasons).containsExactly(LossReason.SERIAL_GAP);
    assertThat(first.closed).isTrue();
    assertThat(second.closed).isTrue();
  }

  @Test
  void saysWhyItIsNotUp() throws Exception {
    AuditNetlinkSource source =
        source(
            () -> {
              throw refusal();
            });
    assertThat(source.state().up()).isFalse();
    Thread thread = Thread.ofPlatform().start(source);
    try {
      Await.until("its reason", () -> "not permitted".equals(source.state().reason()));
      assertThat(source.state().up()).isFalse();
    } finally {
      source.close();
      thread.join();
    }
    assertThat(source.state().reason()).isEqualTo("stopped");
  }

  @Test
  void isUpWhileJoinedAndSaysWhatIsDoubtful() throws Exception {
    doubt = "who knows";
    Script script = new Script(message(SECCOMP, "audit(1.002:7): a"));
    AuditNetlinkSource source = source(() -> script);
    script.atEnd =
        () -> {
          assertThat(source.state().up()).isTrue();
          assertThat(source.state().reason()).isNull();
          assertThat(source.state().warning()).isEqualTo("who knows");
          source.close();
        };
    source.run();
    assertThat(source.state().up()).isFalse();
  }

  private static AuditUnavailableException refusal() {
    return new AuditUnavailableException(
        AuditUnavailableException.Reason.NOT_PERMITTED, "not permitted");
  }

  private static Message message(int type, String text) {
    return new Message(type, text, true);
  }

  private void run(Object... steps) {
    Script script = new Script(steps);
    AuditNetlinkSource source = source(() -> script);
    script.atEnd = source::close;
    source.run();
  }

  private AuditNetlinkSource source(AuditStream.Opener opener) {
    return new AuditNetlinkSource(opener, sink, untrusted::incrementAndGet, () -> now);
  }

  /** Each step is one receive; at the end of the script it waits, and is closed. */
  private final class Script implements AuditStream {
    private final Queue<Object> steps;
    private Runnable atEnd = () -> {};
    private boolean closed;

    Script(Object... steps) {
      this.steps = new ArrayDeque<>(Arrays.asList(steps));
    }

    @Override
    public boolean receive(AuditMessages messages) throws ErrnoException {
      Object step = steps.poll();
      switch (step) {
        case null -> {
          return false;
        }
        case Message message -> {
          byte[] bytes = ("####" + message.text()).getBytes(StandardCharsets.ISO_8859_1);
          ByteBuffer data = ByteBuffer.wrap(bytes);
          messages.message(message.type(), data, 4, bytes.length, message.whole());
        }
        case Happens.OVERRUN -> messages.overrun();
        case Happens.UNTRUSTED -> messages.untrusted();
        case Later later -> now += later.millis();
        case Errno errno when errno.equals(Errno.EAGAIN) -> {
          return false;
        }
        case Errno errno -> throw new ErrnoException("recvmmsg", errno);
        default -> throw new IllegalStateException("no step: " + step);
      }
      return true;
    }

    @Override
    public boolean await(long millis) {
      if (steps.isEmpty()) {
        atEnd.run();
        return !closed;
      }
      return true;
    }

    @Override
    public @Nullable String doubt() {
      return doubt;
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
