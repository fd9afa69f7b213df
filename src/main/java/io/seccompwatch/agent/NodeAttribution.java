package io.seccompwatch.agent;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.Attributor;
import io.seccompwatch.attribution.BootClock;
import io.seccompwatch.attribution.CgroupAnchor;
import io.seccompwatch.attribution.CgroupParser;
import io.seccompwatch.attribution.CgroupTree;
import io.seccompwatch.attribution.CgroupWatch;
import io.seccompwatch.attribution.OwnContainer;
import io.seccompwatch.attribution.PidNumbering;
import io.seccompwatch.attribution.PidTimeline;
import io.seccompwatch.attribution.PidTimeline.ProcfsPidCursor;
import io.seccompwatch.attribution.PodPlaces;
import io.seccompwatch.attribution.ProcReader;
import io.seccompwatch.attribution.ProcessEventHistory;
import io.seccompwatch.attribution.ProcessEvents;
import io.seccompwatch.attribution.ProcessEventsStatus;
import io.seccompwatch.attribution.ProcessHistory;
import io.seccompwatch.attribution.ProcfsBootClock;
import io.seccompwatch.attribution.RunningContainers;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import io.seccompwatch.config.AgentConfig;
import io.seccompwatch.config.AgentException;
import io.seccompwatch.linux.ProcessConnector.ProcessConnectorException;
import io.seccompwatch.pipeline.WorkloadResolver.ThreadAttributor;
import io.seccompwatch.publish.AgentLog;
import io.seccompwatch.record.SeccompRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parts of the attribution on this node, put together: one history for all, a reader for each
 * thread, and the threads that keep the history.
 */
final class NodeAttribution implements AutoCloseable {

  /** Interval between searches for kubelets. */
  static final Duration KUBELETS = Duration.ofSeconds(30);

  /** How old a record without a stamp may be when it is written: syslog daemons do so at once. */
  private static final long STAMPLESS_MICROS = 5_000_000;

  private final Path proc;
  private final @Nullable String ownPodUid;
  private final Path cgroup;
  private final Clock clock;
  private final PidNumbering numbering;
  private final AgentLog log;
  private final BootClock bootClock;
  private final CgroupAnchor anchor;
  private final PodPlaces places;
  private final CgroupParser parser;
  private final ProcessHistory history;
  private final HistoryKeeper keeper;
  private final CgroupWatch watch;
  private final @Nullable ProcessEvents events;
  private final String withoutEvents;

  /**
   * Reads the agent's own cgroup, the anchor of all others.
   *
   * @param proc the node's procfs
   * @param ownPodUid the agent's own pod; null when it runs in none
   * @param cgroup where cgroup file systems are mounted
   * @param processEvents whether the process connector is used
   * @throws AgentException when it must be and cannot
   */
  NodeAttribution(
      Path proc,
      @Nullable String ownPodUid,
      Path cgroup,
      AgentConfig.ProcessEvents processEvents,
      Clock clock,
      AgentLog log) {
    this.proc = proc;
    this.ownPodUid = ownPodUid == null || ownPodUid.isBlank() ? null : ownPodUid.strip();
    this.cgroup = cgroup;
    this.clock = clock;
    this.log = log;
    this.numbering = PidNumbering.of(proc);
    tellOfNumbering(null);
    this.bootClock = new ProcfsBootClock(proc, clock, System::nanoTime);
    CgroupTree tree = CgroupTree.at(cgroup);
    this.anchor = CgroupAnchor.read(proc, ownPodUid, tree);
    this.places = new PodPlaces(tree);
    this.parser = new CgroupParser(anchor, places);
    lookForKubelets();
    if (anchor.roots().isEmpty() && anchor.ownPodUid() == null && places.isBlind()) {
      log.warn(
          "no cgroup file system is mounted there: where pods are is told by names alone,"
              + " which a user of this node can forge; give --cgroup",
          "cgroup",
          cgroup);
    }
    this.history =
        new ProcessHistory(
            proc,
            new ProcReader(proc, parser),
            bootClock,
            new PidTimeline(new ProcfsPidCursor(proc), cpus(proc), System::nanoTime),
            ProcessHistory.Limits.DEFAULT);
    ProcessEvents opened = null;
    String why = "switched off";
    if (processEvents != AgentConfig.ProcessEvents.OFF) {
      try {
        opened = open(log);
      } catch (ProcessConnectorException e) {
        why = String.valueOf(e.getMessage());
        if (processEvents == AgentConfig.ProcessEvents.ON) {
          throw new AgentException(
              "cannot start: process-events: " + why + ": or give --process-events auto");
        }
        log.info("process events are not used", "why", why);
      }
    }
    this.events = opened;
    this.withoutEvents = why;
    this.keeper = new HistoryKeeper(history, () -> processEvents().active(), log);
    this.watch = new CgroupWatch(cgroup, keeper::containerBegan);
  }

  private ProcessEvents open(AgentLog log) throws ProcessConnectorException {
    return ProcessEvents.open(
        proc,
        new ProcReader(proc, parser),
        ProcessEventHistory.Limits.DEFAULT,
        problem -> log.warn("process events are not used any more", "why", problem));
  }

  /**
   * Looks for the kubelets of the machine, which tell where pods are if the agent runs in none; at
   * times, for a kubelet may come later than the agent.
   */
  void lookForKubelets() {
    if (anchor.roots().isEmpty()) {
      places.lookForKubelets(proc, anchor);
    }
  }

  /** How the process events are doing; for any thread. */
  ProcessEventsStatus processEvents() {
    return events == null ? ProcessEventsStatus.none(withoutEvents) : events.status();
  }

  /** An attributor for one reading thread. */
  ThreadAttributor ofOneThread() {
    ProcessEventHistory ledger = events == null ? null : events.ledger();
    Attributor attributor =
        new Attributor(new ProcReader(proc, parser), bootClock, history, ledger);
    return new ThreadAttributor() {
      @Override
      public Attribution attribute(SeccompRecord record, Instant written) {
        if (!numbering.namesProcesses()) {
          return Attribution.unknown(AttributionReason.PID_NAMESPACE);
        }
        if (record.stamp() != null) {
          return attributor.attribute(record);
        }
        // The time of a line may be cut to its second
        long latest = Math.min(written.toEpochMilli() + 1_000, clock.millis()) * 1_000;
        return attributor.attribute(record, latest - STAMPLESS_MICROS, latest);
      }

      @Override
      public boolean mayImprove(SeccompRecord record) {
        return numbering.namesProcesses() && attributor.mayImprove(record);
      }

      @Override
      public void judgeByCanary(String comm, SeccompRecord record) {
        String before = numbering.problem();
        numbering.judge(comm, record.pid());
        tellOfNumbering(before);
      }
    };
  }

  /** The numbering of processes in procfs, held against that of the records. */
  PidNumbering numbering() {
    return numbering;
  }

  private void tellOfNumbering(@Nullable String before) {
    String now = numbering.problem();
    if (now != null && !now.equals(before)) {
      log.warn("processes cannot be looked up", "problem", now);
    } else if (now == null && before != null) {
      log.info("processes can be looked up again", "proc", proc);
    }
  }

  /**
   * The containers that run, by the history. The agent's own is added where its cgroup namespace
   * hides it from its procfs.
   */
  RunningContainers containers() {
    ContainerProcess self =
        ownPodUid == null ? null : OwnContainer.find(proc, reader(), cgroup, ownPodUid);
    return self == null ? history::oldestOfContainers : without -> withOwn(self, without);
  }

  private Collection<ContainerProcess> withOwn(
      ContainerProcess self, Set<ContainerProcess> without) {
    Collection<ContainerProcess> oldest = history.oldestOfContainers(without);
    boolean known =
        without.contains(self)
            || oldest.stream().anyMatch(one -> one.containerId().equals(self.containerId()));
    if (known) {
      return oldest;
    }
    List<ContainerProcess> all = new ArrayList<>(oldest);
    all.add(self);
    return all;
  }

  /** A reader of procfs for one more thread. */
  ProcReader reader() {
    return new ProcReader(proc, parser);
  }

  /** Warms the history, before any record comes, and keeps it from then on. */
  void start() {
    watch.open();
    if (events != null) {
      events.start();
    }
    history.walk();
    keeper.start();
    Thread watching = new Thread(watch, "cgroup-watch");
    watching.setDaemon(true);
    watching.start();
  }

  @Override
  public void close() {
    watch.close();
    keeper.close();
    if (events != null) {
      events.close();
    }
  }

  /** The node's processors; what the JVM says is only this container's share of them. */
  private static int cpus(Path proc) {
    int cpus = 0;
    try {
      for (String line : Files.readAllLines(proc.resolve("stat"), StandardCharsets.ISO_8859_1)) {
        boolean cpu = line.startsWith("cpu") && line.length() > 3;
        cpus += cpu && Character.isDigit(line.charAt(3)) ? 1 : 0;
      }
    } catch (IOException e) {
      // The JVM's answer is the best that is left
    }
    return Math.max(cpus, Runtime.getRuntime().availableProcessors());
  }
}
