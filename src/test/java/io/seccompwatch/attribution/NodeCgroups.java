package io.seccompwatch.attribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Real cgroups of the shape that kubelet and containerd make; removed on close. */
public final class NodeCgroups implements AutoCloseable {
  private static final Path MOUNT = Path.of("/sys/fs/cgroup");

  private final Path hierarchy;
  private final Deque<Path> made = new ArrayDeque<>();

  private NodeCgroups(Path hierarchy) {
    this.hierarchy = hierarchy;
  }

  /** The first writable hierarchy; null with the reason that a test is skipped. */
  public static @Nullable NodeCgroups open() {
    for (String name : new String[] {"pids", "systemd", "unified", ""}) {
      Path hierarchy = MOUNT.resolve(name);
      if (Files.isWritable(hierarchy.resolve("cgroup.procs"))) {
        return new NodeCgroups(hierarchy);
      }
    }
    return null;
  }

  /** The {@code cgroup.procs} of a container that is made now. */
  public Path container(String podUid, String id) throws IOException {
    Path at = hierarchy;
    for (String name : new String[] {"kubepods", "burstable", "pod" + podUid, id}) {
      at = at.resolve(name);
      if (!Files.exists(at)) {
        Files.createDirectory(at);
        made.push(at);
      }
    }
    return at.resolve("cgroup.procs");
  }

  @Override
  public void close() throws IOException {
    while (!made.isEmpty()) {
      Files.delete(made.pop());
    }
  }
}
