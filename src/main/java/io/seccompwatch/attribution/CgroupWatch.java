package io.seccompwatch.attribution;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells at once when a container's cgroup is made: a process that is killed within milliseconds of
 * its container's start is known only if it was looked at before. Watches the directories of the
 * kubepods tree in one hierarchy (cgroupfs speaks inotify), not those of the containers, of which
 * there are more and in which workloads may make what they like.
 *
 * <p>{@link #run} is the body of a thread; {@link #close} is for any. Where there is no such tree
 * or no watch to be had, nothing is told, and the history's steady walks must do.
 */
public final class CgroupWatch implements Runnable, AutoCloseable {

  private static final int MAX_DIRECTORIES = 4_096;
  private static final int SEARCH_DEPTH = 5;

  /** Hierarchies of cgroup v1 in which every runtime makes a container's cgroup. */
  private static final List<String> V1 = List.of("systemd", "pids", "memory", "cpu,cpuacct", "cpu");

  private final Path root;
  private final Consumer<Path> onContainer;
  private final Map<WatchKey, Path> watched = new HashMap<>();
  private volatile @Nullable WatchService service;

  /**
   * A watch that has not begun.
   *
   * @param cgroup where the cgroup file systems are mounted
   * @param onContainer is given a new container's directory, on the watching thread
   */
  public CgroupWatch(Path cgroup, Consumer<Path> onContainer) {
    this.root = hierarchy(cgroup);
    this.onContainer = onContainer;
  }

  /** Begins to watch: what is made from now on will be told. Once, before {@link #run}. */
  public void open() {
    try {
      WatchService opened = root.getFileSystem().newWatchService();
      service = opened;
      search(opened, root, 0);
    } catch (IOException e) {
      // No inotify instance is left on the node: the steady walks must do
    }
  }

  @Override
  public void run() {
    WatchService opened = service;
    if (opened == null) {
      return;
    }
    try {
      while (true) {
        WatchKey key = opened.take();
        for (WatchEvent<?> event : key.pollEvents()) {
          noticed(opened, watched.get(key), event);
        }
        if (!key.reset()) {
          watched.remove(key);
        }
      }
    } catch (ClosedWatchServiceException e) {
      // close() was called
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    WatchService open = service;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // The process's end closes it
      }
    }
  }

  private void noticed(WatchService opened, @Nullable Path directory, WatchEvent<?> event) {
    if (directory == null || !(event.context() instanceof Path name)) {
      return; // an overflow: the steady walks find what was made
    }
    Path made = directory.resolve(name);
    if (holdsPods(made)) {
      if (!isNodes(made)) {
        return;
      }
      watchTree(opened, made, true);
    } else if (isInKubepods(made)) {
      onContainer.accept(made);
    }
  }

  /** Finds the kubepods trees; nodes that are containers themselves have theirs further down. */
  private void search(WatchService opened, Path directory, int depth) {
    register(opened, directory, depth == 0);
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory, CgroupWatch::isDir)) {
      for (Path child : children) {
        if (!isNodes(child)) {
          continue;
        }
        if (holdsPods(child)) {
          watchTree(opened, child, false);
        } else if (depth < SEARCH_DEPTH) {
          search(opened, child, depth + 1);
        }
      }
    } catch (IOException e) {
      // Gone meanwhile, or not ours to see
    }
  }

  /**
   * Watches a directory and those below it.
   *
   * @param isNew whether containers that are there already have come just now, before the watch
   */
  private void watchTree(WatchService opened, Path directory, boolean isNew) {
    register(opened, directory, true);
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory, CgroupWatch::isDir)) {
      for (Path child : children) {
        if (holdsPods(child)) {
          if (isNodes(child)) {
            watchTree(opened, child, isNew);
          }
        } else if (isNew) {
          onContainer.accept(child);
        }
      }
    } catch (IOException e) {
      // Gone meanwhile
    }
  }

  private void register(WatchService opened, Path directory, boolean wanted) {
    if (!wanted || watched.size() >= MAX_DIRECTORIES) {
      return;
    }
    try {
      watched.put(directory.register(opened, StandardWatchEventKinds.ENTRY_CREATE), directory);
    } catch (IOException e) {
      // Gone meanwhile, or no watches are left
    }
  }

  /** The tree's root, its QoS classes and its pods; a container's directory is none of them. */
  private static boolean holdsPods(Path directory) {
    String name = name(directory);
    return name.contains("kubepods")
        || (isInKubepods(directory)
            && (name.startsWith("pod") || name.equals("burstable") || name.equals("besteffort")));
  }

  /** A tree that a user has made must use up neither watches nor the history's attention. */
  private boolean isNodes(Path directory) {
    Object owner = owner(directory);
    return owner != null && owner.equals(owner(root));
  }

  private static @Nullable Object owner(Path directory) {
    try {
      return Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    } catch (IOException | UnsupportedOperationException e) {
      return null; // gone meanwhile
    }
  }

  private static boolean isInKubepods(Path directory) {
    for (Path part = directory; part != null; part = part.getParent()) {
      if (name(part).contains("kubepods")) {
        return true;
      }
    }
    return false;
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }

  private static boolean isDir(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** The hierarchy in which every container has a cgroup. */
  static Path hierarchy(Path cgroup) {
    if (!Files.exists(cgroup.resolve("cgroup.controllers"))) {
      for (String name : V1) {
        if (Files.isDirectory(cgroup.resolve(name))) {
          return cgroup.resolve(name);
        }
      }
    }
    return cgroup;
  }
}
