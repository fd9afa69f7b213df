package io.seccompwatch.attribution;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The node's mounted cgroup file systems: who owns a cgroup, and where a process is. An
 * unprivileged user makes cgroups only below one that was given to that user, and each of them
 * belongs to the user, so the owner of a directory is evidence that the user cannot make.
 *
 * <p>On pure v2 the mount is the only hierarchy (cgroups(7)); on v1 and hybrid nodes each directory
 * of the mount is one. Immutable, safe for any number of threads. A look costs one stat per
 * directory name and hierarchy.
 */
public final class CgroupTree {

  /** Who may make cgroups in a place. */
  public enum Owner {
    /** Root owns the directory and each directory above it. */
    ROOT,
    /** A directory on the way belongs to another user than root. */
    TENANT,
    /** No hierarchy has the directory. */
    UNSEEN
  }

  /** A tree without hierarchies. */
  static final CgroupTree NONE = new CgroupTree(List.of(), CgroupTree::isRoots);

  /** Controllers of v1 number 14; named hierarchies come on top. */
  private static final int MAX_HIERARCHIES = 32;

  /** Directories that {@link #locate} looks into; a node with 500 pods has some 3,000. */
  private static final int MAX_DIRECTORIES = 20_000;

  /** Tells whether root owns a directory. */
  @FunctionalInterface
  interface RootOwned {

    /** Returns true if root owns the directory, which must exist. */
    boolean test(Path directory) throws IOException;
  }

  private final List<Path> hierarchies;
  private final RootOwned rootOwned;

  private CgroupTree(List<Path> hierarchies, RootOwned rootOwned) {
    this.hierarchies = List.copyOf(hierarchies);
    this.rootOwned = rootOwned;
  }

  /**
   * Finds the hierarchies.
   *
   * @param mount where the node's cgroup file systems are mounted
   */
  public static CgroupTree at(Path mount) {
    return at(mount, CgroupTree::isRoots);
  }

  /** Finds the hierarchies; ownership is asked of {@code rootOwned}. */
  static CgroupTree at(Path mount, RootOwned rootOwned) {
    if (isHierarchy(mount)) {
      return new CgroupTree(List.of(mount), rootOwned);
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(mount)) {
      for (Path child : children) {
        // Links such as cpu -> cpu,cpuacct name a hierarchy a second time
        if (found.size() < MAX_HIERARCHIES && !Files.isSymbolicLink(child) && isHierarchy(child)) {
          found.add(child);
        }
      }
    } catch (IOException e) {
      return NONE;
    }
    return new CgroupTree(found, rootOwned);
  }

  private static boolean isHierarchy(Path directory) {
    return Files.exists(directory.resolve("cgroup.procs"));
  }

  /** Returns true if at least one hierarchy is mounted. */
  public boolean isVisible() {
    return !hierarchies.isEmpty();
  }

  /**
   * Finds who owns a place, by all hierarchies together: one hierarchy in which a directory belongs
   * to another user than root makes the place a tenant's.
   *
   * @param names directory names from the root of the hierarchy; none is the root
   */
  Owner owner(List<String> names) {
    boolean whole = false;
    for (Path hierarchy : hierarchies) {
      Path directory = hierarchy;
      int depth = 0;
      try {
        while (depth < names.size()) {
          directory = directory.resolve(names.get(depth));
          if (!rootOwned.test(directory)) {
            return Owner.TENANT;
          }
          depth++;
        }
        whole = true;
      } catch (IOException e) {
        // This hierarchy ends above the place
      } catch (InvalidPathException | UnsupportedOperationException e) {
        return Owner.TENANT; // a name that cannot be looked up proves nothing
      }
    }
    return whole ? Owner.ROOT : Owner.UNSEEN;
  }

  private static boolean isRoots(Path directory) throws IOException {
    Object uid = Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    return uid instanceof Integer number && number == 0;
  }

  /**
   * Finds a process in one hierarchy.
   *
   * @param controllers the second field of its line in {@code /proc/PID/cgroup}
   * @param pid the process in the PID namespace of the caller
   * @return the directory names from the root of the hierarchy, or null if it is not found
   */
  @Nullable List<String> locate(String controllers, long pid) {
    Path hierarchy = hierarchy(controllers);
    if (hierarchy == null) {
      return null;
    }
    String wanted = Long.toString(pid);
    Deque<Path> next = new ArrayDeque<>(List.of(hierarchy));
    for (int looked = 0; looked < MAX_DIRECTORIES && !next.isEmpty(); looked++) {
      Path directory = next.remove();
      if (holds(directory, wanted)) {
        List<String> names = new ArrayList<>();
        hierarchy.relativize(directory).forEach(name -> names.add(name.toString()));
        names.removeIf(String::isEmpty);
        return List.copyOf(names);
      }
      try (DirectoryStream<Path> children =
          Files.newDirectoryStream(
              directory, child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))) {
        children.forEach(next::add);
      } catch (IOException | DirectoryIteratorException e) {
        // Removed meanwhile, or not readable
      }
    }
    return null;
  }

  private static boolean holds(Path directory, String pid) {
    try {
      return Files.readAllLines(directory.resolve("cgroup.procs"), StandardCharsets.ISO_8859_1)
          .contains(pid);
    } catch (IOException e) {
      return false; // removed meanwhile, or a threaded cgroup, which has no processes to list
    }
  }

  /** The directory of a v1 hierarchy is named by its controllers, {@code name=} left out. */
  private @Nullable Path hierarchy(String controllers) {
    String name = controllers.startsWith("name=") ? controllers.substring(5) : controllers;
    for (Path hierarchy : hierarchies) {
      boolean unified = Files.exists(hierarchy.resolve("cgroup.controllers"));
      if (name.isEmpty() ? unified : hierarchy.endsWith(name)) {
        return hierarchy;
      }
    }
    return null;
  }
}
