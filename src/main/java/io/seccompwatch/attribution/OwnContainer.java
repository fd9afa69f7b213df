package io.seccompwatch.attribution;

import io.seccompwatch.attribution.CgroupOwner.InContainer;
import io.seccompwatch.attribution.ProcReader.ProcessView;
import io.seccompwatch.attribution.RunningContainers.ContainerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Finds the container that this program runs in. In a private cgroup namespace, which every pod has
 * on cgroup v2, {@code /proc/self/cgroup} shows the root ({@code 0::/}); the node's cgroup file
 * system shows the same cgroup by its whole path, and in its {@code cgroup.procs} this process.
 *
 * <p>That is certain: the kernel writes the list with the PIDs of the reader's own PID namespace
 * ({@code cgroup_procs_show}), and a process is in one cgroup of a hierarchy. Nothing is concluded
 * where the path is not that of the pod which the downward API names.
 */
public final class OwnContainer {

  /** From a hierarchy's root to the cgroup of a container's own making. */
  private static final int MAX_DEPTH = 9;

  /** Most directories that are looked into; a node has some hundred. */
  private static final int MAX_DIRECTORIES = 8_192;

  private final String pid;
  private int directories;

  private OwnContainer(String pid) {
    this.pid = pid;
  }

  /**
   * Returns this process as a container's; null when its container is not found for certain.
   *
   * @param proc the node's procfs
   * @param reader a reader of it, of the calling thread's own
   * @param cgroup where the node's cgroup file systems are mounted
   * @param podUid the pod that this program runs in, by the downward API
   */
  public static @Nullable ContainerProcess find(
      Path proc, ProcReader reader, Path cgroup, String podUid) {
    try {
      // The number in the namespace of that procfs, which need not be this process's own
      int onNode = Integer.parseInt(Files.readSymbolicLink(proc.resolve("self")).toString());
      String own = Long.toString(ProcessHandle.current().pid());
      Path root = CgroupWatch.hierarchy(cgroup);
      Path found = new OwnContainer(own).search(root, podUid, false, 0);
      if (found == null || !(reader.readStart(onNode) instanceof ProcessView.Present present)) {
        return null;
      }
      String line = "0::/" + root.relativize(found) + "\n";
      return new CgroupParser(CgroupAnchor.NONE).parse(line) instanceof InContainer in
              && in.podUid() != null
              && CgroupNames.sameUid(in.podUid(), podUid)
              && in.containerId() != null
          ? new ContainerProcess(in.podUid(), in.containerId(), onNode, present.startTicks())
          : null;
    } catch (IOException | NumberFormatException e) {
      return null; // no such procfs here
    }
  }

  /** The cgroup with this process, below a directory of the pod. */
  private @Nullable Path search(Path directory, String podUid, boolean inPod, int depth) {
    if (inPod && holds(directory)) {
      return directory;
    }
    if (depth >= MAX_DEPTH || ++directories > MAX_DIRECTORIES) {
      return null;
    }
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
      for (Path child : children) {
        if (Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
          boolean pod = inPod || isPod(child, podUid);
          Path found = search(child, podUid, pod, depth + 1);
          if (found != null) {
            return found;
          }
        }
      }
    } catch (IOException e) {
      return null; // gone meanwhile, or not to be read
    }
    return null;
  }

  private static boolean isPod(Path directory, String podUid) {
    Path name = directory.getFileName();
    CgroupNames.PodName pod = name == null ? null : CgroupNames.pod(name.toString());
    return pod != null && CgroupNames.sameUid(pod.uid(), podUid);
  }

  private boolean holds(Path directory) {
    try {
      Path procs = directory.resolve("cgroup.procs");
      return Files.exists(procs)
          && Files.readAllLines(procs, StandardCharsets.ISO_8859_1).contains(pid);
    } catch (IOException e) {
      return false; // removed meanwhile, or a threaded cgroup, whose list cannot be read
    }
  }
}
