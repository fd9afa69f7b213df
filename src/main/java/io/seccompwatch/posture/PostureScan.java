package io.seccompwatch.posture;

import io.seccompwatch.attribution.CgroupAnchor;
import io.seccompwatch.attribution.CgroupParser;
import io.seccompwatch.attribution.CgroupTree;
import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.PodDirectory.Specified;
import io.seccompwatch.attribution.PodPlaces;
import io.seccompwatch.attribution.ProcReader;
import io.seccompwatch.attribution.RunningContainers;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import io.seccompwatch.posture.HostFiles.Found;
import io.seccompwatch.profile.OciConfig;
import io.seccompwatch.profile.OciConfig.Identity;
import io.seccompwatch.profile.Profile;
import io.seccompwatch.profile.Visibility.Verdict;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks at every running container of the node. A file that could be read is read once per
 * container: its runtime loaded the filter at the start, and what the file says later is another
 * matter. For one thread.
 */
public final class PostureScan {

  /** Most containers that are looked at; a node runs some hundred. */
  static final int MAX_CONTAINERS = 4_096;

  /** How often a container whose oldest process has just ended is asked for the next one. */
  private static final int TRIES = 4;

  private static final long TICK_MILLIS = 10; // USER_HZ is 100

  private final Path proc;
  private final File directory;
  private final ProcReader reader;
  private final RunningContainers running;
  private final HostFiles files;
  private final @Nullable PodDirectory pods;
  private final Supplier<AuditView> audit;
  private final Map<String, Known> known = new HashMap<>();

  /** What was read of a container. */
  private record Known(Evidence evidence, Identity identity) {}

  /**
   * A survey that has read nothing yet.
   *
   * @param proc the node's procfs
   * @param reader a reader of it, of the surveying thread's own
   * @param running the containers that run
   * @param hostRoot the node's root directory, or one that holds the mounted parts of it
   * @param pods the node's pods; null when they are not read
   * @param audit what is known of the audit system
   */
  public PostureScan(
      Path proc,
      ProcReader reader,
      RunningContainers running,
      Path hostRoot,
      @Nullable PodDirectory pods,
      Supplier<AuditView> audit) {
    this.proc = proc;
    this.directory = proc.toFile();
    this.reader = reader;
    this.running = running;
    this.files = new HostFiles(hostRoot);
    this.pods = pods;
    this.audit = audit;
  }

  /**
   * A survey for one look, by one who keeps no history of processes: it reads all of them.
   *
   * @param proc the node's procfs
   * @param cgroup the node's cgroup file systems
   * @param ownPodUid the pod that the caller runs in; null when it runs in none
   * @param hostRoot as above
   * @param pods as above
   * @param audit as above
   */
  public static PostureScan alone(
      Path proc,
      Path cgroup,
      @Nullable String ownPodUid,
      Path hostRoot,
      @Nullable PodDirectory pods,
      Supplier<AuditView> audit) {
    CgroupTree tree = CgroupTree.at(cgroup);
    CgroupAnchor anchor = CgroupAnchor.read(proc, ownPodUid, tree);
    PodPlaces places = new PodPlaces(tree);
    places.lookForKubelets(proc, anchor);
    ProcReader reader = new ProcReader(proc, new CgroupParser(anchor, places));
    RunningContainers running = RunningContainers.look(proc, reader);
    return new PostureScan(proc, reader, running, hostRoot, pods, audit);
  }

  /** Looks at all containers; never throws for what procfs or the files may hold. */
  public Posture take() {
    NodePosture node = NodePosture.read(proc, audit.get());
    List<Path> bundles = files.bundleDirectories();
    List<ContainerPosture> found = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    Set<ContainerProcess> ended = new HashSet<>();
    int skipped = 0;
    boolean again = true;
    for (int i = 0; i < TRIES && again; i++) {
      again = false;
      skipped = 0;
      Collection<ContainerProcess> oldest = running.oldest(ended);
      Set<ContainerProcess> firsts = firstOfEachPod(oldest);
      for (ContainerProcess process : oldest) {
        if (seen.contains(process.containerId())) {
          continue;
        }
        if (seen.size() >= MAX_CONTAINERS) {
          skipped++;
          continue;
        }
        ProcessSeccomp seccomp = ProcessSeccomp.read(proc, process.pid());
        if (seccomp == null || !reader.isAlive(process)) {
          again = true;
          ended.add(process);
          continue;
        }
        seen.add(process.containerId());
        ContainerPosture posture = look(node, process, firsts.contains(process), seccomp, bundles);
        if (posture != null) {
          found.add(posture);
        }
      }
    }
    known.keySet().retainAll(seen);
    found.sort(ORDER);
    return new Posture(node, found, skipped);
  }

  private static final Comparator<@Nullable String> NULLS_LAST =
      Comparator.nullsLast(Comparator.naturalOrder());

  private static final Comparator<ContainerPosture> ORDER =
      Comparator.comparing(ContainerPosture::namespace, NULLS_LAST)
          .thenComparing(ContainerPosture::pod, NULLS_LAST)
          .thenComparing(ContainerPosture::container, NULLS_LAST)
          .thenComparing(ContainerPosture::containerId);

  private static Set<ContainerProcess> firstOfEachPod(Collection<ContainerProcess> processes) {
    Map<String, ContainerProcess> firsts = new HashMap<>();
    for (ContainerProcess process : processes) {
      if (process.podUid() != null) {
        firsts.merge(process.podUid(), process, ContainerProcess::older);
      }
    }
    return Set.copyOf(firsts.values());
  }

  /**
   * Null for a pod's own container, which runs nothing of the user's: by the runtime's word, or as
   * the pod's first one, which its status does not name.
   */
  private @Nullable ContainerPosture look(
      NodePosture node,
      ContainerProcess process,
      boolean firstOfPod,
      ProcessSeccomp seccomp,
      List<Path> bundles) {
    String id = process.containerId();
    Specified specified =
        pods == null || process.tenant() ? null : pods.specified(process.podUid(), id);
    RequestedProfile asked = RequestedProfile.of(specified);
    Known of = known(process, asked, bundles);
    boolean unnamed = specified != null && specified.container() == null;
    if (of.identity().sandbox() || (unnamed && firstOfPod)) {
      return null;
    }
    Verdict verdict = VisibilityRules.judge(node, asked, seccomp, of.evidence());
    Identity name = of.identity();
    return new ContainerPosture(
        specified == null ? name.namespace() : specified.namespace(),
        specified == null ? name.pod() : specified.pod(),
        specified == null ? name.container() : specified.container(),
        id,
        process.startTicks(),
        asked,
        seccomp.mode(),
        seccomp.filters(),
        verdict.visible(),
        verdict.reason());
  }

  private Known known(ContainerProcess process, RequestedProfile asked, List<Path> bundles) {
    if (process.tenant()) {
      return new Known(new Evidence.None(null), Identity.NONE); // the id may be another container's
    }
    String id = process.containerId();
    Known before = known.get(id);
    if (before != null && !(before.evidence() instanceof Evidence.None)) {
      return before;
    }
    Known now =
        switch (files.config(id, bundles)) {
          case Found.Read<OciConfig>(OciConfig config) -> {
            Profile profile = config.seccomp();
            yield new Known(
                profile == null
                    ? new Evidence.ConfiguredWithout()
                    : new Evidence.Configured(Loaded.of(profile)),
                config.identity());
          }
          case Found.Not<OciConfig> _ -> new Known(byFile(process, asked), Identity.NONE);
        };
    known.put(id, now);
    return now;
  }

  private Evidence byFile(ContainerProcess process, RequestedProfile asked) {
    String name = asked.localhostProfile();
    if (asked.type() != RequestedProfile.Type.LOCALHOST) {
      return new Evidence.None(null);
    }
    return switch (name == null
        ? new Found.Not<Profile>("has no name")
        : files.profile(name, asked.runtime())) {
      case Found.Read<Profile>(Profile profile) ->
          new Evidence.ProfileFile(
              Loaded.of(profile), name != null && files.isOlder(name, started(process)));
      case Found.Not<Profile>(String why) -> new Evidence.None(name + " " + why);
    };
  }

  /** When a process started, by the wall clock of now; long ago when that cannot be told. */
  private Instant started(ContainerProcess process) {
    try {
      // <seconds>.<hundredths> <idle>, proc_uptime(5)
      String uptime = Files.readString(proc.resolve("uptime"), StandardCharsets.ISO_8859_1);
      String seconds = uptime.substring(0, Math.max(0, uptime.indexOf(' ')));
      long millis = new BigDecimal(seconds).movePointRight(3).longValue();
      return Instant.now().minusMillis(millis).plusMillis(process.startTicks() * TICK_MILLIS);
    } catch (IOException | NumberFormatException e) {
      return Instant.MIN;
    }
  }

  /**
   * The containers that run, as {@link PostureWatch} looks whether there are others. Whoever keeps
   * the history may be late to know of an end; that the PID is gone is found out by a stat each.
   */
  Collection<ContainerProcess> running() {
    List<ContainerProcess> there = new ArrayList<>();
    for (ContainerProcess process : running.oldest(RunningContainers.NONE)) {
      if (new File(directory, Integer.toString(process.pid())).exists()) {
        there.add(process);
      }
    }
    return there;
  }
}
