package io.seccompwatch.doctor;

import io.seccompwatch.config.SourceSelection.Chosen;
import io.seccompwatch.record.Dialect;
import io.seccompwatch.source.AuditNetlinkSource;
import io.seccompwatch.source.CheckpointStore;
import io.seccompwatch.source.FileFollower;
import io.seccompwatch.source.FileFollower.FollowerLimits;
import io.seccompwatch.source.FileSource.FollowerLoop;
import io.seccompwatch.source.KmsgReader;
import io.seccompwatch.source.KmsgReader.KmsgStart;
import io.seccompwatch.source.RecordSource.StartAt;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One source, read from its end without a checkpoint, as the agent reads it. To be closed.
 *
 * @param chosen what is read
 * @param problem why it cannot be; null when it is being read
 */
record Listening(Chosen chosen, @Nullable String problem, CanaryListener ear, Runnable closing)
    implements AutoCloseable {

  private static final long OPENING_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long GLANCE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  /**
   * Opens a source and waits until it is at its end.
   *
   * @param firings when each canary was fired, by its name
   * @param heard is told when it hears one
   */
  static Listening to(
      Chosen chosen,
      Map<String, CanaryListener.Fired> firings,
      Runnable heard,
      InstantSource clock) {
    return switch (chosen.kind()) {
      case AUDIT_LOG -> file(chosen, new CanaryListener(Dialect.AUDIT_LOG, firings, heard), clock);
      case SYSLOG -> file(chosen, new CanaryListener(Dialect.SYSLOG, firings, heard), clock);
      case KMSG -> kmsg(chosen, new CanaryListener(Dialect.KMSG, firings, heard));
      case AUDIT_NETLINK ->
          netlink(chosen, new CanaryListener(Dialect.AUDIT_NETLINK, firings, heard));
      case AUTO -> throw new IllegalArgumentException("auto is no source");
    };
  }

  private static Listening file(Chosen chosen, CanaryListener ear, InstantSource clock) {
    FileFollower follower =
        new FileFollower(
            chosen.path(),
            StartAt.END,
            CheckpointStore.none(),
            "doctor",
            ear,
            clock,
            System::nanoTime,
            FollowerLimits.defaults(),
            Runnable::run);
    follower.poll(); // Finds the end, before anything is fired
    String problem = follower.state().up() ? null : String.valueOf(follower.state().reason());
    FollowerLoop loop = new FollowerLoop(follower, chosen.path());
    start(chosen, loop);
    return new Listening(chosen, problem, ear, loop::close);
  }

  private static Listening kmsg(Chosen chosen, CanaryListener ear) {
    // The end needs no boot: there is no sequence number of an earlier one
    KmsgReader reader = new KmsgReader(chosen.path(), new KmsgStart.End(), "", ear);
    String before = reader.state().reason();
    start(chosen, reader::run);
    String problem = awaitOpen(before, () -> reader.state().reason());
    return new Listening(chosen, problem, ear, reader::close);
  }

  private static Listening netlink(Chosen chosen, CanaryListener ear) {
    AuditNetlinkSource source = new AuditNetlinkSource(ear, () -> {});
    String before = source.state().reason();
    start(chosen, source);
    String problem = awaitOpen(before, () -> source.state().reason());
    return new Listening(chosen, problem, ear, source::close);
  }

  /** Waits until a source says something else than that it was not started. */
  private static @Nullable String awaitOpen(
      @Nullable String before, Supplier<@Nullable String> reason) {
    long deadline = System.nanoTime() + OPENING_NANOS;
    while (Objects.equals(reason.get(), before) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(GLANCE_NANOS);
    }
    return reason.get();
  }

  private static void start(Chosen chosen, Runnable reading) {
    Thread.ofPlatform().daemon().name("listen-" + chosen.kind().label()).start(reading);
  }

  @Override
  public void close() {
    closing.run();
  }
}
