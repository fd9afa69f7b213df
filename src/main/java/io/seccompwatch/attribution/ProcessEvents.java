package io.seccompwatch.attribution;

import io.seccompwatch.attribution.ProcReader.ProcessList;
import io.seccompwatch.linux.Errno.ErrnoException;
import io.seccompwatch.linux.ProcessConnector;
import io.seccompwatch.linux.ProcessConnector.ProcessConnectorException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a {@link ProcessEventHistory} by the process connector, on a thread of its own. {@link
 * #start} and {@link #close} are for one thread, the status is for any.
 */
public final class ProcessEvents implements AutoCloseable {

  /** How many processes are looked at before events are read again. */
  private static final int WALK_STEP = 64;

  /** At the earliest so long after a walk the next one begins, however much is lost meanwhile. */
  private static final long WALK_PAUSE_NANOS = 5_000_000_000L;

  /** A walk goes on behind events too: one step after so many batches of them. */
  private static final int BUSY_STEPS_PER_WALK_STEP = 16;

  private static final long FIRST_WALK_NANOS = 500_000_000;

  private static final long GLANCE_MILLIS = 1_000;

  /** So often in so long a time it wakes up without a rest. */
  private static final int FREE_WAKE_UPS = 2;

  private static final long BURST_NANOS = 20_000_000;
  private static final long REST_NANOS = 1_000_000;

  private final ProcessList processes;
  private final ProcessEventHistory ledger;
  private final ProcessConnector connector;
  private final Consumer<String> onEnd;
  private final Thread thread = new Thread(this::run, "process-events");

  private @Nullable BitSet walking;
  private int walkedTo;
  private int busySteps;
  private long burstBeganNanos = System.nanoTime();
  private int wakeUps;
  private long walkBeganNanos;
  private volatile @Nullable String problem;

  /**
   * Listens from now on; what is alive already is looked at by {@link #start}.
   *
   * @param proc the procfs, of the initial PID namespace
   * @param reader the event thread's own reader of it
   * @param limits how much is remembered
   * @param onEnd is told, on the event thread, why the events ended before {@link #close}
   * @throws ProcessConnectorException when there is no process connector here, with the reason
   */
  public static ProcessEvents open(
      Path proc, ProcReader reader, ProcessEventHistory.Limits limits, Consumer<String> onEnd)
      throws ProcessConnectorException {
    Drained drained = new Drained();
    ProcessEventHistory ledger =
        new ProcessEventHistory(reader, ProcessConnector::nowNanos, drained::nanos, limits);
    long beforeNanos = ProcessConnector.nowNanos();
    ProcessConnector connector = ProcessConnector.listen(ledger);
    drained.connector = connector;
    ledger.activate(Math.max(beforeNanos, ProcessConnector.nowNanos()));
    return new ProcessEvents(new ProcessList(proc), ledger, connector, onEnd);
  }

  /** Ties the knot: the connector needs the ledger first. */
  private static final class Drained {
    private volatile @Nullable ProcessConnector connector;

    long nanos() {
      ProcessConnector known = connector;
      return known == null ? -1 : known.drainedNanos();
    }
  }

  private ProcessEvents(
      ProcessList processes,
      ProcessEventHistory ledger,
      ProcessConnector connector,
      Consumer<String> onEnd) {
    this.processes = processes;
    this.ledger = ledger;
    this.connector = connector;
    this.onEnd = onEnd;
    thread.setDaemon(true);
  }

  /** The ledger that is kept. */
  public ProcessEventHistory ledger() {
    return ledger;
  }

  /** How they are doing now. */
  public ProcessEventsStatus status() {
    return ProcessEventsStatus.of(
        ledger.isActive(), problem, connector.bufferBytes(), ledger.counts());
  }

  /**
   * Reads events from now on, and looks at all processes that are there: before this returns, if
   * that takes less than half a second.
   */
  public void start() {
    try {
      long began = System.nanoTime();
      boolean open = true;
      while (open
          && (walkBeganNanos == 0 || walking != null)
          && System.nanoTime() - began < FIRST_WALK_NANOS) {
        open = step();
      }
      thread.start();
    } catch (ErrnoException | RuntimeException e) {
      ends(e);
    }
  }

  @Override
  public void close() {
    ledger.deactivate();
    try {
      connector.close();
      thread.join(GLANCE_MILLIS);
    } catch (IOException e) {
      throw new IllegalStateException("closing a socket does not fail", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      boolean open = true;
      while (open) {
        open = step();
      }
      if (ledger.isActive()) {
        ends(new IOException("its thread was interrupted"));
      }
    } catch (Throwable e) { // whatever it is: nobody must believe what is not kept any more
      ends(e);
    }
  }

  /** The kernel would go on making events for a socket that nobody reads. */
  private void ends(Throwable why) {
    ledger.deactivate();
    try {
      connector.close();
    } catch (IOException e) {
      why.addSuppressed(e);
    }
    String told =
        "the process connector ended: " + (why instanceof IOException ? why.getMessage() : why);
    problem = told;
    onEnd.accept(told);
  }

  /** Reads what waits, or waits; false when it was closed. */
  private boolean step() throws ErrnoException {
    connector.receive();
    if (connector.hasEmptied()) {
      ledger.caughtUp(connector.caughtUpNanos());
    } else if (++busySteps % BUSY_STEPS_PER_WALK_STEP != 0) {
      return true;
    }
    long youngNanos = ledger.lookAtYoung() * 1_000;
    beginWalk();
    if (walking != null) {
      walkOn(walking);
      return true;
    }
    if (!connector.hasEmptied()) {
      return true;
    }
    boolean rested = rest(youngNanos == 0 ? REST_NANOS : Math.min(REST_NANOS, youngNanos));
    if (youngNanos > 0) {
      return rested || connector.awaitNanos(youngNanos);
    }
    return ledger.wantsWalk() ? connector.await(GLANCE_MILLIS) : connector.await();
  }

  /**
   * To wake up costs more than all that an event needs: when many come, they are let gather for a
   * millisecond, or until a process is to be looked at. The first ones of a burst are read at once.
   */
  private boolean rest(long nanos) {
    long now = System.nanoTime();
    if (now - burstBeganNanos > BURST_NANOS) {
      burstBeganNanos = now;
      wakeUps = 0;
    }
    boolean many = ++wakeUps > FREE_WAKE_UPS;
    if (many) {
      LockSupport.parkNanos(nanos);
    }
    return many;
  }

  private void beginWalk() {
    long now = ProcessConnector.nowNanos();
    boolean rested = walkBeganNanos == 0 || now - walkBeganNanos > WALK_PAUSE_NANOS;
    if (walking == null && ledger.wantsWalk() && rested) {
      ledger.walkBegins();
      walking = processes.list();
      walkedTo = 0;
      walkBeganNanos = now;
    }
  }

  private void walkOn(BitSet listed) {
    int pid = listed.nextSetBit(walkedTo);
    for (int i = 0; i < WALK_STEP && pid >= 0; i++) {
      ledger.walked(pid);
      pid = listed.nextSetBit(pid + 1);
    }
    walkedTo = pid;
    if (pid < 0) {
      walking = null;
    }
  }
}
