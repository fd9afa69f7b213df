package io.seccompwatch.testing;

import io.seccompwatch.attribution.Attribution;
import io.seccompwatch.attribution.Attribution.AttributionReason;
import io.seccompwatch.attribution.PodDirectory;
import io.seccompwatch.attribution.Workload;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Pods whose every answer a test sets. Not thread-safe. */
public final class FakePods implements PodDirectory {

  private final Map<String, Workload> byContainer = new HashMap<>();
  private final Map<String, Workload> byUid = new HashMap<>();
  private final Map<String, Set<String>> asking = new HashMap<>();
  private final List<SigsysTermination> ended = new ArrayList<>();
  private final Set<String> gone = new HashSet<>();
  private @Nullable Instant outOfTouch;
  private boolean synced = true;
  private long version;

  /** The pod is listed, and has the container in its status when that is not null. */
  public void list(String uid, @Nullable String containerId) {
    byUid.put(uid, workload(uid, null));
    if (containerId != null) {
      byContainer.put(containerId, workload(uid, "app"));
    }
    version++;
  }

  /** The container ended by SIGSYS. */
  public void end(String uid, String containerId, Instant when) {
    list(uid, containerId);
    ended.add(new SigsysTermination(uid, containerId, when));
  }

  /** The pod asks for the categories. */
  public void ask(String categories, String uid) {
    asking.computeIfAbsent(categories, c -> new HashSet<>()).add(uid);
  }

  /** The pod was deleted; its names are still known. */
  public void delete(String uid) {
    gone.add("pod-" + uid);
    version++;
  }

  /** The API server is there or not. */
  public void outOfTouchSince(@Nullable Instant since) {
    outOfTouch = since;
    version++;
  }

  /** Whether the list is complete. */
  public void synced(boolean now) {
    synced = now;
    version++;
  }

  private static Workload workload(String uid, @Nullable String container) {
    return new Workload("prod", "pod-" + uid, container, null, null, "Deployment", "api", null);
  }

  @Override
  public @Nullable Specified specified(@Nullable String podUid, String containerId) {
    Workload container = byContainer.get(containerId);
    Workload found = container == null ? byUid.get(String.valueOf(podUid)) : container;
    return found == null
        ? null
        : new Specified(
            String.valueOf(found.namespace()),
            String.valueOf(found.pod()),
            found.container(),
            found.profile(),
            false,
            false,
            null);
  }

  @Override
  public Naming name(Attribution found) {
    Workload container = byContainer.get(String.valueOf(found.containerId()));
    if (container != null) {
      return new Naming(found.with(container, null), false);
    }
    Workload pod = byUid.get(String.valueOf(found.podUid()));
    if (pod != null) {
      boolean all = found.containerId() == null;
      AttributionReason reason = all ? found.reason() : AttributionReason.CONTAINER_NOT_IN_STATUS;
      return new Naming(found.with(pod, reason), !all);
    }
    boolean pods = found.podUid() != null || found.containerId() != null;
    return new Naming(found, pods);
  }

  @Override
  public boolean synced() {
    return synced;
  }

  @Override
  public boolean complete() {
    return synced;
  }

  @Override
  public long version() {
    return version;
  }

  @Override
  public @Nullable Instant outOfTouchSince() {
    return outOfTouch;
  }

  @Override
  public List<SigsysTermination> endedBySigsys(Instant from, Instant to) {
    return ended.stream()
        .filter(end -> !end.finished().isBefore(from) && !end.finished().isAfter(to))
        .toList();
  }

  @Override
  public Set<String> podsAskingForCategories(String categories) {
    return asking.getOrDefault(categories, Set.of());
  }

  @Override
  public boolean isGoneSince(String namespace, String pod, Instant instant) {
    return gone.contains(pod);
  }
}
