package io.seccompwatch.attribution;

import static org.assertj.core.api.Assertions.assertThat;

import io.seccompwatch.attribution.BootClock.Moment;
import io.seccompwatch.attribution.CgroupOwner.Host;
import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.ProcReader.ProcessView;
import io.seccompwatch.attribution.ProcessEventHistory.Finding;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random lives of processes on a node of a dozen PIDs and two CPUs, whose events come late and are
 * sometimes lost, against random questions: whoever is named had the PID. A loss shows when its CPU
 * tells something again; until then no ledger can know of it, and nothing is asked.
 */
final class ProcessEventHistoryModelTest {

  private static final int PIDS = 12;
  private static final int RUNTIME = 1;
  private static final int CPUS = 2;
  private static final List<InContainer> CONTAINERS =
      List.of(ProcessEventHistoryTest.container("a"), ProcessEventHistoryTest.container("b"));

  /** A living process; null is the host. */
  private static final class Living {
    private final long startMicros;
    private @Nullable InContainer owner;
    private boolean settled;

    private Living(long startMicros, @Nullable InContainer owner) {
      this.startMicros = startMicros;
      this.owner = owner;
      this.settled = owner != null;
    }
  }

  private record Strike(int pid, @Nullable InContainer owner, long micros) {}

  /** One node's life. */
  private static final class Node {
    private final Random random;
    private final boolean losses;
    private final Map<Integer, Living> living = new HashMap<>();
    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private final List<Strike> records = new ArrayList<>();
    private final ProcessEventHistory ledger;
    private long now = 5_000_000;
    private final long[] delivered = new long[CPUS];
    private final int[] missing = new int[CPUS];
    private final List<String> told = new ArrayList<>();
    private int unnoticed;
    private int known;
    private int asked;

    private Node(long seed, boolean losses) {
      this.random = new Random(seed);
      this.losses = losses;
      living.put(RUNTIME, new Living(1_000_000, null));
      living.put(2, new Living(1_100_000, CONTAINERS.getFirst()));
      living.put(3, new Living(1_200_000, CONTAINERS.getLast()));
      ledger =
          new ProcessEventHistory(
              this::view,
              pid -> look(pid) instanceof ProcessView.Present present ? present.owner() : null,
              () -> now * 1_000,
              () -> queue.isEmpty() ? now * 1_000 : -1,
              new ProcessEventHistory.Limits(8, 6, 1_000));
      Arrays.fill(delivered, now);
      ledger.activate(now * 1_000);
      walk();
    }

    /** A read takes its time. */
    private ProcessView view(int pid) {
      ProcessView view = look(pid);
      now += random.nextInt(4) == 0 ? random.nextInt(3_000) : 0;
      return view;
    }

    private ProcessView look(int pid) {
      Living process = living.get(pid);
      if (process == null) {
        return new ProcessView.Gone();
      }
      InContainer owner = process.owner;
      return new ProcessView.Present(
          process.startMicros / 10_000,
          false,
          "app",
          false,
          false,
          owner == null ? new Host(false) : owner);
    }

    private void walk() {
      ledger.walkBegins();
      for (int pid = 1; pid <= PIDS; pid++) {
        ledger.walked(pid);
      }
    }

    private void live(int steps) {
      for (int i = 0; i < steps; i++) {
        now += random.nextInt(4_000);
        int pid = 1 + random.nextInt(PIDS);
        switch (random.nextInt(10)) {
          case 0, 1 -> fork(pid, 4 + random.nextInt(PIDS - 3));
          case 2 -> exit(pid);
          case 3 -> exec(pid);
          case 4 -> strike(pid);
          case 5 -> deliver(random.nextInt(6));
          case 6 -> ask();
          case 7 -> move(pid);
          case 8 -> ledger.lookAtYoung();
          default -> deliver(random.nextInt(3) == 0 ? queue.size() : 0);
        }
      }
    }

    private void fork(int parent, int child) {
      Living maker = living.get(parent);
      if (maker == null || living.containsKey(child)) {
        return;
      }
      // The start is stamped a little before the event is
      living.put(child, new Living(now - random.nextInt(30), maker.owner));
      long at = now;
      send("fork " + parent + " " + child, () -> ledger.forked(parent, child, at * 1_000), at);
    }

    private void exit(int pid) {
      if (pid > 3 && living.remove(pid) != null) {
        long at = now;
        send("exit " + pid, () -> ledger.exited(pid, true, at * 1_000), at);
      }
    }

    /** A runtime may move what it made some time before it executes. */
    private void move(int pid) {
      Living process = living.get(pid);
      if (process != null && pid > 3 && process.owner == null && !process.settled) {
        process.owner = CONTAINERS.get(random.nextInt(CONTAINERS.size()));
      }
    }

    /** A runtime moves what it made just before it executes; others stay where they are. */
    private void exec(int pid) {
      Living process = living.get(pid);
      if (process == null || pid <= 3) {
        return;
      }
      if (process.owner == null && !process.settled && random.nextBoolean()) {
        process.owner = CONTAINERS.get(random.nextInt(CONTAINERS.size()));
      }
      process.settled = true;
      long at = now;
      send("exec " + pid + " " + process.owner, () -> ledger.execed(pid, at * 1_000), at);
    }

    /** A process violates; what a runtime has not settled yet makes no calls of interest. */
    private void strike(int pid) {
      Living process = living.get(pid);
      if (process != null && process.settled) {
        records.add(new Strike(pid, process.owner, now));
      }
    }

    private void send(String what, Runnable event, long at) {
      int cpu = random.nextInt(CPUS);
      if (losses && random.nextInt(25) == 0) {
        told.add(at + " lost " + what);
        missing[cpu]++;
        unnoticed++;
        return;
      }
      int gap = missing[cpu];
      missing[cpu] = 0;
      queue.add(
          () -> {
            if (gap > 0) {
              ledger.lost(gap, delivered[cpu] * 1_000);
              unnoticed -= gap;
              told.add("loss since " + delivered[cpu] + " noticed at " + now);
            }
            event.run();
            told.add(at + " " + what + " delivered at " + now);
            delivered[cpu] = at;
          });
    }

    private void deliver(int most) {
      for (int i = 0; i < most && !queue.isEmpty(); i++) {
        queue.remove().run();
      }
      if (queue.isEmpty()) {
        ledger.caughtUp(now * 1_000);
        if (ledger.wantsWalk() && random.nextBoolean()) {
          walk();
          told.add("walked at " + now);
        }
      }
    }

    private void ask() {
      if (records.isEmpty() || unnoticed > 0) {
        return;
      }
      int recent = Math.min(20, records.size());
      Strike record = records.get(records.size() - 1 - random.nextInt(recent));
      long earliest = record.micros() - random.nextInt(21_000);
      Finding found = ledger.find(record.pid(), new Moment(earliest, earliest + 21_000));
      asked++;
      if (found instanceof Finding.Known answer) {
        known++;
        assertThat(answer.owner())
            .as(() -> record + " asked at " + now + ": " + String.join("\n", told))
            .isEqualTo(record.owner());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nobodyWrongIsEverNamed(boolean losses) {
    int known = 0;
    int asked = 0;
    for (long seed = 0; seed < 3_000; seed++) {
      Node node = new Node(seed, losses);
      node.live(400);
      known += node.known;
      asked += node.asked;
    }
    // That the answers are not all empty
    assertThat(asked).isGreaterThan(50_000);
    assertThat(known).isGreaterThan(asked / 20);
  }

  @Test
  void aNodeOfManyProcessesTakesSomeBytesForEach() {
    LifetimeTable table = new LifetimeTable();
    for (int pid = 1; pid <= 65_536; pid++) {
      table.begin(pid, pid, CONTAINERS.getFirst());
    }
    assertThat(table.size()).isEqualTo(65_536);
    assertThat(table.bytes()).isLessThan(65_536L * 57 + 32_768 * 8 + 1);
    for (int pid = 1; pid <= 65_536; pid++) {
      assertThat(table.owner(table.newest(pid))).isEqualTo(CONTAINERS.getFirst());
      assertThat(table.start(table.newest(pid))).isEqualTo(pid);
    }
  }
}
